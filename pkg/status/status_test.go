package status

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

const (
	masterRevision = "master@sha1:e5ebaa30fc7aca97902be4b7a64af73bcf204510"
	nextRevision   = "next@sha1:d44330c805eb726f4f68071b4b0aa6331c785b5a"
)

type fields = map[string]any

// as is a value of a type; the zero value where it has another one.
func as[T any](value any) T {
	typed, _ := value.(T)
	return typed
}

// load reads one of testdata: what API servers answered in a lab.
func load(t *testing.T, name string, edits ...func(fields)) *object {
	t.Helper()
	if name == "" {
		return nil
	}
	data, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var read fields
	if err := json.Unmarshal(data, &read); err != nil {
		t.Fatal(err)
	}
	for _, edit := range edits {
		edit(read)
	}
	if data, err = json.Marshal(read); err != nil {
		t.Fatal(err)
	}
	group, version, _ := strings.Cut(as[string](read["apiVersion"]), "/")
	metadata := as[fields](read["metadata"])
	parsed, err := parse(plan.Identity{
		Group: group, Version: version, Kind: as[string](read["kind"]),
		Namespace: as[string](metadata["namespace"]), Name: as[string](metadata["name"]),
	}, data)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// set sets a field by its path.
func set(value any, path ...string) func(fields) {
	return func(o fields) {
		for _, key := range path[:len(path)-1] {
			o = as[fields](o[key])
		}
		o[path[len(path)-1]] = value
	}
}

// conditions edits each condition.
func conditions(edit func(fields)) func(fields) {
	return func(o fields) {
		for _, c := range as[[]any](as[fields](o["status"])["conditions"]) {
			edit(as[fields](c))
		}
	}
}

// forget is what a controller of an older version does not write.
func forget(c fields) { delete(c, "observedGeneration") }

// later raises the generation, as a change of the spec does.
func later(o fields) {
	metadata := as[fields](o["metadata"])
	metadata["generation"] = as[float64](metadata["generation"]) + 1
}

// check compares a state with what is wanted: phase, revision and reason in one
// line, and a part of the message.
func check(t *testing.T, got State, want, message string) {
	t.Helper()
	line := string(got.Phase) + " " + got.Revision + " " + got.Reason
	if line != want {
		t.Errorf("got %q (%q), want %q", line, got.Message, want)
	}
	if !strings.Contains(got.Message, message) {
		t.Errorf("the message is %q, want something with %q", got.Message, message)
	}
}

func TestSources(t *testing.T) {
	for name, test := range map[string]struct {
		object        *object
		want, message string
	}{
		"new":                          {load(t, "git-new"), "Waiting  NotObserved", "Flux has yet to finish its generation 1"},
		"progressing":                  {load(t, "git-progressing"), "Reconciling  Progressing", "processing object: new generation -1 -> 1"},
		"ready":                        {load(t, "git-ready"), "Ready " + masterRevision + " Succeeded", "stored artifact"},
		"conditions without the rest":  {load(t, "git-between-patches"), "Waiting  NotObserved", "generation 1"},
		"failed":                       {load(t, "git-failed"), "Failed  GitOperationFailed", "unable to clone 'http://127.0.0.1:1/x'"},
		"failed, and tried again":      {load(t, "git-retrying"), "Failed  GitOperationFailed", "unable to clone 'http://127.0.0.1:1/x'"},
		"ready, of an old generation":  {load(t, "git-old-generation"), "Waiting " + nextRevision + " NotObserved", "generation 3"},
		"failed, of an old generation": {load(t, "git-failed", later), "Waiting  NotObserved", "generation 2"},
		"suspended":                    {load(t, "git-ready", set(true, "spec", "suspend")), "Suspended " + masterRevision + " Suspended", "spec.suspend"},
		"being deleted":                {load(t, "git-ready", set("2026-01-02T03:04:05Z", "metadata", "deletionTimestamp")), "Deleting " + masterRevision + " Deleting", ""},
		"ready without an artifact":    {load(t, "git-ready", set(nil, "status", "artifact")), "Waiting  NotObserved", "no artifact"},
		"of an older Flux":             {load(t, "git-ready", conditions(forget)), "Ready " + masterRevision + " Succeeded", ""},
		"of an older Flux, old":        {load(t, "git-ready", conditions(forget), later), "Waiting " + masterRevision + " NotObserved", ""},
		"chart repository":             {load(t, "helmrepository-ready"), "Ready sha256:2ff9525d44cb0cac200a70e661ad594d4d1306eb81c74d163c8e01a63d1384fc Succeeded", ""},
		"OCI chart repository":         {load(t, "helmrepository-oci"), "Ready  ", ""},
		"suspended OCI repository":     {load(t, "helmrepository-oci", set(true, "spec", "suspend")), "Suspended  Suspended", ""},
		"stalled":                      {load(t, "helmchart-stalled"), "Stalled  InvalidChartReference", "no 'podinfo' chart with version"},
		"stalled, of an old one":       {load(t, "helmchart-stalled", later), "Waiting  NotObserved", ""},
		"stalled, without ready":       {load(t, "helmchart-stalled", conditions(notReady("Unknown"))), "Stalled  InvalidChartReference", "no 'podinfo' chart with version"},
		"ready and reconciling":        {load(t, "git-progressing", conditions(notReady("True")), set(1, "status", "observedGeneration")), "Reconciling  Progressing", ""},
		"ready, and once reconciling":  {load(t, "git-progressing", conditions(notReady("True")), later, conditions(observed("Ready", 2)), set(2, "status", "observedGeneration")), "Reconciling  Progressing", ""},
	} {
		t.Run(name, func(t *testing.T) {
			check(t, test.object.judge([]*object{test.object}, nil), test.want, test.message)
		})
	}
}

// notReady sets the Ready condition's value.
func notReady(value string) func(fields) {
	return func(c fields) {
		if c["type"] == "Ready" {
			c["status"] = value
		}
	}
}

// observed sets for which generation a condition was written.
func observed(kind string, generation int) func(fields) {
	return func(c fields) {
		if c["type"] == kind {
			c["observedGeneration"] = generation
		}
	}
}

func TestKustomizations(t *testing.T) {
	for name, test := range map[string]struct {
		object, source *object
		want, message  string
	}{
		"ready":                   {load(t, "kustomization-ready"), load(t, "git-ready"), "Ready " + masterRevision + " ReconciliationSucceeded", "Applied revision"},
		"ready with the next one": {load(t, "kustomization-next"), load(t, "git-next"), "Ready " + nextRevision + " ReconciliationSucceeded", "Applied revision"},
		"of an old revision":      {load(t, "kustomization-old-revision"), load(t, "git-next"), "Waiting " + masterRevision + " NotCurrent", "it is yet to come to " + nextRevision},
		"of an old generation":    {load(t, "kustomization-old-generation"), load(t, "git-next"), "Waiting " + masterRevision + " NotObserved", "generation 2"},
		"checking health":         {load(t, "kustomization-progressing"), load(t, "git-ready"), "Reconciling  Progressing", "Running health checks for revision master"},
		"no such path":            {load(t, "kustomization-failed"), load(t, "git-ready"), "Failed  ArtifactFailed", "kustomization path not found: stat"},
		"refused":                 {load(t, "kustomization-apply-failed"), load(t, "git-ready"), "Failed  ReconciliationFailed", "field is immutable"},
		"no artifact":             {load(t, "kustomization-no-artifact"), load(t, "git-failed"), "Failed  ArtifactFailed", "Source artifact not found, retrying in 30s"},
		"stalled":                 {load(t, "kustomization-stalled"), load(t, "git-ready"), "Stalled  InvalidCELExpression", "mismatched input 'cel' expecting <EOF> | not cel ((( | ....^"},
		"stalled, then changed":   {load(t, "kustomization-stalled", later), load(t, "git-ready"), "Waiting  NotObserved", "generation 2"},
		"suspended":               {load(t, "kustomization-suspended"), load(t, "git-ready"), "Suspended  Suspended", "spec.suspend"},
		"suspended when ready":    {load(t, "kustomization-ready", set(true, "spec", "suspend")), load(t, "git-ready"), "Suspended " + masterRevision + " Suspended", ""},
		"its source failed since": {load(t, "kustomization-ready"), load(t, "git-failed"), "Waiting " + masterRevision + " NotCurrent", "gitrepository/health has no revision yet"},
		"of an older Flux":        {load(t, "kustomization-ready", conditions(forget)), load(t, "git-ready"), "Ready " + masterRevision + " ReconciliationSucceeded", ""},
		"of an older Flux, old":   {load(t, "kustomization-ready", conditions(forget), later), load(t, "git-ready"), "Waiting " + masterRevision + " NotObserved", ""},
		"of a source that is not it": {load(t, "kustomization-ready", set("other", "spec", "sourceRef", "name")), load(t, "git-ready"),
			"Failed " + masterRevision + " NotCurrent", "it syncs from gitrepository/other"},
	} {
		t.Run(name, func(t *testing.T) {
			if test.source.Name = "health"; test.object.Spec.SourceRef.Name != "other" {
				test.object.Spec.SourceRef.Name = "health" // the documents are of several applications
			}
			check(t, test.object.judge([]*object{test.source, test.object}, nil), test.want, test.message)
		})
	}
}

func TestReleases(t *testing.T) {
	const moved = "sha256:" + "00000000000000000000000000000000"
	chart := func(edits ...func(fields)) *object { return load(t, "helmrelease-ready-chart", edits...) }
	failed := func(name string, edits ...func(fields)) *object { // of the release's own source
		return load(t, name, append(edits, set("helmrepo-helmrelease-demo", "spec", "sourceRef", "name"))...)
	}
	source := func(edits ...func(fields)) *object { return load(t, "helmrelease-ready-source", edits...) }
	stalled := load(t, "helmrelease-stalled")
	for name, test := range map[string]struct {
		object, source, chart *object
		want, message         string
	}{
		"ready":                  {load(t, "helmrelease-ready"), source(), chart(), "Ready 6.9.2 InstallSucceeded", "Helm install succeeded"},
		"conditions alone":       {load(t, "helmrelease-between-patches"), source(), chart(), "Waiting  NotObserved", ""},
		"running":                {load(t, "helmrelease-progressing"), source(), chart(), "Reconciling  Progressing", "Running 'install' action with timeout"},
		"changed":                {load(t, "helmrelease-ready", later), source(), chart(), "Waiting 6.9.2 NotObserved", "generation 2"},
		"no chart":               {load(t, "helmrelease-ready"), source(), nil, "Waiting 6.9.2 NotCurrent", "helmrepository/helmrepo-helmrelease-demo has no revision yet"},
		"its chart changed":      {load(t, "helmrelease-ready"), source(), chart(later), "Waiting 6.9.2 NotObserved", "helmchart/default-helmrepo-helmrelease-demo-0: Flux has yet to finish its generation 2"},
		"its source moved on":    {load(t, "helmrelease-ready"), source(set(moved, "status", "artifact", "revision")), chart(), "Waiting 6.9.2 NotCurrent", "it is yet to come to " + moved},
		"its chart moved on":     {load(t, "helmrelease-ready"), source(), chart(set("6.9.3", "status", "artifact", "revision")), "Waiting 6.9.2 NotCurrent", "it is yet to come to 6.9.3"},
		"its chart is deleted":   {load(t, "helmrelease-ready"), source(), chart(set("now", "metadata", "deletionTimestamp")), "Waiting 6.9.2 Deleting", "helmchart/default-helmrepo-helmrelease-demo-0: "},
		"its chart is not there": {load(t, "helmrelease-chart-failed"), source(), failed("helmchart-failed"), "Failed  ChartPullError", "connection refused"},
		"no such chart":          {load(t, "helmrelease-chart-stalled"), source(), failed("helmchart-stalled"), "Stalled  InvalidChartReference", "no 'podinfo' chart with version matching '99.9.9' found"},
		"no such chart before":   {load(t, "helmrelease-chart-stalled"), source(set(moved, "status", "artifact", "revision")), failed("helmchart-stalled"), "Waiting  InvalidChartReference", ""},
		"retries exceeded":       {stalled, source(), chart(), "Stalled  InstallFailed", "spec.replicas: Invalid value: -3"},
		"retries exceeded with an earlier chart": {stalled, source(), chart(set("6.9.3", "status", "artifact", "revision")),
			"Waiting  InstallFailed", "spec.replicas: Invalid value: -3"},
		"retries exceeded, source moved on": {stalled, source(set(moved, "status", "artifact", "revision")), chart(), "Waiting  InstallFailed", ""},
		"suspended":                         {load(t, "helmrelease-ready", set(true, "spec", "suspend")), source(), chart(), "Suspended 6.9.2 Suspended", ""},
		"of an OCI chart repository": {load(t, "helmrelease-ready"), source(set("oci", "spec", "type"), set(fields{}, "status")),
			chart(set("", "status", "observedSourceArtifactRevision")), "Ready 6.9.2 InstallSucceeded", ""},
		"of helm v2beta1": {load(t, "helmrelease-ready", conditions(forget), set(nil, "status", "history"), set("6.9.2", "status", "lastAppliedRevision")),
			source(), chart(), "Ready 6.9.2 InstallSucceeded", ""},
	} {
		t.Run(name, func(t *testing.T) {
			// The documents are of several applications.
			test.object.Spec.Chart = fmt.Appendf(nil, `{"spec": {"sourceRef": {"kind": %q, "name": %q}}}`, test.source.Kind, test.source.Name)
			check(t, test.object.judge([]*object{test.source, test.object}, test.chart), test.want, test.message)
		})
	}
}

// A release may be made of an OCI artifact itself. Source: HelmRelease's
// lastAttemptedRevisionDigest in helm-controller's API docs.
func TestReleasesOfAnArtifact(t *testing.T) {
	const digest = "sha256:2ff9525d44cb0cac200a70e661ad594d4d1306eb81c74d163c8e01a63d1384fc"
	release := func(digest string) *object {
		return load(t, "helmrelease-ready", set(nil, "spec", "chart"), set(nil, "status", "helmChart"),
			set(fields{"kind": "OCIRepository", "name": "podinfo"}, "spec", "chartRef"),
			set("6.9.2+2ff9525d44cb", "status", "lastAttemptedRevision"), set(digest, "status", "lastAttemptedRevisionDigest"))
	}
	for name, test := range map[string]struct {
		revision, attempted string
		want, message       string
	}{
		"ready":             {"6.9.2@" + digest, digest, "Ready 6.9.2 InstallSucceeded", ""},
		"without a tag":     {digest, digest, "Ready 6.9.2 InstallSucceeded", ""},
		"the tag moved on":  {"6.9.2@" + digest, "sha256:00", "Waiting 6.9.2 NotCurrent", "it is yet to come to " + digest},
		"nothing attempted": {"6.9.2@" + digest, "", "Waiting 6.9.2 NotCurrent", "(it is at none)"},
		"no artifact":       {"", digest, "Waiting 6.9.2 NotCurrent", "ocirepository/podinfo has no revision yet"},
	} {
		t.Run(name, func(t *testing.T) {
			source := load(t, "git-ready", set("podinfo", "metadata", "name"), set("OCIRepository", "kind"), set(test.revision, "status", "artifact", "revision"))
			release := release(test.attempted)
			both := []*object{source, release}
			check(t, release.judge(both, nil), test.want, test.message)
		})
	}
}

func TestWhatMembersSayIsBounded(t *testing.T) {
	long := strings.Repeat("x\n", 5000)
	got := load(t, "kustomization-failed", conditions(func(c fields) { c["message"], c["reason"] = long, long }),
		set(long, "status", "lastAppliedRevision")).own()
	for what, said := range map[string]string{"revision": got.Revision, "reason": got.Reason, "message": got.Message} {
		if len(said) > 600 || strings.Contains(said, "\n") || !strings.HasSuffix(said, "…") {
			t.Errorf("the %s has %d bytes: %q", what, len(said), said)
		}
	}
	if got := text("a\xff\tb \r\n c", 100); got != "a\ufffd b c" {
		t.Errorf("got %q", got)
	}
}

func TestShort(t *testing.T) {
	const hash = "9a853af1e3b54c9f8f6b5cf2d1d4f6a7c8e9f001"
	for revision, want := range map[string]string{
		"":                                 "",
		"master@sha1:" + hash:              "master@9a853af",
		"refs/heads/main@sha1:" + hash:     "refs/heads/main@9a853af",
		"sha1:" + hash:                     "9a853af",
		"main/" + hash:                     "main@9a853af", // before Flux 2.0
		"6.9.2@sha256:" + hash + hash[:24]: "6.9.2@9a853af",
		"sha256:" + hash + hash[:24]:       "9a853af",
		"6.9.2":                            "6.9.2",
		"6.9.2+9a853af1e3b5":               "6.9.2+9a853af1e3b5",
		"release/1.2":                      "release/1.2",
		"master@sha1:no-hash-but-long-enough-for-being-one": "master@sha1:no-hash-but-long-enough-for-being-one",
	} {
		if got := Short(revision); got != want {
			t.Errorf("Short(%q) is %q, want %q", revision, got, want)
		}
	}
}
