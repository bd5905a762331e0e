package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	kyaml "sigs.k8s.io/yaml"
)

// costs are what a run took too much of, and whether it ended as it should have.
func (c *crowd) costs(command string, did observed) []string {
	var wrong []string
	code := 3
	switch {
	case strings.HasSuffix(command, " -w"):
		code = 0
	case strings.HasPrefix(command, "check"):
		code = 1
	}
	if did.code != code {
		wrong = append(wrong, fmt.Sprintf("exit code %d, want %d: %.1000q", did.code, code, did.stderr))
	}
	if most := c.interrupt(command) + 2*memberTime + maxOver; did.took > most {
		wrong = append(wrong, fmt.Sprintf("it took %s, want %s at most", did.took, most))
	}
	if did.resident > maxResident {
		wrong = append(wrong, fmt.Sprintf("%d MB were resident, want %d at most", did.resident>>20, maxResident>>20))
	}
	if said := len(did.stderr); said > maxSaid*len(c.behaviours) {
		wrong = append(wrong, fmt.Sprintf("%d KB are on stderr", said>>10))
	}
	return wrong
}

// differences are what the healthy members' part of a run is not, and was
// without the others.
func (c *crowd) differences(command string, did observed) []string {
	c.t.Helper()
	wrong := did.unwell(nil)
	switch verb := strings.Fields(command)[0]; {
	case verb == "deploy", verb == "delete":
		present, err := c.present()
		if err != nil {
			c.t.Fatal(err)
		}
		want := 0
		if verb == "deploy" {
			want = 2 * len(members) // a source and a Kustomization in each
		}
		if len(present) != want {
			wrong = append(wrong, fmt.Sprintf("in the healthy members is %s", keys(present)))
		}
	case verb == "status", strings.Contains(command, "gitrepositories"): // which goes by the clock
	default:
		alone := c.observe(c.interrupt(command), c.arguments(command, "all", memberTime, nil)...)
		if is, was := did.healthy(command), alone.healthy(command); !slices.Equal(is, was) || len(was) == 0 {
			wrong = append(wrong, fmt.Sprintf("of the healthy members it says %q, and without the others %q", is, was))
		}
	}
	return wrong
}

// healthy is what a run says of the healthy members: the rows of a table, or the
// items of a document.
func (o observed) healthy(command string) []string {
	if !strings.Contains(command, "-o json") && !strings.Contains(command, "-o yaml") {
		return o.rows()
	}
	var found []string
	for _, item := range o.items() {
		if text := marshal(item); slices.ContainsFunc(members[:], func(member string) bool { return owner(item) == member }) {
			found = append(found, text)
		}
	}
	slices.Sort(found)
	return found
}

// names tells whether a document names a member with a reason.
func (o observed) names(member string) bool {
	return slices.ContainsFunc(o.items(), func(item map[string]any) bool {
		return owner(item) == member && aReason.MatchString(marshal(item))
	})
}

// items are all objects of a document that say which member they are of.
func (o observed) items() []map[string]any {
	if !strings.HasPrefix(o.stdout, "{") && !strings.HasPrefix(o.stdout, "apiVersion:") {
		return nil
	}
	var document any
	if err := kyaml.Unmarshal([]byte(o.stdout), &document); err != nil {
		return nil
	}
	var found []map[string]any
	walk("", document, func(_ string, value any) any {
		if is, ok := value.(map[string]any); ok && owner(is) != "" {
			found = append(found, is)
		}
		return value
	})
	return found
}

// owner is the member that an item of a document says it is of.
func owner(item map[string]any) string {
	if cluster, ok := item["cluster"].(string); ok {
		return cluster
	}
	if metadata, ok := item["metadata"].(map[string]any); ok {
		annotations, _ := metadata["annotations"].(map[string]any)
		cluster, _ := annotations["fleetapp.kurator.dev/cluster"].(string)
		return cluster
	}
	if item["kind"] == "AttachedCluster" {
		name, _ := item["name"].(string)
		return name
	}
	return ""
}

func marshal(item map[string]any) string {
	item = maps.Clone(item)
	delete(item, "metadata") // whose time and version go by the clock
	text, err := json.Marshal(item)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
