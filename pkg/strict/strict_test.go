package strict_test

import (
	"reflect"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/strict"
)

type chart struct {
	Interval metav1.Duration `json:"interval,omitempty"`
	Version  string          `json:"version,omitempty"`
}

type release struct {
	Name  string         `json:"name"`
	Chart chart          `json:"chart"`
	Parts []chart        `json:"parts"`
	Any   map[string]any `json:"any"`
}

func TestDecode(t *testing.T) {
	for name, test := range map[string]struct {
		raw  string
		want []strict.Problem
	}{
		"fine":                 {`{"name": "a", "chart": {"interval": "1m"}, "any": {"b": 1}}`, nil},
		"unknown field":        {`{"nom": "a"}`, []strict.Problem{{"nom", strict.UnknownField}}},
		"unknown, deep":        {`{"parts": [{}, {"versions": 1}]}`, []strict.Problem{{"parts[1].versions", strict.UnknownField}}},
		"case matters":         {`{"Name": "a"}`, []strict.Problem{{"Name", strict.UnknownField}}},
		"twice":                {`{"name": "a", "name": "b"}`, []strict.Problem{{"name", "is there twice"}}},
		"wrong type":           {`{"chart": {"version": 1}}`, []strict.Problem{{"chart.version", "a number cannot stand here"}}},
		"type decodes itself":  {`{"name": "a", "chart": {"interval": "1 day"}}`, []strict.Problem{{"chart.interval", `time: unknown unit " day" in duration "1 day"`}}},
		"several":              {`{"a": 1, "b": 2}`, []strict.Problem{{"a", strict.UnknownField}, {"b", strict.UnknownField}}},
		"no object":            {`"a"`, []strict.Problem{{"", "a string cannot stand here"}}},
		"in a list's elements": {`{"parts": [{"interval": "x"}]}`, []strict.Problem{{"parts", `time: invalid duration "x"`}}},
	} {
		t.Run(name, func(t *testing.T) {
			got := strict.Decode([]byte(test.raw), &release{})
			if len(got) != len(test.want) || len(got) > 0 && !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
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
