package cmd

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseAsks(t *testing.T) {
	for args, want := range map[string]string{
		"pods":                     "[{pods []}]",
		"pods,svc,PODS":            "[{pods []} {svc []}]",
		"pods a b":                 "[{pods [a b]}]",
		"pods,svc a":               "[{pods [a]} {svc [a]}]",
		"pods/a":                   "[{pods [a]}]",
		"pods/a pods/b svc/a":      "[{pods [a b]} {svc [a]}]",
		"pods/a svc/a pods/b":      "[{pods [a]} {svc [a]} {pods [b]}]",
		"deployments.v1.apps/a":    "[{deployments.v1.apps [a]}]",
		"clusterroles system:node": "[{clusterroles [system:node]}]",
		"":                         "error: which resource? Give its type, such as pods, or TYPE/NAME; 'kubectl api-resources' lists the host's",
		",":                        `error: ",": a type is missing beside a comma`,
		"pods/a b":                 `error: "b": beside TYPE/NAME every argument has that form`,
		"pods/":                    `error: "pods/": the form is TYPE/NAME, with one type and one name`,
		"/a":                       `error: "/a": the form is TYPE/NAME, with one type and one name`,
		"pods/a/b":                 `error: "pods/a/b": the form is TYPE/NAME, with one type and one name`,
		"pods,svc/a":               `error: "pods,svc/a": the form is TYPE/NAME, with one type and one name`,
		"pods ..":                  `error: ".." is not the name of an object: may not be '..'`,
		"pods a%b":                 `error: "a%b" is not the name of an object: may not contain '%'`,
	} {
		asks, err := parseAsks(strings.Fields(args))
		got := fmt.Sprint(asks)
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != want {
			t.Errorf("%q is %s, want %s", args, got, want)
		}
	}
	if _, err := parseAsks([]string{"pods", ""}); err == nil || err.Error() != `"" is not the name of an object: it is empty` {
		t.Errorf("an empty name: %v", err)
	}
}
