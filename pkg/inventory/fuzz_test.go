package inventory

import (
	"bytes"
	"compress/gzip"
	"reflect"
	"slices"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

// Whoever may write Secrets on the host may write a record: it is read as it is,
// or refused, and what it lists does not get lost.
func FuzzRecord(f *testing.F) {
	for _, seed := range []string{
		`{"epoch":1}`, `{"epoch":0}`, `{}`, `null`, `[]`, `{"epoch":1e99}`, `{"epoch":1,"members":null,"run":null}`, `{"epoch":1,"members":[]}`,
		`{"epoch":2,"members":[{"kind":"AttachedCluster","name":"a","uid":"1","objects":[{"group":"g","version":"v1","resource":"rs","kind":"R","namespace":"n","name":"x","uid":"2","applied":"2026-01-02T03:04:05Z","generation":3}]}]}`,
		`{"epoch":2,"members":[{"kind":"AttachedCluster","name":"a","objects":[{"version":"v1","resource":"rs","kind":"R","name":"x"}]}]}`,
		`{"epoch":2,"members":[{"kind":"A","name":"a","objects":[{},{}]},{"kind":"A","name":"a","objects":[]}]}`,
		`{"epoch":3,"run":{"verb":"deployed","holder":"\u001b[31m","pid":-1,"started":"2026-01-02T03:04:05Z","renewed":"2026-01-02T03:04:05Z"},"application":{"a":[1]},"history":[{"replaced":"2026-01-02T03:04:05Z","application":null}]}`,
		`{"epoch":1,"epoch":2}`, `{"epoch":1} trailing`, "\x00\xff",
	} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, data []byte, zipped bool) {
		if zipped {
			var out bytes.Buffer
			zip := gzip.NewWriter(&out)
			_, _ = zip.Write(data)
			_ = zip.Close()
			data = out.Bytes()
		}
		record, err := decode(data)
		if err != nil {
			return
		}
		again, err := encode(record)
		if err != nil {
			t.Fatal(err)
		}
		same, err := decode(again)
		if err != nil || !slices.EqualFunc(same.Members, record.Members, func(a, b Member) bool { return reflect.DeepEqual(a, b) }) || same.Epoch != record.Epoch {
			t.Fatalf("written and read again it is %+v, and was %+v: %v", same, record, err)
		}
		listed := objectsOf(record)
		record.intend([]Placement{{Kind: "AttachedCluster", Name: "a", Objects: []plan.Identity{{Version: "v1", Resource: "rs", Kind: "R", Name: "new"}}}})
		record.settle([]Outcome{{Kind: "AttachedCluster", Name: "a", NotMade: []plan.Identity{{Version: "v1", Resource: "rs", Kind: "R", Name: "new"}}}})
		if left := objectsOf(record); left < listed {
			t.Errorf("a run that did nothing lost %d of %d objects", listed-left, listed)
		}
	})
}

func objectsOf(record *Record) int {
	n := 0
	for _, member := range record.Members {
		n += len(member.Objects)
	}
	return n
}
