package cmd

import (
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/deploy"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

func TestOverlaps(t *testing.T) {
	one := func(application, cluster string, id plan.Identity) job {
		return job{
			owner: plan.Owner{Namespace: "default", Application: application},
			works: []deploy.Work{{
				Member: fleet.Member{Kind: fleet.KindAttachedCluster, Name: cluster}, Wanted: []*plan.Object{{Identity: id}},
			}},
		}
	}
	web := plan.Identity{Group: "kustomize.toolkit.fluxcd.io", Version: "v1", Kind: "Kustomization", Namespace: "default", Name: "web"}
	elsewhere, older, secret := web, web, plan.Identity{Version: "v1", Kind: "Secret", Name: "auth"}
	elsewhere.Namespace, older.Version = "other", "v1beta2"
	const both = `application default/b: kustomization/web of cluster "east" is also application default/a's; give one of the policies another name`
	for name, test := range map[string]struct {
		jobs []job
		want string
	}{
		"the same":            {[]job{one("a", "east", web), one("b", "east", web)}, both},
		"in another version":  {[]job{one("a", "east", web), one("b", "east", older)}, both},
		"in another cluster":  {[]job{one("a", "east", web), one("b", "west", web)}, ""},
		"in another folder":   {[]job{one("a", "east", web), one("b", "east", elsewhere)}, ""},
		"what both refer to":  {[]job{one("a", "east", secret), one("b", "east", secret)}, ""},
		"of one application":  {[]job{one("a", "east", web)}, ""},
		"of none that deploy": {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if err := overlaps(test.jobs); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
