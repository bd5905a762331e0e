package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/test/fake"
)

// question is one request to both API servers. $NS is the namespace; $UID and
// $RV are those of the last object that was in an answer, $FIRST is the UID of
// the first, and $MADE the version in which the last was made.
type question struct{ method, path, contentType, body string }

const (
	applyPatch = "application/apply-patch+yaml"
	mergePatch = "application/merge-patch+json"
	inCluster  = "/apis/cluster.kurator.dev/v1alpha1/namespaces/$NS/attachedclusters"
	inSecrets  = "/api/v1/namespaces/$NS/secrets"
)

// applied is an AttachedCluster to apply, with some metadata and a key.
func applied(metadata, key string) string {
	return fmt.Sprintf(`{"apiVersion":"cluster.kurator.dev/v1alpha1","kind":"AttachedCluster","metadata":{"name":"x"%s},"spec":{"kubeconfig":{"name":"s","key":%q}}}`, metadata, key)
}

func secret(metadata, value string) string {
	return fmt.Sprintf(`{"apiVersion":"v1","kind":"Secret","type":"Opaque","metadata":{"name":"x"%s},"data":{"a":%q}}`, metadata, value)
}

// questions are all that the plugin asks an API server in the harness that puts
// a fake in its place, and more.
func questions() []question {
	const a, b = "?fieldManager=a&force=false", "?fieldManager=b&force=false"
	x := inCluster + "/x"
	s := inSecrets + "/x"
	var all []question
	for _, kind := range []struct {
		at   string
		body func(metadata, value string) string
		list string
	}{{x, applied, inCluster}, {s, secret, inSecrets}} {
		at, body := kind.at, kind.body
		all = append(all, []question{
			{"GET", at, "", ""},
			{"DELETE", at, "", ""},
			{"PATCH", at + "?fieldManager=a", mergePatch, `{"metadata":{"labels":{"l":"1"}}}`},
			{"PUT", at + "?fieldManager=a", "", body("", "eA==")},
			{"PATCH", at + a, applyPatch, body(`,"uid":"11111111-1111-1111-1111-111111111111"`, "eA==")}, // of one that is gone
			{"PATCH", at + a + "&dryRun=All", applyPatch, body("", "eA==")},
			{"GET", at, "", ""},
			{"PATCH", at + a, applyPatch, body(`,"resourceVersion":"1","annotations":{"o":"1"}`, "eA==")}, // to create
			{"PATCH", at + a, applyPatch, body(`,"resourceVersion":"1","annotations":{"o":"1"}`, "eA==")}, // there is one
			{"PATCH", at + a, applyPatch, body(`,"uid":"$UID","annotations":{"o":"1"}`, "eA==")},          // nothing changes
			{"PATCH", at + a + "&dryRun=All", applyPatch, body(`,"uid":"$UID"`, "eg==")},
			{"PATCH", at + a, applyPatch, body(`,"uid":"$UID","labels":{"l":"1"}`, "eQ==")}, // without the annotation
			{"PATCH", at + a, applyPatch, body(`,"uid":"11111111-1111-1111-1111-111111111111"`, "eQ==")},
			{"PATCH", at + b, applyPatch, body(``, "ZQ==")}, // a conflict
			{"PATCH", at + b, applyPatch, body(`,"uid":"11111111-1111-1111-1111-111111111111"`, "ZQ==")},
			{"PATCH", at + b, applyPatch, body(`,"resourceVersion":"1"`, "ZQ==")},
			{"PATCH", at + b, applyPatch, body(``, "eQ==")}, // the same value is none
			{"PATCH", at + "?fieldManager=b&force=true", applyPatch, body(``, "ZQ==")},
			{"PATCH", at + a, applyPatch, body(`,"uid":"$UID"`, "eQ==")},
			{"PATCH", at + "?fieldManager=b", mergePatch, `{"metadata":{"uid":"$UID","annotations":{"p":"1"}}}`},
			{"PATCH", at + "?fieldManager=b", mergePatch, `{"metadata":{"uid":"11111111-1111-1111-1111-111111111111","annotations":{"p":"2"}}}`},
			{"PATCH", at + "?fieldManager=b", mergePatch, `{"metadata":{"annotations":{"p":null}}}`},
			{"GET", at, "", ""},
			{"GET", kind.list + "?labelSelector=l%3D1", "", ""},
			{"GET", kind.list + "?labelSelector=l%3D2", "", ""},
			{"GET", kind.list + "?fieldSelector=metadata.name%3Dx", "", ""},
			{"GET", kind.list + "?fieldSelector=metadata.name%3Dy", "", ""},
			{"PATCH", at + "?fieldManager=b", mergePatch, `{"metadata":{"finalizers":["example.com/f"]}}`},
			{"DELETE", at, "", `{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"11111111-1111-1111-1111-111111111111"}}`},
			{"DELETE", at, "", `{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"$UID","resourceVersion":"1"}}`},
			{"DELETE", at, "", `{"kind":"DeleteOptions","apiVersion":"v1","dryRun":["All"],"preconditions":{"uid":"$UID"}}`},
			{"DELETE", at, "", `{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"$UID"},"propagationPolicy":"Background"}`},
			{"DELETE", at, "", `{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"$UID"}}`},
			{"PATCH", at + "?fieldManager=b&force=true", applyPatch, body(`,"uid":"$UID","labels":{"m":"1"}`, "ZQ==")}, // onto one that is being deleted
			{"PATCH", at + "?fieldManager=b", mergePatch, `{"metadata":{"finalizers":null}}`},
			{"GET", at, "", ""},
			{"PATCH", at + a, applyPatch, body(`,"uid":"$FIRST"`, "eA==")}, // of one that is gone
			{"POST", kind.list + "?fieldManager=a", "", body("", "eA==")},
			{"POST", kind.list + "?fieldManager=a", "", body("", "eA==")},
			{"PUT", at + "?fieldManager=a", "", body(`,"resourceVersion":"$RV","uid":"$UID"`, "eQ==")},
			{"PUT", at + "?fieldManager=a", "", body(`,"resourceVersion":"$RV"`, "eQ==")}, // nothing changes
			{"PUT", at + "?fieldManager=a", "", body(`,"resourceVersion":"1"`, "eg==")},
			{"PUT", at + "?fieldManager=a", "", body(`,"resourceVersion":"$RV","uid":"11111111-1111-1111-1111-111111111111"`, "eg==")},
			{"DELETE", at, "", `{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"$UID","resourceVersion":"1"}}`},
			{"DELETE", at, "", `{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"$UID","resourceVersion":"$RV"}}`},
			{"GET", at, "", ""},
			{"GET", kind.list + "?watch=true&timeoutSeconds=1&resourceVersion=$MADE&fieldSelector=metadata.name%3Dx", "", ""},
			{"GET", kind.list + "?watch=true&timeoutSeconds=1&resourceVersion=$MADE&fieldSelector=metadata.name%3Dy", "", ""},
			{"PATCH", strings.ReplaceAll(at, "$NS", "none-$NS") + a, applyPatch, body("", "eA==")}, // no namespace
			{"POST", strings.ReplaceAll(kind.list, "$NS", "none-$NS") + "?fieldManager=a", "", body("", "eA==")},
		}...)
	}
	return append(all, []question{
		{"POST", inSecrets + "?fieldManager=a", "", strings.Replace(secret("", "eA=="), "Opaque", "example.com/t", 1)},
		{"GET", inSecrets + "?fieldSelector=type%3Dexample.com%2Ft", "", ""},
		{"GET", inSecrets + "?fieldSelector=type%3Dexample.com%2Fother", "", ""},
		{"GET", "/api/v1/namespaces/none-$NS", "", ""},
		{"GET", "/apis/cluster.kurator.dev/v1/namespaces/$NS/attachedclusters/x", "", ""},
		{"GET", "/apis/none.kurator.dev/v1/namespaces/$NS/attachedclusters/x", "", ""},
		{"GET", "/apis/none.kurator.dev", "", ""},
		{"POST", "/api/v1/namespaces?fieldManager=a", "", `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"$NS"}}`},
	}...)
}

