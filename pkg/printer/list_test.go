package printer_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	exactjson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/cli-runtime/pkg/printers"
	"sigs.k8s.io/yaml"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

var formats = []string{"json", "yaml", "kyaml"}

func attached(name string) fleet.Member {
	return fleet.Member{Name: name, Kind: fleet.KindAttachedCluster}
}

// objects is a page of whole objects.
func objects(raw ...string) view.Page {
	page := view.Page{Resource: view.Resource{Version: "v1", Name: "configmaps", Kind: "ConfigMap", Namespaced: true}}
	for _, object := range raw {
		page.Rows = append(page.Rows, view.Row{Object: json.RawMessage(object)})
	}
	return page
}

func configMap(name, data string) string {
	return fmt.Sprintf(`{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":%q,"namespace":"default"},"data":%s}`, name, data)
}

func outcomes(members ...fleet.Member) []printer.Outcome {
	var all []printer.Outcome
	for _, member := range members {
		all = append(all, printer.Outcome{Member: member})
	}
	return all
}

func TestList(t *testing.T) {
	for _, format := range formats {
		t.Run(format, func(t *testing.T) {
			var out bytes.Buffer
			list := printer.NewList(&out, format)
			for _, added := range []struct {
				member fleet.Member
				page   view.Page
			}{
				{attached("eu-1"), objects(configMap("plain", `{"text":"one\ntwo\n","number":"12","html":"<a href=\"x\">&</a>"}`), configMap("numbers", `{"big":9007199254740993,"half":0.5,"whole":3.0,"no":null,"list":[],"map":{}}`))},
				{attached("eu-1"), objects(configMap("hostile", `{"a":"\u001b[2J\u009b31m\u202ex\u2066","b\u200b":"\u2028\udb40\udc01\u007f\ufffd\uffff"}`))},
				{fleet.HostMember(), objects(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"liar","annotations":{"` + printer.ClusterAnnotation + `":"eu-1","z":"y"}}}`)},
				{attached("us-1"), objects()},
			} {
				if err := list.Add(added.member, added.page); err != nil {
					t.Fatal(err)
				}
			}
			results := append(outcomes(attached("eu-1"), fleet.HostMember()),
				printer.Outcome{Member: attached("us-1"), Errs: []error{reason.Errorf(reason.Unreachable, "dial tcp 10.7.0.1:6443: i/o timeout\x1b[2J"), errors.New("<<")}})
			if err := list.Close(results); err != nil {
				t.Fatal(err)
			}
			golden(t, "list-"+format, out.Bytes())
			if other := foreign(out.String()); other != "" {
				t.Errorf("%q is in it", other)
			}
		})
	}
}

// foreign is what of a text may not reach a terminal.
func foreign(text string) string {
	if !utf8.ValidString(text) {
		return "not UTF-8"
	}
	return strings.Map(func(char rune) rune {
		if char != '\n' && char != '\t' && unicode.In(char, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return char
		}
		return -1
	}, text)
}

// A list of nothing is a list all the same.
func TestAnEmptyList(t *testing.T) {
	for _, format := range formats {
		t.Run(format, func(t *testing.T) {
			var out bytes.Buffer
			if err := printer.NewList(&out, format).Close(nil); err != nil {
				t.Fatal(err)
			}
			golden(t, "list-empty-"+format, out.Bytes())
			read := readBack(t, format, out.Bytes())
			if read["items"] == nil || read["members"] == nil {
				t.Errorf("got %v", read)
			}
		})
	}
}

// readBack reads a document as programs do, numbers as exactly as kubectl.
func readBack(t *testing.T, format string, text []byte) map[string]any {
	t.Helper()
	if format != "json" {
		var err error
		if text, err = yaml.YAMLToJSONStrict(text); err != nil {
			t.Fatalf("%v:\n%.2000s", err, text)
		}
	}
	if !json.Valid(text) {
		t.Fatalf("not JSON:\n%.2000s", text)
	}
	var read map[string]any
	if err := exactjson.Unmarshal(text, &read); err != nil {
		t.Fatalf("%v:\n%.2000s", err, text)
	}
	return read
}

// words are strings that JSON and YAML have their troubles with.
var words = []string{
	"a", "b", "a", "b", "", " ", "~", "null", "true", "yes", "n", "on", "<<", "=", "!", "!!binary x", "&a", "*a", "%", "@", "`", "|", ">-", "-", "- a", "? a", ":", "a: b", "a #b", "#",
	"---", "...", "\"", "'", "\\", "\\u0041", "{", "}", "[a", "a,b", "0", "-0", "012", "0x10", "0o7", "1_000", "1e3", ".5", ".inf", "NaN", "12:30:45", "2001-01-01", "2001-01-01T00:00:00Z",
	"\n", "\n\n", "a\n", "\na", " a\n b\n", "a\n\n\nb", "a \nb", "\t", "a\tb", "\r", "\r\n", "a\rb", "\x00", "\x1b]0;x\x07", "\x7f", "\u0085", "\u009b2J", "\u00a0", "\u00ad", "\u200b", "\u202eabc", "\u2066", "\u2028", "\u2029", "\ufeff", "\ufeffa",
	"\ufffd", "\ufffe", "\uffff", "\U0001fffe", "\U000e0001", "\U0001d173x", "\U0010ffff", "größe 日本 🚀", "e\u0301", "<b>&amp;</b>", "a/b", "${x}", "{{.}}",
	strings.Repeat("k", 251), strings.Repeat("long ", 60), strings.Repeat("k", 1100), strings.Repeat("\u202e", 300), strings.Repeat("\u00a0", 600), strings.Repeat("x\n", 40), "\xff", "a\xe2\x82", "\xed\xa0\x80",
}

type randomObjects struct{ *rand.Rand }

func (r randomObjects) text() string {
	text := words[r.IntN(len(words))]
	for r.IntN(3) == 0 {
		text += words[r.IntN(len(words))]
	}
	if r.IntN(4) == 0 {
		text += string(rune(r.IntN(0x3000)))
	}
	return text
}

func (r randomObjects) value(depth int) any {
	switch kind := r.IntN(12); {
	case kind < 2 && depth > 0:
		list := make([]any, r.IntN(4))
		for i := range list {
			list[i] = r.value(depth - 1)
		}
		return list
	case kind < 5 && depth > 0:
		object := map[string]any{}
		for range r.IntN(5) {
			object[r.text()] = r.value(depth - 1)
		}
		return object
	case kind == 5:
		return []any{nil, true, false}[r.IntN(3)]
	case kind == 6:
		return []int64{0, -1, 1 << 53, 1<<53 + 1, math.MaxInt64, math.MinInt64, r.Int64()}[r.IntN(7)]
	case kind == 7:
		return []float64{0.1, 1e21, -1e-9, 1e6, 0.30000000000000004, math.MaxFloat64, math.SmallestNonzeroFloat64, r.NormFloat64()}[r.IntN(8)]
	}
	return r.text()
}

// Whatever is in an object comes out the same when it is read again, and nothing
// of it reaches the terminal.
func TestListReadsBackTheSame(t *testing.T) {
	random := randomObjects{rand.New(rand.NewPCG(3, 4))}
	for _, format := range formats {
		t.Run(format, func(t *testing.T) {
			for range 40 {
				var want []any
				var page view.Page
				for range 1 + random.IntN(6) {
					object := map[string]any{"apiVersion": "v1", "kind": random.text(), "spec": random.value(6)}
					if random.IntN(3) == 0 {
						object["metadata"] = random.value(2)
					}
					raw, err := json.Marshal(object)
					if err != nil {
						t.Fatal(err)
					}
					page.Rows = append(page.Rows, view.Row{Object: raw})
					want = append(want, annotated(t, raw, "eu-1"))
				}
				var out bytes.Buffer
				list := printer.NewList(&out, format)
				if err := errors.Join(list.Add(attached("eu-1"), page), list.Close(outcomes(attached("eu-1")))); err != nil {
					t.Fatal(err)
				}
				if other := foreign(out.String()); other != "" {
					t.Fatalf("%q is in\n%s", other, &out)
				}
				read := readBack(t, format, out.Bytes())
				if got := read["items"]; !reflect.DeepEqual(got, want) {
					t.Fatalf("got\n%#v\nwant\n%#v\nfrom\n%s", got, want, &out)
				}
			}
		})
	}
}

// annotated is what kubectl would read of an object, with its cluster noted.
func annotated(t *testing.T, raw []byte, cluster string) map[string]any {
	t.Helper()
	var object map[string]any
	if err := exactjson.Unmarshal(raw, &object); err != nil {
		t.Fatal(err)
	}
	metadata, _ := object["metadata"].(map[string]any)
	metadata = maps.Clone(metadata)
	if metadata == nil {
		metadata = map[string]any{}
	}
	annotations, _ := metadata["annotations"].(map[string]any)
	annotations = maps.Clone(annotations)
	if annotations == nil {
		annotations = map[string]any{}
	}
	annotations[printer.ClusterAnnotation] = cluster
	metadata["annotations"], object["metadata"] = annotations, metadata
	return object
}

// Where nothing is hostile, a list is byte by byte kubectl's, the members beside.
func TestListIsKubectls(t *testing.T) {
	harmless := slices.DeleteFunc(slices.Clone(words), func(word string) bool {
		return foreign(word) != "" || len(word) > 250 || word == "<<" || word == "=" || strings.ContainsAny(word, "\ufffd\ufffe\uffff")
	})
	random := rand.New(rand.NewPCG(5, 6))
	word := func() string { return harmless[random.IntN(len(harmless))] }
	key := func() string { return strings.ReplaceAll(word(), "\n", "_") }
	for format, kubectl := range map[string]printers.ResourcePrinter{"json": &printers.JSONPrinter{}, "yaml": &printers.YAMLPrinter{}, "kyaml": &printers.KYAMLPrinter{}} {
		t.Run(format, func(t *testing.T) {
			var page view.Page
			want := &unstructured.UnstructuredList{Object: map[string]any{"apiVersion": "v1", "kind": "List", "metadata": map[string]any{"resourceVersion": ""}}}
			for range 100 {
				raw, err := json.Marshal(map[string]any{
					"apiVersion": "v1", "kind": "Any", "metadata": map[string]any{"name": word()},
					"data": map[string]any{key(): word()}, "spec": []any{random.IntN(9), word(), map[string]any{key(): []any{word()}}, 1e7 * random.Float64(), random.Int64()},
				})
				if err != nil {
					t.Fatal(err)
				}
				page.Rows = append(page.Rows, view.Row{Object: raw})
				want.Items = append(want.Items, unstructured.Unstructured{Object: annotated(t, raw, "eu-1")})
			}
			var got, pasted bytes.Buffer
			list := printer.NewList(&got, format)
			if err := errors.Join(list.Add(attached("eu-1"), page), list.Close(outcomes(attached("eu-1")))); err != nil {
				t.Fatal(err)
			}
			want.Object["members"] = []any{map[string]any{"cluster": "eu-1", "kind": fleet.KindAttachedCluster}}
			if err := kubectl.PrintObj(want, &pasted); err != nil {
				t.Fatal(err)
			}
			if got.String() != pasted.String() {
				t.Errorf("got\n%s\nwant\n%s", &got, &pasted)
			}
		})
	}
}

// An object that cannot be printed is left out, and no other is lost for it.
func TestListOfWhatCannotBePrinted(t *testing.T) {
	nested := func(levels int) string {
		return configMap("deep", strings.Repeat(`{"a":[`, levels/2)+strings.Repeat(`]}`, levels/2))
	}
	good := configMap("good", "{}")
	for name, bad := range map[string]string{
		"deep": nested(102), "deeper": nested(9990), "too deep to read": nested(40000), "no object": `"text"`, "null": "null", "nothing": "", "cut off": `{"a":`,
		"number": configMap("number", `{"a":1e400}`),
	} {
		for _, format := range formats {
			t.Run(name+"/"+format, func(t *testing.T) {
				var out bytes.Buffer
				list := printer.NewList(&out, format)
				err := list.Add(attached("eu-1"), objects(bad, good, bad))
				var unprintable *printer.UnprintableError
				if !errors.As(err, &unprintable) || unprintable.Resource.Name != "configmaps" || strings.Contains(err.Error(), "\n") {
					t.Errorf("got error %v", err)
				}
				if err := errors.Join(list.Add(attached("eu-2"), objects(nested(98))), list.Close([]printer.Outcome{{Member: attached("eu-1"), Errs: []error{err}}})); err != nil {
					t.Fatal(err)
				}
				read := readBack(t, format, out.Bytes())
				if items, ok := read["items"].([]any); !ok || len(items) != 2 {
					t.Errorf("got %d items", len(items))
				}
			})
		}
	}
}

// Items are written as they come.
func TestListStreams(t *testing.T) {
	for _, format := range formats {
		var out bytes.Buffer
		list := printer.NewList(&out, format)
		last := 0
		for i := range 5 {
			if err := errors.Join(list.Add(attached("eu-1"), objects(configMap(fmt.Sprint("name-", i), "{}"))), list.Flush()); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(out.String()[last:], fmt.Sprint("name-", i)) {
				t.Errorf("%s: item %d is not there yet", format, i)
			}
			last = out.Len()
		}
	}
}

func TestListSaysThatItCouldNotBeWritten(t *testing.T) {
	list := printer.NewList(brokenPipe{}, "json")
	if err := errors.Join(list.Add(attached("eu-1"), objects(configMap("a", "{}"))), list.Close(nil)); err == nil {
		t.Error("no error")
	}
	large := configMap("a", `{"a":"`+strings.Repeat("x", 10_000)+`"}`)
	var unprintable *printer.UnprintableError
	if err := printer.NewList(brokenPipe{}, "yaml").Add(attached("eu-1"), objects(large)); err == nil || errors.As(err, &unprintable) {
		t.Errorf("got %v", err)
	}
}

func TestEvents(t *testing.T) {
	for _, format := range formats {
		for _, types := range []bool{false, true} {
			name := "events-" + format
			if types {
				name += "-types"
			}
			t.Run(name, func(t *testing.T) {
				var out bytes.Buffer
				events := printer.NewEvents(&out, format, types)
				if err := errors.Join(
					events.Add(attached("eu-1"), objects(configMap("a", `{"text":"one\ntwo\n"}`), configMap("b", "{}"))),
					events.AddEvent(attached("eu-2"), "MODIFIED", objects(configMap("a", `{"x":"\u202e","<":"\u001b"}`))),
					events.AddEvent(attached("eu-1"), "DELETED", objects(configMap("b", "{}"))),
					events.Flush()); err != nil {
					t.Fatal(err)
				}
				golden(t, name, out.Bytes())
				length := out.Len()
				if err := events.Close(outcomes(attached("eu-1"))); err != nil || out.Len() != length {
					t.Errorf("%v; or written more", err)
				}
			})
		}
	}
}

// pod is an object of the size that pods have.
func pod() string {
	container := func(name string) string {
		return fmt.Sprintf(`{"name":%q,"image":"ghcr.io/stefanprodan/podinfo:6.7.1","command":["./podinfo","--port=9898","--level=info"],
 "ports":[{"name":"http","containerPort":9898,"protocol":"TCP"}],"env":[{"name":"PODINFO_UI_COLOR","value":"#34577c"},{"name":"NODE","valueFrom":{"fieldRef":{"apiVersion":"v1","fieldPath":"spec.nodeName"}}}],
 "resources":{"limits":{"cpu":"2","memory":"512Mi"},"requests":{"cpu":"100m","memory":"64Mi"}},"volumeMounts":[{"name":"kube-api-access-x7k2p","readOnly":true,"mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}],
 "livenessProbe":{"exec":{"command":["podcli","check","http","localhost:9898/healthz"]},"initialDelaySeconds":5,"timeoutSeconds":5,"periodSeconds":10,"successThreshold":1,"failureThreshold":3},
 "terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"IfNotPresent"}`, name)
	}
	condition := func(kind string) string {
		return fmt.Sprintf(`{"type":%q,"status":"True","lastProbeTime":null,"lastTransitionTime":"2026-01-01T00:00:00Z"}`, kind)
	}
	return `{"metadata":{"name":"podinfo-7b9c5d8f6-x7k2p","generateName":"podinfo-7b9c5d8f6-","namespace":"webapp","uid":"1343ae9e-391d-4b18-bed1-bc3979894981","resourceVersion":"123456","creationTimestamp":"2026-01-01T00:00:00Z",
 "labels":{"app":"podinfo","pod-template-hash":"7b9c5d8f6"},"annotations":{"prometheus.io/scrape":"true","prometheus.io/port":"9797"},"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"podinfo-7b9c5d8f6","uid":"0e3ad8fd-c1fd-44be-865a-e442f191ff51","controller":true,"blockOwnerDeletion":true}]},
 "spec":{"volumes":[{"name":"kube-api-access-x7k2p","projected":{"sources":[{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},{"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}}],"defaultMode":420}}],
 "containers":[` + container("podinfo") + "," + container("sidecar") + `],"restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","serviceAccountName":"default","nodeName":"node-1","securityContext":{},"schedulerName":"default-scheduler",
 "tolerations":[{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300},{"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}],"priority":0,"enableServiceLinks":true,"preemptionPolicy":"PreemptLowerPriority"},
 "status":{"phase":"Running","conditions":[` + condition("Initialized") + "," + condition("Ready") + "," + condition("ContainersReady") + "," + condition("PodScheduled") + `],"hostIP":"10.7.0.5","podIP":"10.244.1.17","podIPs":[{"ip":"10.244.1.17"}],"startTime":"2026-01-01T00:00:00Z",
 "containerStatuses":[{"name":"podinfo","state":{"running":{"startedAt":"2026-01-01T00:00:00Z"}},"lastState":{},"ready":true,"restartCount":0,"image":"ghcr.io/stefanprodan/podinfo:6.7.1","imageID":"sha256:9f2e","containerID":"containerd://27ac","started":true}],"qosClass":"Burstable"},"apiVersion":"v1","kind":"Pod"}`
}

func BenchmarkList(b *testing.B) {
	page := objects(pod())
	for _, format := range formats {
		b.Run(format, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(page.Rows[0].Object)))
			list := printer.NewList(io.Discard, format)
			for b.Loop() {
				if err := list.Add(attached("eu-1"), page); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
