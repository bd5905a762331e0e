package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// What `kubectl get` prints of each member, with a CLUSTER column pasted in
// front, is what the plugin prints, byte for byte.
func TestGetAsKubectl(t *testing.T) {
	s := newStage(t, newLags(t, 0), newClusters(t))
	defer s.end()
	for i, member := range members {
		s.createIn(member, namespaces, object{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": s.namespace}})
		s.createIn(member, configMaps, object{
			"apiVersion": "v1", "kind": "ConfigMap", "metadata": object{"name": strings.Repeat("x", 5+20*i), "labels": object{"tier": "web", "a.example.com/b": "c"}},
			"data": object{"one": "1", "two": "2"},
		})
		s.createIn(member, services, object{
			"apiVersion": "v1", "kind": "Service", "metadata": object{"name": "web"},
			"spec": object{"selector": object{"app": "web"}, "ports": []any{object{"port": 80, "name": "web"}, object{"port": 443, "name": "tls"}}[:i+1]},
		})
		s.createIn(member, events, object{ // of an age that stays the same for a while
			"apiVersion": "v1", "kind": "Event", "metadata": object{"name": "old", "namespace": s.namespace},
			"involvedObject": object{"kind": "Pod", "name": "web", "namespace": s.namespace},
			"reason":         "Old", "type": "Warning", "message": "first line\nsecond line", "lastTimestamp": "2020-01-01T00:00:00Z",
		})
		s.createIn(member, kustomizations, object{
			"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": object{"name": "app"},
			"spec": object{"interval": "1h", "prune": true, "suspend": i == 0, "path": "./x", "sourceRef": object{"kind": "GitRepository", "name": "none"}},
		})
	}
	s.pods(2)
	for _, test := range []string{
		"pods", "pods -o wide", "deployments -o wide", "replicasets", "services", "services -o wide", "configmaps --show-labels",
		"configmaps -L tier,a.example.com/b -l tier=web", "serviceaccounts", "nodes -o wide", "namespaces", "kustomizations", "kustomization/app",
		"customresourcedefinitions", "roles -A", "endpointslices", "events --field-selector reason=Old", "pods -A", "pods,svc,cm", "pods --show-kind --no-headers",
		"priorityclasses", "apiservices", "flowschemas", "clusterrolebindings -o wide",
		"pods --field-selector status.phase=Running", "deploy/web --subresource=scale --ignore-not-found", "all",
	} {
		t.Run(test, func(t *testing.T) {
			args := strings.Fields(test)
			var ours ended
			var before, after string
			// Counts go on, and an age gets wider: what counts is when kubectl said the
			// same before and after, but for the seconds in between.
			for end := time.Now().Add(time.Minute); time.Now().Before(end); {
				before = s.kubectl(t, args...)
				ours = s.runs(func(*os.Process) {}, append([]string{"get", "--fleet-namespace", s.namespace}, args...)...)
				if after = s.kubectl(t, args...); withoutAges(before) == withoutAges(after) {
					break
				}
				time.Sleep(100 * time.Millisecond)
			}
			if withoutAges(before) != withoutAges(after) {
				t.Fatalf("kubectl never said the same twice:\n%s\n%s", before, after)
			}
			if withoutAges(ours.stdout) != withoutAges(before) || !agesBetween(before, ours.stdout, after) {
				t.Errorf("we print\n%s\nkubectl\n%s\n%s", ours.stdout, before, ours.stderr)
			}
			if strings.TrimSpace(before) == "" && !strings.Contains(test, "subresource") {
				t.Error("kubectl printed nothing to compare with")
			}
		})
	}
}

var age = regexp.MustCompile(`\b(?:\d+[smhdy])+\b`)

// withoutAges is the text with its ages struck out; how wide they are stays.
func withoutAges(text string) string {
	return age.ReplaceAllStringFunc(text, func(age string) string { return strings.Repeat("~", len(age)) })
}

// agesBetween tells whether each age in text is one that was reached between
// the same in before and in after.
func agesBetween(before, text, after string) bool {
	first, ages, last := age.FindAllString(before, -1), age.FindAllString(text, -1), age.FindAllString(after, -1)
	for i := range ages {
		if seconds := inSeconds(ages[i]); seconds < inSeconds(first[i]) || seconds > inSeconds(last[i]) {
			return false
		}
	}
	return true
}

// inSeconds is an age as kubectl writes it, in seconds.
func inSeconds(age string) int {
	units := map[byte]int{'s': 1, 'm': 60, 'h': 3600, 'd': 24 * 3600, 'y': 365 * 24 * 3600}
	var seconds, number int
	for i := range len(age) {
		c := age[i]
		if unit, is := units[c]; is {
			seconds, number = seconds+number*unit, 0
		} else {
			number = 10*number + int(c-'0')
		}
	}
	return seconds
}

var gaps = regexp.MustCompile(` {2,}`)

// kubectl runs kubectl for each member, and puts what it prints into tables, one
// for each type, with the cluster in front.
func (s *stage) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	tables := map[string]*pasted{}
	var order []string
	for _, member := range members {
		cmd := exec.Command("kubectl", append([]string{"get", "-n", s.namespace, "--kubeconfig", filepath.Join(os.Getenv("LAB"), member+".kubeconfig")}, args...)...)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); err != nil && !strings.Contains(stderr.String(), "NotFound") {
			t.Fatal(err, stderr.String())
		}
		for text := range strings.SplitSeq(strings.TrimSuffix(stdout.String(), "\n"), "\n\n") {
			if text == "" {
				continue
			}
			kind := kindOf(text)
			if tables[kind] == nil {
				order = append(order, kind)
				tables[kind] = &pasted{headers: !strings.Contains(strings.Join(args, " "), "--no-headers")}
			}
			tables[kind].add(member, text)
		}
	}
	var all []string
	for _, kind := range order {
		all = append(all, tables[kind].String())
	}
	return strings.Join(all, "\n")
}

