package inventory

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

func id(name string) plan.Identity {
	return plan.Identity{Group: "g", Version: "v1", Resource: "things", Kind: "Thing", Namespace: "ns", Name: name}
}

func place(member string, names ...string) Placement {
	p := Placement{Kind: "AttachedCluster", Name: member}
	for _, name := range names {
		p.Objects = append(p.Objects, id(name))
	}
	return p
}

// learn is an outcome: present objects begin with +, gone ones with -.
func learn(member string, uid types.UID, signed ...string) Outcome {
	o := Outcome{Kind: "AttachedCluster", Name: member, UID: uid}
	for _, name := range signed {
		if name[0] == '+' {
			o.Present = append(o.Present, Entry{Identity: id(name[1:]), UID: types.UID("uid-" + name[1:]), Applied: "now"})
		} else {
			o.Gone = append(o.Gone, id(name[1:]))
		}
	}
	return o
}

// lines is a record as text: a member, its UID, its objects with theirs.
func lines(r *Record) string {
	var all []string
	for _, m := range r.Members {
		line := m.Name + "(" + string(m.UID) + ")"
		for _, e := range m.Objects {
			line += " " + e.Name
			if e.UID != "" {
				line += "=" + string(e.UID)
			}
		}
		all = append(all, line)
	}
	return strings.Join(all, "\n")
}

func TestIntendAndSettle(t *testing.T) {
	type step func(*Record)
	intend := func(p ...Placement) step { return func(r *Record) { r.intend(p) } }
	settle := func(o ...Outcome) step { return func(r *Record) { r.settle(o) } }
	for name, test := range map[string]struct {
		steps []step
		want  string
	}{
		"intended":             {[]step{intend(place("one", "a", "b"), place("two", "a"))}, "one() a b\ntwo() a"},
		"twice":                {[]step{intend(place("one", "a")), intend(place("one", "a", "b"))}, "one() a b"},
		"nothing learned":      {[]step{intend(place("one", "a")), settle()}, "one() a"},
		"no answer":            {[]step{intend(place("one", "a")), settle(learn("one", ""))}, "one() a"},
		"seen":                 {[]step{intend(place("one", "a", "b")), settle(learn("one", "c1", "+a"))}, "one(c1) a=uid-a b"},
		"gone":                 {[]step{intend(place("one", "a", "b")), settle(learn("one", "c1", "-a"))}, "one(c1) b"},
		"all gone":             {[]step{intend(place("one", "a")), settle(learn("one", "c1", "-a"))}, ""},
		"gone elsewhere":       {[]step{intend(place("one", "a"), place("two", "a")), settle(learn("one", "", "-a"))}, "two() a"},
		"never intended":       {[]step{settle(learn("one", "c1", "+a"))}, "one(c1) a=uid-a"},
		"unknown member":       {[]step{settle(learn("one", "c1"))}, ""},
		"intended anew":        {[]step{intend(place("one", "a")), settle(learn("one", "c1", "+a")), intend(place("one", "a", "b"))}, "one(c1) a=uid-a b"},
		"another cluster":      {[]step{intend(place("one", "a")), settle(learn("one", "c1", "+a")), settle(learn("one", "c2", "+b"))}, "one(c1) a=uid-a\none(c2) b=uid-b"},
		"gone from the latter": {[]step{intend(place("one", "a")), settle(learn("one", "c1", "+a")), settle(learn("one", "c2", "-a"))}, "one(c1) a=uid-a"},
		"back at the former": {
			[]step{settle(learn("one", "c1", "+a")), settle(learn("one", "c2", "+b")), settle(learn("one", "c1", "-a"))}, "one(c2) b=uid-b",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := &Record{}
			for _, step := range test.steps {
				step(r)
			}
			if got := lines(r); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestTheKindTellsMembersApart(t *testing.T) {
	r := &Record{}
	r.intend([]Placement{{Kind: "AttachedCluster", Name: "a", Objects: []plan.Identity{id("x")}}, {Kind: "Cluster", Name: "a", Objects: []plan.Identity{id("x")}}})
	if len(r.Members) != 2 {
		t.Errorf("got %s", lines(r))
	}
}

// Whatever happens in whatever order: what was intended or seen in a cluster
// stays in the record until that cluster confirmed that it is gone.
func TestTheLaw(t *testing.T) {
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 7))
		r, may := &Record{}, map[string]bool{}
		pick := func() string { return string(rune('a' + random.IntN(4))) }
		for range 40 {
			member := fmt.Sprintf("m%d", random.IntN(3))
			name := pick()
			key := member + "/" + name
			switch random.IntN(3) {
			case 0:
				r.intend([]Placement{place(member, name)})
				may[key] = true
			case 1:
				r.settle([]Outcome{learn(member, types.UID("c-"+member), "+"+name)})
				may[key] = true
			case 2:
				r.settle([]Outcome{learn(member, types.UID("c-"+member), "-"+name)})
				delete(may, key)
			}
			is := map[string]bool{}
			for _, m := range r.Members {
				for _, e := range m.Objects {
					if at := m.Name + "/" + e.Name; is[at] {
						t.Fatalf("seed %d: %s is there twice", seed, at)
					} else {
						is[at] = true
					}
				}
				if len(m.Objects) == 0 {
					t.Fatalf("seed %d: %s is empty", seed, m.Name)
				}
			}
			if !reflect.DeepEqual(is, may) {
				t.Fatalf("seed %d: recorded %v, may be there %v", seed, is, may)
			}
			if random.IntN(8) > 0 {
				continue
			}
			data, err := encode(withEpoch(r))
			if err != nil {
				t.Fatal(err)
			}
			if r, err = decode(data); err != nil { // each run reads it anew
				t.Fatal(err)
			}
		}
	}
}

