package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"

	kyaml "sigs.k8s.io/yaml"
)

// outcome is what may become of a member with a certain kubeconfig.
type outcome int

const (
	// refused is BadKubeconfig, by the name of a field.
	refused outcome = iota
	// harmless is one whose hostile part does not count: the member answers.
	harmless
	// whatever is any of these, or a member that cannot be reached.
	whatever
)

// lure is one hostile kubeconfig.
type lure struct {
	what string
	text []byte
	outcome
	// named are the words of which a refusal has one at the least.
	named []string
}

// lures generates hostile kubeconfigs.
type lures struct {
	traps  *traps
	fields []field
	// listed is the server of kubeconfigs that are refused, and so a trap, too;
	// good one that answers, with its authority.
	listed, good string
	authority    string
	all          []lure
}

func newLures(traps *traps, good string, authority []byte) *lures {
	l := &lures{
		traps: traps, fields: refusedFields(traps), good: good, authority: base(authority),
		listed: "https://" + traps.listen("the server of a kubeconfig that is refused"),
	}
	l.alone()
	l.mixed()
	l.unused()
	l.servers()
	l.shapes()
	return l
}

// config is a kubeconfig with what is added to its cluster and its user.
func (l *lures) config(server string, cluster, user object) object {
	whole := object{"server": server, "certificate-authority-data": l.authority}
	maps.Copy(whole, cluster)
	credentials := object{"token": canary}
	maps.Copy(credentials, user)
	return object{
		"apiVersion": "v1", "kind": "Config", "current-context": "at",
		"contexts": []any{object{"name": "at", "context": object{"cluster": "there", "user": "me", "namespace": "x"}}},
		"clusters": []any{object{"name": "there", "cluster": whole}},
		"users":    []any{object{"name": "me", "user": credentials}},
	}
}

// add adds a kubeconfig as JSON and as YAML.
func (l *lures) add(what string, config object, becomes outcome, named ...string) {
	asJSON, err := json.Marshal(config)
	if err != nil {
		l.traps.t.Fatal(err)
	}
	asYAML, err := kyaml.JSONToYAML(asJSON)
	if err != nil {
		l.traps.t.Fatal(err)
	}
	l.text(what+", JSON", string(asJSON), becomes, named...)
	l.text(what+", YAML", string(asYAML), becomes, named...)
}

func (l *lures) text(what, text string, becomes outcome, named ...string) {
	l.all = append(l.all, lure{what, []byte(text), becomes, named})
}

// with is a kubeconfig with some fields set to values.
func (l *lures) with(server string, values map[int]any) (config object, named []string) {
	cluster, user := object{}, object{}
	for i, value := range values {
		into := user
		if l.fields[i].inCluster {
			into = cluster
		}
		into[l.fields[i].name] = value
		named = append(named, "the kubeconfig holds "+l.fields[i].name+",")
	}
	return l.config(server, cluster, user), named
}

// alone is each field by itself, in each of its values, and in none.
func (l *lures) alone() {
	for i, field := range l.fields {
		for at, value := range field.values {
			config, named := l.with(l.listed, map[int]any{i: value})
			l.add(fmt.Sprintf("%s alone, value %d", field.name, at), config, refused, named...)
		}
		config, _ := l.with(l.good, map[int]any{i: nil})
		l.add(field.name+" that is null", config, harmless)
	}
}

// mixed are fields together: each pair, many at random, and all.
func (l *lures) mixed() {
	random := rand.New(rand.NewPCG(1, 2))
	mixture := func(what string, fields ...int) {
		values := map[int]any{}
		for _, i := range fields {
			values[i] = l.fields[i].values[random.IntN(len(l.fields[i].values))]
		}
		config, named := l.with(l.listed, values)
		l.add(what, config, refused, named...)
	}
	for i := range l.fields {
		for j := range i {
			mixture(l.fields[i].name+" and "+l.fields[j].name, i, j)
		}
	}
	for at := range 60 {
		fields := random.Perm(len(l.fields))[:3+random.IntN(len(l.fields)-3)]
		mixture(fmt.Sprintf("mixture %d", at), fields...)
	}
	mixture("all fields", random.Perm(len(l.fields))...)
}

// unused are hostile users, clusters and contexts that the current context does
// not name, and what nobody reads.
func (l *lures) unused() {
	for _, field := range l.fields {
		config := l.config(l.good, nil, nil)
		list, kind := "users", "user"
		if field.inCluster {
			list, kind = "clusters", "cluster"
		}
		others, _ := config[list].([]any)
		config[list] = append([]any{object{"name": "other", kind: object{field.name: field.values[0]}}}, others...)
		contexts, _ := config["contexts"].([]any)
		config["contexts"] = append(contexts, object{"name": "other", "context": object{"cluster": "there", "user": "me", kind: "other"}})
		l.add(field.name+" where it is not used", config, harmless)

		config = l.config(l.good, nil, nil)
		config[field.name] = field.values[0]
		config["preferences"] = object{field.name: field.values[0], "extensions": []any{object{"name": field.name, "extension": field.values[0]}}}
		config["extensions"] = []any{object{"name": field.name, "extension": object{field.name: field.values[0]}}}
		l.add(field.name+" where it means nothing", config, harmless)
	}
	for _, typo := range []object{{"Exec": commands2run(l.traps)[3]}, {"EXEC": object{}}, {"TokenFile": "/" + canary}, {"token-file": "/" + canary}, {"execConfig": object{"command": l.traps.script}}} {
		l.add(fmt.Sprintf("no field: %.40v", typo), l.config(l.good, nil, typo), harmless)
	}
	extension := []any{object{"name": "client.authentication.k8s.io/exec", "extension": object{"command": l.traps.script}}}
	l.add("an extension for exec", l.config(l.good, object{"extensions": extension}, nil), harmless)
}