// kindOf is the kind before the first name of a table; empty where there is
// none.
func kindOf(text string) string {
	lines := strings.SplitN(text, "\n", 3)
	kind, _, found := strings.Cut(lines[min(1, len(lines)-1)], "/")
	if !found || strings.Contains(kind, " ") {
		return ""
	}
	return kind
}

// pasted is kubectl's table of several members.
type pasted struct {
	headers bool
	header  []string
	rows    [][]string
}

// add cuts a table into its cells. Below a title, a cell begins where the title
// does; without titles, two spaces end a cell.
func (p *pasted) add(member, text string) {
	lines := strings.Split(text, "\n")
	if !p.headers {
		for _, line := range lines {
			p.rows = append(p.rows, append([]string{member}, gaps.Split(strings.TrimRight(line, " "), -1)...))
		}
		return
	}
	var starts []int
	for _, at := range regexp.MustCompile(`\S+( \S+)*`).FindAllStringIndex(lines[0], -1) {
		starts = append(starts, at[0])
	}
	for i, line := range lines {
		var cells []string
		for column, start := range starts {
			end := len(line)
			if column+1 < len(starts) {
				end = min(starts[column+1], end)
			}
			cells = append(cells, strings.TrimRight(line[min(start, end):end], " "))
		}
		if i > 0 {
			p.rows = append(p.rows, append([]string{member}, cells...))
		} else if p.header == nil {
			p.header = append([]string{"CLUSTER"}, cells...)
		}
	}
}

// String lays the table out as kubectl does. Source: GetNewTabWriter in
// k8s.io/cli-runtime/pkg/printers.
func (p *pasted) String() string {
	var text bytes.Buffer
	out := tabwriter.NewWriter(&text, 6, 4, 3, ' ', 0)
	for _, row := range append([][]string{p.header}, p.rows...) {
		if row != nil {
			fmt.Fprintln(out, strings.Join(row, "\t"))
		}
	}
	out.Flush()
	return text.String()
}
