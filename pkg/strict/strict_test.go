package strict_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/strict"
)

type chart struct {
	Interval metav1.Duration `json:"interval,omitempty"`
	Version  string          `json:"version,omitempty"`
}

type release struct {
	metav1.TypeMeta `json:",inline"`

	Name   string             `json:"name"`
	Chart  *chart             `json:"chart"`
	Parts  []chart            `json:"parts"`
	Any    map[string]any     `json:"any"`
	Labels map[string]string  `json:"labels"`
	Count  *int32             `json:"count"`
	On     bool               `json:"on"`
	Port   intstr.IntOrString `json:"port"`
	Data   []byte             `json:"data"`
	Raw    []json.RawMessage  `json:"raw"`
	Hidden string             `json:"-"`
}

func TestDecode(t *testing.T) {
	for name, test := range map[string]struct {
		raw  string
		want string
	}{
		"fine":             {`{"name": "a", "chart": {"interval": "1m"}, "any": {"b": 1}, "count": 3, "raw": [{}], "kind": "K"}`, ""},
		"null is nothing":  {`{"name": null, "chart": null, "parts": null, "any": null, "count": null}`, ""},
		"unknown field":    {`{"nom": "a"}`, `nom: unknown field`},
		"slip":             {`{"nmae": "a"}`, `nmae: unknown field (did you mean "name"?)`},
		"unknown, deep":    {`{"parts": [{}, {"versions": 1}]}`, `parts[1].versions: unknown field (did you mean "version"?)`},
		"inlined":          {`{"knid": "a"}`, `knid: unknown field (did you mean "kind"?)`},
		"case matters":     {`{"Name": "a"}`, `Name: unknown field (did you mean "name"?)`},
		"hidden":           {`{"Hidden": "a"}`, `Hidden: unknown field`},
		"twice":            {`{"name": "a", "name": "b"}`, `name: is there twice`},
		"several":          {`{"a": 1, "b": 2}`, "a: unknown field\nb: unknown field"},
		"text for number":  {`{"count": "3"}`, `count: is the string "3", and should be a whole number`},
		"number for text":  {`{"chart": {"version": 1}}`, `chart.version: is the number 1, and should be a string: put it in quotes`},
		"bool for text":    {`{"chart": {"version": true}}`, `chart.version: is true, and should be a string: put it in quotes`},
		"map for text":     {`{"chart": {"version": {}}}`, `chart.version: is a map, and should be a string`},
		"fraction":         {`{"count": 1.5}`, `count: is the number 1.5, and should be a whole number`},
		"too large":        {`{"count": 1e400}`, `count: is the number 1e400, and should be a whole number`},
		"text for bool":    {`{"on": "yes"}`, `on: is the string "yes", and should be true or false`},
		"list for map":     {`{"chart": []}`, `chart: is a list, and should be a map`},
		"map for list":     {`{"parts": {}}`, `parts: is a map, and should be a list`},
		"text for any map": {`{"any": "x"}`, `any: is the string "x", and should be a map`},
		"in a map":         {`{"labels": {"a/b": 1}}`, `labels[a/b]: is the number 1, and should be a string: put it in quotes`},
		"duration":         {`{"name": "a", "chart": {"interval": "1 day"}}`, `chart.interval: is the string "1 day", and should be a duration, such as "5m" or "1h30m"`},
		"decodes itself":   {`{"port": {}}`, `port: is a map, which cannot stand here`},
		"bytes":            {`{"data": "aGk="}`, ""},
		"no object":        {`"a"`, `is the string "a", and should be a map`},
		"all at once": {
			`{"parts": [{"interval": "x"}, {"version": 1, "x": 2}], "on": 1}`,
			"on: is the number 1, and should be true or false\n" +
				`parts[0].interval: is the string "x", and should be a duration, such as "5m" or "1h30m"` + "\n" +
				"parts[1].version: is the number 1, and should be a string: put it in quotes\nparts[1].x: unknown field",
		},
		"name that is no name": {`{"a\nb": 1, "c d": 2}`, `"a\nb": unknown field` + "\nc d: unknown field"},
		"long name": {
			`{"` + strings.Repeat("x", 1000) + `": 1}`, strings.Repeat("x", 64) + "…: unknown field",
		},
		"long value": {
			`{"on": "` + strings.Repeat("x", 1000) + `"}`, `on: is the string "` + strings.Repeat("x", 64) + `…", and should be true or false`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := said(strict.Decode([]byte(test.raw), &release{})); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func said(problems []strict.Problem) string {
	lines := make([]string, len(problems))
	for i, problem := range problems {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

func TestWhatIsSaidOfOneDocumentIsBounded(t *testing.T) {
	var raw strings.Builder
	for i := range 300 {
		fmt.Fprintf(&raw, `,"x%d":1`, i)
	}
	if got := strict.Decode([]byte("{"+raw.String()[1:]+"}"), &release{}); len(got) == 0 || len(got) > 100 {
		t.Errorf("%d problems", len(got))
	}
}

// Where only a field is too many, the rest can be looked at all the same.
func TestUnknownFieldsDoNotStopTheRest(t *testing.T) {
	var into release
	problems := strict.Decode([]byte(`{"a": 1, "name": "x"}`), &into)
	if len(problems) != 1 || !problems[0].Unknown || into.Name != "x" {
		t.Errorf("got %q and the name %q", problems, into.Name)
	}
}

func TestDocumentsAreConvertedAsKubectlDoes(t *testing.T) {
	const file = "a: &x {yes: no, num: 1e3, s: '1'}\nb: *x\n---\n{\"c\": [1, null]}\n"
	want := []string{`{"a":{"num":1000,"s":"1","true":false},"b":{"num":1000,"s":"1","true":false}}`, `{"c":[1,null]}`}
	var got []string
	for number, document := range strict.Documents([]byte(file)) {
		if number != len(got)+1 || document.Err != nil {
			t.Errorf("document %d: %v", number, document.Err)
		}
		got = append(got, string(document.JSON))
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAliasesAreBounded(t *testing.T) {
	text := func(length, times int) string {
		return "long: &long " + strings.Repeat("x", length) + "\nmany: [" + strings.Repeat("*long,", times) + "]\n"
	}
	for name, test := range map[string]struct {
		file string
		fine bool
	}{
		"few":       {text(10, 10), true},
		"too much":  {text(4<<10, 8<<10), false},
		"of itself": {"a: &a [*a]\n", false},
	} {
		for _, document := range strict.Documents([]byte(test.file)) {
			if (document.Err == nil) != test.fine {
				t.Errorf("%s: %v", name, document.Err)
			}
		}
	}
	if !strict.HasAliases([]byte("a: &x 1\nb: *x\n")) || strict.HasAliases([]byte("a: &x 1\nb: '*x'\n")) {
		t.Error("aliases are not told from texts")
	}
}

func TestDocumentsAreBounded(t *testing.T) {
	const most = 10_000
	last, fine := 0, 0
	for number, document := range strict.Documents([]byte(strings.Repeat("---\na: 1\n", 2*most))) {
		last = number
		if document.Err == nil {
			fine++
		} else if want := "there are more than 10000 documents"; document.Err.Error() != want {
			t.Errorf("document %d: %v, want %s", number, document.Err, want)
		}
	}
	if last != most+1 || fine != most {
		t.Errorf("%d documents, of which %d are fine", last, fine)
	}
}