// The fake API server answers as a real one, word for word but for what no two
// servers say alike.
func TestFakeAnswersAsARealAPIServer(t *testing.T) {
	for _, difference := range differences(t, func(cluster http.Handler) http.Handler { return cluster }) {
		t.Error(difference)
	}
	t.Logf("%d questions", len(questions()))
}

// A fake that looks over what a request has to say is found out.
func TestFakeThatIsWrongIsSeenToBe(t *testing.T) {
	for name, gone := range map[string]string{
		"the version that is to be replaced": `"resourceVersion":"[^"]*"`,
		"the UID that is to be deleted":      `"uid":"[^"]*"`,
		"who owns what":                      `fieldManager=b`,
	} {
		passedOver := regexp.MustCompile(",?" + gone)
		wrong := differences(t, func(cluster http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body) // of a test's own request
				body = passedOver.ReplaceAll(body, nil)
				r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
				r.URL.RawQuery = strings.Replace(r.URL.RawQuery, gone, "fieldManager=a", 1)
				cluster.ServeHTTP(w, r)
			})
		})
		if len(wrong) == 0 {
			t.Errorf("a fake that looks over %s was not found to differ", name)
		}
	}
}

// differences asks a real API server and a fake one, and tells where they differ.
func differences(t *testing.T, change func(http.Handler) http.Handler) (all []string) {
	t.Helper()
	s := newStage(t, newLags(t, 0), newClusters(t))
	defer s.end()
	cluster, err := fake.New("fake", time.Now, fake.Resource{
		Group: "cluster.kurator.dev", Versions: []string{"v1alpha1"}, Name: "attachedclusters", Kind: "AttachedCluster", Namespaced: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	cluster.Put(&unstructured.Unstructured{Object: object{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": s.namespace}}})
	server := httptest.NewServer(change(cluster))
	defer server.Close()
	config := labConfig(t, "host")
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	genuine, faked := &asker{t: t, client: client, at: config.Host, namespace: s.namespace}, &asker{t: t, client: server.Client(), at: server.URL, namespace: s.namespace}
	for i, q := range questions() {
		if want, got := genuine.ask(q), faked.ask(q); got != want {
			all = append(all, fmt.Sprintf("question %d: %s %s\n%s\nthe fake answers\n%s\na real one\n%s", i, q.method, q.path, q.body, got, want))
		}
	}
	return all
}

// asker asks one API server.
type asker struct {
	t             *testing.T
	client        *http.Client
	at, namespace string

	first, uid, version, made string
}

// ask returns what was answered, in words that are the same for each server.
func (a *asker) ask(q question) string {
	a.t.Helper()
	fill := strings.NewReplacer("$NS", a.namespace, "$UID", a.uid, "$RV", a.version, "$FIRST", a.first, "$MADE", a.made)
	request, err := http.NewRequestWithContext(context.Background(), q.method, a.at+fill.Replace(q.path), strings.NewReader(fill.Replace(q.body)))
	if err != nil {
		a.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if q.contentType != "" {
		request.Header.Set("Content-Type", q.contentType)
	}
	response, err := a.client.Do(request)
	if err != nil {
		a.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	text := fmt.Sprintln(response.StatusCode)
	if strings.Contains(q.path, "watch=true") {
		return text + a.events(body)
	}
	var answer object
	if json.Unmarshal(body, &answer) != nil {
		return text + string(body)
	}
	if items, is := answer["items"].([]any); is {
		text += fmt.Sprintf("a list of %d\n", len(items))
		delete(answer, "metadata")
		for _, item := range items {
			if object, ok := item.(object); ok && object["metadata"] != nil {
				a.forget(object)
			}
		}
	}
	if answer["kind"] != "Status" && answer["metadata"] != nil {
		text += a.remember(answer)
		if response.StatusCode == http.StatusCreated {
			a.made = a.version
		}
	}
	shown, _ := json.MarshalIndent(answer, "", " ")
	return text + a.plain(string(shown))
}

// events are those of a watch.
func (a *asker) events(body []byte) (text string) {
	for stream := json.NewDecoder(bytes.NewReader(body)); ; {
		var event struct {
			Type   string `json:"type"`
			Object object `json:"object"`
		}
		if err := stream.Decode(&event); errors.Is(err, io.EOF) {
			return text
		} else if err != nil {
			return text + err.Error()
		}
		a.forget(event.Object)
		shown, _ := json.MarshalIndent(event, "", " ")
		text += a.plain(string(shown)) + "\n"
	}
}

var anyUID = regexp.MustCompile(`uid-[a-z-]+-\d+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// plain is a text without what differs by nature.
func (a *asker) plain(text string) string {
	text = regexp.MustCompile(`StorageError: .* AdditionalErrorMsg: `).ReplaceAllString(text, "")
	text = regexp.MustCompile(`(ResourceVersion in record \()\d+`).ReplaceAllString(text, "${1}N")
	return anyUID.ReplaceAllStringFunc(text, func(uid string) string {
		switch {
		case uid == a.uid:
			return "UID"
		case strings.HasPrefix(uid, "1111"):
			return uid
		}
		return "another UID"
	})
}

// remember notes which object an answer is, and whether it was changed.
func (a *asker) remember(answer object) string {
	is := &unstructured.Unstructured{Object: answer}
	text := fmt.Sprintf("same object %t, same version %t\n", string(is.GetUID()) == a.uid, is.GetResourceVersion() == a.version)
	a.uid, a.version = string(is.GetUID()), is.GetResourceVersion()
	if a.first == "" {
		a.first = a.uid
	}
	a.forget(answer)
	return text
}

// forget strips what differs by nature.
func (a *asker) forget(of object) {
	is := &unstructured.Unstructured{Object: of}
	unstructured.RemoveNestedField(of, "metadata", "resourceVersion")
	for _, at := range []string{"creationTimestamp", "deletionTimestamp"} {
		if _, found, _ := unstructured.NestedString(of, "metadata", at); found {
			_ = unstructured.SetNestedField(of, "a time", "metadata", at)
		}
	}
	fields := is.GetManagedFields()
	for i := range fields {
		fields[i].Time = &metav1.Time{}
		if fields[i].FieldsV1 != nil {
			// Whose a map itself is, beside what is in it, and each item of a list, only a
			// schema tells.
			raw := strings.NewReplacer(`".":{},`, "", `".":{}`, "", `"v:\"example.com/f\"":{}`, "", `"f:data":{},`, "").Replace(fields[i].FieldsV1.GetRawString())
			fields[i].FieldsV1 = metav1.NewFieldsV1(raw)
		}
	}
	if len(fields) > 0 {
		is.SetManagedFields(fields)
	}
}