func withEpoch(r *Record) *Record { r.Epoch++; return r }

func TestRevise(t *testing.T) {
	r := &Record{}
	at := time.Unix(0, 0)
	for i := range 15 {
		manifest := json.RawMessage(fmt.Sprintf(`{"revision":%d}`, i))
		r.revise(manifest, at.Add(time.Duration(i)*time.Hour))
		r.revise(manifest, at) // the same is no revision
	}
	if string(r.Application) != `{"revision":14}` || len(r.History) != maxHistory {
		t.Fatalf("the last is %s after %d earlier ones", r.Application, len(r.History))
	}
	for i, revision := range r.History {
		if want := fmt.Sprintf(`{"revision":%d}`, 13-i); string(revision.Application) != want || !revision.Replaced.Equal(at.Add(time.Duration(14-i)*time.Hour)) {
			t.Errorf("revision %d is %s, replaced %v", i, revision.Application, revision.Replaced)
		}
	}
}

// An application that is to be nowhere keeps its manifests, and no one that is
// asked for.
func TestReviseToNowhere(t *testing.T) {
	r := &Record{Epoch: 1}
	r.revise(json.RawMessage(`{"a":1}`), time.Now())
	r.revise(Nowhere(), time.Now())
	data, err := encode(r)
	if err != nil {
		t.Fatal(err)
	}
	if r, err = decode(data); err != nil {
		t.Fatal(err)
	}
	r.revise(Nowhere(), time.Now())
	if r.Application != nil || len(r.History) != 1 || string(r.History[0].Application) != `{"a":1}` {
		t.Errorf("it became %s after %v", r.Application, r.History)
	}
}

// A manifest that was only stored and read again has not changed.
func TestAManifestThatWasStoredIsTheSame(t *testing.T) {
	manifest, err := json.Marshal(map[string]any{"text": "<a> & \u2028 é", "number": 1.0})
	if err != nil {
		t.Fatal(err)
	}
	r := &Record{Epoch: 1}
	r.revise(manifest, time.Now())
	data, err := encode(r)
	if err != nil {
		t.Fatal(err)
	}
	if r, err = decode(data); err != nil {
		t.Fatal(err)
	}
	if r.revise(manifest, time.Now()); len(r.History) != 0 {
		t.Errorf("it became %s", r.Application)
	}
}

func zip(plain []byte) []byte {
	var out bytes.Buffer
	writer := gzip.NewWriter(&out)
	_, _ = writer.Write(plain)
	_ = writer.Close()
	return out.Bytes()
}

func TestDecodeRefuses(t *testing.T) {
	valid := zip([]byte(`{"epoch":1}`))
	if _, err := decode(valid); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"nothing": nil, "no gzip": []byte(`{"epoch":1}`), "cut off": valid[:len(valid)-4], "trailing": append(bytes.Clone(valid), 'x'),
		"no JSON": zip([]byte("x")), "wrong JSON": zip([]byte(`{"epoch":1,"members":{}}`)), "two values": zip([]byte(`{"epoch":1}{"epoch":2}`)),
		"null": zip([]byte("null")), "no epoch": zip([]byte("{}")), "negative epoch": zip([]byte(`{"epoch":-1}`)),
		"bomb": bytes.Repeat(zip(make([]byte, 1<<20)), maxRecord>>20+1), // gzip's members count as one
	} {
		if record, err := decode(data); err == nil {
			t.Errorf("%s: it is read as %+v", name, record)
		}
	}
}
