package plan_test

import (
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

func TestEmptyDestinationsCanBeAllowed(t *testing.T) {
	const nowhere = "destination: {fleet: all, clusterSelector: {matchLabels: {a: b}}}, " + aKustomization
	for name, test := range map[string]struct {
		app  app
		want string
	}{
		"one of two":           {app{policies: []string{nowhere, "destination: {fleet: some}, " + aKustomization}}, "two: gitrepository/shop kustomization/shop-1; three: gitrepository/shop kustomization/shop-1"},
		"all":                  {app{policies: []string{nowhere, nowhere}}, ""},
		"empty fleet":          {app{destination: "{fleet: empty}"}, ""},
		"application's":        {app{destination: "{fleet: all, clusterSelector: {matchLabels: {a: b}}}"}, ""},
		"that is not the host": {app{policies: []string{nowhere, aKustomization}}, "host: gitrepository/shop kustomization/shop-1"},
	} {
		t.Run(name, func(t *testing.T) {
			built, err := plan.BuildAllowingEmpty(test.app.parse(t), owner(), someFleets().resolve)
			if err != nil {
				t.Fatal(err)
			}
			if got := shape(built); got != test.want {
				t.Errorf("got\n  %s, want\n  %s", got, test.want)
			}
		})
	}
	// Nothing else is.
	for _, destination := range []string{"{fleet: none}", "{fleet: lost}", "{fleet: ''}"} {
		if _, err := plan.BuildAllowingEmpty(app{destination: destination}.parse(t), owner(), someFleets().resolve); err == nil {
			t.Errorf("destination %s is allowed", destination)
		}
	}
}

// Who only looks sees also what does not exist, and where an application goes
// that nobody selects.
func TestBuildToShow(t *testing.T) {
	for destination, want := range map[string]string{
		"{fleet: lost}":  "one: gitrepository/shop kustomization/shop-0; gone: gitrepository/shop kustomization/shop-0",
		"{fleet: empty}": "",
	} {
		built, err := plan.BuildToShow(app{destination: destination}.parse(t), owner(), someFleets().resolve)
		if err != nil {
			t.Fatal(err)
		}
		if got := shape(built); got != want {
			t.Errorf("%s: got\n  %s, want\n  %s", destination, got, want)
		}
	}
	if _, err := plan.BuildToShow(app{destination: "{fleet: none}"}.parse(t), owner(), someFleets().resolve); err == nil {
		t.Error("a fleet that does not exist is no error")
	}
}
