package deploy_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/deploy"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/manifest"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

// cluster is a member that keeps what it is sent, and has nobody who finalises
// anything.
type cluster struct {
	t   *testing.T
	uid string
	// refuse answers requests in place of the cluster, by method and name of the
	// object, such as "PATCH web".
	refuse map[string]int
	// stuck are objects whose finalizers never run.
	stuck []string

	mutex   sync.Mutex // guards the fields below
	objects map[string]object
	dry     int // requests that write, and are dry runs
	wrote   int // all others that write
}

func newCluster(t *testing.T, uid string) *cluster {
	return &cluster{t: t, uid: uid, refuse: map[string]int{}, objects: map[string]object{}}
}

func (c *cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	name := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	if r.URL.Query().Get("watch") == "true" {
		refuse(w, http.StatusForbidden, "Forbidden")
		return
	}
	dry := r.URL.Query().Get("dryRun") == "All" || strings.Contains(string(body), `"dryRun":["All"]`)
	switch {
	case r.Method == http.MethodGet:
	case dry:
		c.dry++
	default:
		c.wrote++
	}
	found := c.objects[r.URL.Path]
	switch code := c.refuse[r.Method+" "+name]; {
	case code != 0:
		refuse(w, code, http.StatusText(code))
	case r.Method == http.MethodGet && name == "kube-system":
		answer(w, http.StatusOK, object{"metadata": object{"uid": c.uid}})
	case r.Method == http.MethodPatch:
		c.patch(w, r, body, dry)
	case found == nil:
		refuse(w, http.StatusNotFound, "NotFound")
	case r.Method == http.MethodGet:
		answer(w, http.StatusOK, found)
	case r.Method == http.MethodDelete && slices.Contains(c.stuck, name):
		metadata, _ := found["metadata"].(object)
		metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
		answer(w, http.StatusOK, found)
	case r.Method == http.MethodDelete:
		if !dry {
			delete(c.objects, r.URL.Path)
		}
		answer(w, http.StatusOK, object{"kind": "Status", "status": "Success"})
	default:
		c.t.Errorf("unexpected request to cluster %s: %s %s", c.uid, r.Method, r.URL)
	}
}

// patch creates only where there is none: that is what a resourceVersion that
// no object has stands for.
func (c *cluster) patch(w http.ResponseWriter, r *http.Request, body []byte, dry bool) {
	var sent object
	if err := json.Unmarshal(body, &sent); err != nil {
		c.t.Error(err)
	}
	metadata, _ := sent["metadata"].(object)
	code := http.StatusCreated
	if c.objects[r.URL.Path] != nil {
		code = http.StatusOK
		if metadata["resourceVersion"] != nil {
			refuse(w, http.StatusConflict, "Conflict")
			return
		}
	}
	delete(metadata, "resourceVersion")
	metadata["uid"] = c.uid + r.URL.Path
	if !dry {
		c.objects[r.URL.Path] = sent
	}
	answer(w, code, sent)
}

// has are the names of what is in the cluster.
func (c *cluster) has() string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return names(c.objects)
}

func names(objects map[string]object) string {
	var all []string
	for path := range objects {
		all = append(all, path[strings.LastIndex(path, "/")+1:])
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// world is a host, and clusters that names lead to.
type world struct {
	deploy.Options
	t    *testing.T
	host *host
	// leads says which cluster each name leads to; nil cannot be reached.
	leads map[string]*cluster
	// change changes the works of a run.
	change func(*deploy.Work)

	events  []deploy.Event
	summary deploy.Summary
}

func newWorld(t *testing.T, leads map[string]*cluster) *world {
	return &world{
		t: t, host: &host{}, leads: leads,
		Options: deploy.Options{Parallel: 8, MemberTimeout: 5 * time.Second},
	}
}

func (w *world) record() *inventory.Inventory {
	w.t.Helper()
	record, err := inventory.Read(w.t.Context(), serve(w.t, w.host.handler(w.t))(), "default", "shop", time.Now)
	if err != nil {
		w.t.Fatal(err)
	}
	return record
}

// works are those of an application that has these policies, such as
// "web@one+two".
func (w *world) works(record *inventory.Inventory, policies ...string) []deploy.Work {
	w.t.Helper()
	wanted := &plan.Plan{}
	if len(policies) > 0 {
		text := "{apiVersion: apps.kurator.dev/v1alpha1, kind: Application, metadata: {name: shop, namespace: default}," +
			" spec: {source: {gitRepository: {url: x}}, syncPolicies: ["
		for _, policy := range policies {
			name, member, _ := strings.Cut(policy, "@")
			text += fmt.Sprintf("{name: %s, destination: {fleet: %s}, kustomization: {path: x}},", name, member)
		}
		read, err := manifest.Parse("f", []byte(text+"]}}"))
		if err != nil {
			w.t.Fatal(err)
		}
		wanted, err = plan.Build(read[0].Application, owner(), func(to *appsv1alpha1.ApplicationDestination) ([]fleet.Member, error) {
			var all []fleet.Member
			for _, name := range strings.Split(to.Fleet, "+") {
				all = append(all, attached(name))
			}
			return all, nil
		})
		if err != nil {
			w.t.Fatal(err)
		}
	}
	works := deploy.ToDeploy(wanted, record.Members(), lookup)
	for i := range works {
		if w.change != nil {
			w.change(&works[i])
		}
	}
	return works
}

// run brings the world to these policies; none delete all.
func (w *world) run(policies ...string) {
	w.t.Helper()
	record := w.record()
	w.events = nil
	engine := deploy.Engine{
		Owner: owner(), Options: w.Options, Now: time.Now,
		Connect: func(_ context.Context, m fleet.Member) (*fleet.Client, error) {
			if w.leads[m.Name] == nil {
				return nil, errors.New("no way to " + m.Name)
			}
			return serve(w.t, w.leads[m.Name].ServeHTTP)(), nil
		},
		Emit: func(e deploy.Event) { w.events = append(w.events, e) },
	}
	var err error
	w.summary, err = engine.Run(w.t.Context(), record, inventory.Run{Verb: "deployed", Holder: "me@here"}, nil, w.works(record, policies...))
	if err != nil {
		w.t.Fatal(err)
	}
}

// lists is the inventory, a member a line.
func (w *world) lists() string {
	w.t.Helper()
	var lines []string
	for _, m := range w.record().Members() {
		line := m.Name + "(" + string(m.UID) + ")"
		for _, entry := range m.Objects {
			line += " " + entry.Name
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// said is what became of the members, one a line.
func (w *world) said() string {
	var lines []string
	for _, event := range w.events {
		line := event.Member.Name + ":"
		for _, object := range event.Objects {
			if object.Err == nil {
				line += " " + object.Name + " " + string(object.Action) + ","
			}
		}
		line = strings.TrimSuffix(line, ",")
		for _, err := range event.Errs {
			line += " failed: " + err.Error()
		}
		for _, err := range event.GaveUp {
			line += " gave up: " + err.Error()
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// check compares what was said, and what the inventory lists after that.
func (w *world) check(said, lists string) {
	w.t.Helper()
	if got := w.said(); got != said {
		w.t.Errorf("said\n%s\nwant\n%s", got, said)
	}
	if got := w.lists(); got != lists {
		w.t.Errorf("lists\n%s\nwant\n%s", got, lists)
	}
}

// only skips all members but these.
func only(members ...string) func(*deploy.Work) {
	return func(w *deploy.Work) { w.Skip = !slices.Contains(members, w.Member.Name) }
}
