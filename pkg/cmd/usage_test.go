package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is wrong with a command line is said before any cluster is asked.
func TestUsage(t *testing.T) {
	const (
		noName      = " cannot be a name: lower-case letters, digits, \"-\" and \".\" can, with a letter or digit at both ends and on both sides of a \".\"\n"
		noNamespace = " cannot be a namespace: lower-case letters, digits and \"-\" can, with a letter or digit at both ends\n"
	)
	for name, test := range map[string]struct {
		args []string
		err  string
	}{
		"unknown command":           {[]string{"apply"}, "error: unknown command \"apply\" for \"kubectl fleetapp\"; see 'kubectl fleetapp --help'\n"},
		"misspelled command":        {[]string{"deplou"}, "error: unknown command \"deplou\" for \"kubectl fleetapp\" (did you mean \"deploy\"?)\n"},
		"misspelled, with a flag":   {[]string{"deplou", "-f", "app.yaml"}, "error: unknown command \"deplou\" for \"kubectl fleetapp\" (did you mean \"deploy\"?)\n"},
		"command in capitals":       {[]string{"GET", "pods"}, "error: unknown command \"GET\" for \"kubectl fleetapp\" (did you mean \"get\"?)\n"},
		"misspelled flag":           {[]string{"get", "pods", "--all-cluster"}, "error: unknown flag: --all-cluster (did you mean --all-clusters?); see 'kubectl fleetapp get --help'\n"},
		"selector":                  {[]string{"get", "pods", "-l", "a=b=c"}, "error: --selector \"a=b=c\": found '=', expected: ',' or 'end of string'\n"},
		"selector's key":            {[]string{"get", "pods", "-l", "-a=b"}, "error: --selector \"-a=b\": Invalid value: \"-a\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character\n"},
		"selector's value":          {[]string{"get", "pods", "-l", "a in (b_)"}, "error: --selector \"a in (b_)\": values[0][a]: Invalid value: \"b_\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character\n"},
		"delete, name too long":     {[]string{"delete", strings.Repeat("a", 64)}, "error: \"" + strings.Repeat("a", 63) + "\"… has 64 characters; a name can have 63, because it becomes the value of a label\n"},
		"unknown flag":              {[]string{"--nope"}, "error: unknown flag: --nope; see 'kubectl fleetapp --help'\n"},
		"deploy nothing":            {[]string{"deploy"}, "error: which application? Name its manifest with -f or -k, or an Application that is on the host\n"},
		"deploy a path":             {[]string{"deploy", "../x"}, "error: \"../x\"" + noName},
		"deploy both":               {[]string{"deploy", "shop", "-f", "a.yaml"}, "error: -f and names exclude each other: there is -f a.yaml, and shop\n"},
		"dry run of what":           {[]string{"deploy", "shop", "--dry-run", "yes"}, "error: --dry-run is client or server (or none), not \"yes\"\n"},
		"deploy as a table":         {[]string{"deploy", "shop", "-o", "wide"}, "error: unknown output format \"wide\": json, yaml and name are known\n"},
		"no selector":               {[]string{"deploy", "shop", "--cluster-selector", "a in b"}, "error: --cluster-selector \"a in b\": found 'b' expected: '('\n"},
		"a forgotten variable":      {[]string{"deploy", "shop", "-C", ""}, "error: --clusters is empty: name at least one, or leave the flag out for all\n"},
		"a forgotten selector":      {[]string{"delete", "shop", "--cluster-selector="}, "error: --cluster-selector is empty: give a selector, or leave the flag out for all clusters\n"},
		"keep it, and let go of it": {[]string{"deploy", "shop", "--no-prune", "--abandon", "x"}, "error: --no-prune and --abandon exclude each other: only what would be deleted can be abandoned\n"},
		"no time for Flux":          {[]string{"delete", "shop", "--timeout", "-1s"}, "error: --timeout cannot be less than nothing, it is -1s\n"},
		"cascade into what":         {[]string{"delete", "shop", "--cascade", "foreground"}, "error: --cascade is background or orphan, not \"foreground\"\n"},
		"deploy, unknown flag":      {[]string{"deploy", "--nope"}, "error: unknown flag: --nope; see 'kubectl fleetapp deploy --help'\n"},
		"deploy, unknown letter":    {[]string{"deploy", "-z"}, "error: unknown shorthand flag: 'z' in -z; see 'kubectl fleetapp deploy --help'\n"},
		"deploy, no value":          {[]string{"deploy", "-f"}, "error: flag needs an argument: 'f' in -f; see 'kubectl fleetapp deploy --help'\n"},
		"deploy, not a number":      {[]string{"deploy", "--parallel", "x"}, "error: invalid argument \"x\" for \"--parallel\" flag: strconv.ParseInt: parsing \"x\": invalid syntax; see 'kubectl fleetapp deploy --help'\n"},
		"delete nothing":            {[]string{"delete"}, "error: which application? Give its name, or its manifest with -f or -k\n"},
		"delete a path":             {[]string{"delete", "../x"}, "error: \"../x\"" + noName},
		"delete in a path":          {[]string{"delete", "shop", "-n", "../x"}, "error: \"../x\"" + noNamespace},
		"delete, no time":           {[]string{"delete", "shop", "--member-timeout", "5"}, "error: invalid argument \"5\" for \"--member-timeout\" flag: time: missing unit in duration \"5\"; see 'kubectl fleetapp delete --help'\n"},
		"get nothing":               {[]string{"get"}, "error: which resource? Give its type, such as pods, or TYPE/NAME; 'kubectl api-resources' lists the host's\n"},
		"get two":                   {[]string{"get", "pods/a", "nodes"}, "error: \"nodes\": beside TYPE/NAME every argument has that form\n"},
		"get as a picture":          {[]string{"get", "pods", "-o", "png"}, "error: unable to match a printer suitable for the output format \"png\", allowed formats are: custom-columns,custom-columns-file,go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,template,templatefile,wide,yaml\n"},
		"get of a fleet and of all": {[]string{"get", "pods", "--all-clusters", "--fleet", "prod"}, "error: --all-clusters and --fleet exclude each other\n"},
		"version of something":      {[]string{"version", "x"}, "error: \"x\": version takes no arguments; clusters are named with --clusters (-C)\n"},
		"options of something":      {[]string{"options", "x"}, "error: unknown command \"x\" for \"kubectl fleetapp options\"\n"},
		"no such file":              {[]string{"deploy", "-f", "missing.yaml"}, "error: missing.yaml: no such file or directory\n"},
		"two missing files":         {[]string{"deploy", "-f", "a.yaml,b.yaml"}, "error: a.yaml: no such file or directory\nerror: b.yaml: no such file or directory\n"},
		"a file and a folder":       {[]string{"deploy", "-f", "app.yaml", "-k", "prod"}, "error: -f and -k exclude each other: there is -f app.yaml, and -k prod\n"},
		"a folder and a name":       {[]string{"delete", "shop", "-k", "prod"}, "error: -k and names exclude each other: there is -k prod, and shop\n"},
		"nothing on stdin":          {[]string{"deploy", "-f", "-"}, "error: no Application in -\n"},
	} {
		t.Run(name, func(t *testing.T) {
			term := newTerminal(t)
			term.check(t, term.run(t.Context(), test.args...), 1, "", test.err)
		})
	}
}

// Namespaces become part of a path, on the host and in the members.
func TestNamespacesOfGet(t *testing.T) {
	for _, args := range [][]string{
		{"get", "pods", "--all-clusters", "-n", "../x"},
		{"get", "pods", "--all-clusters", "-n", "a/b"},
		{"get", "pods", "--all-clusters", "--fleet-namespace", "../x"},
		{"get", "pods", "--all-clusters", "--fleet-namespace", ".."},
	} {
		t.Run(args[3]+args[4], func(t *testing.T) {
			term := newTerminal(t)
			if code := term.run(t.Context(), args...); code != 1 || term.err.Len() == 0 {
				t.Errorf("exit code %d and %q, want an error that names the namespace", code, term.err)
			}
		})
	}
}

// A bound below nothing is a mistake; it must not mean one at a time, or no
// bound at all.
func TestBoundsThatBoundNothing(t *testing.T) {
	for _, verb := range [][]string{{"get", "pods", "--all-clusters"}, {"delete", "shop"}, {"deploy", "-f", "-"}} {
		for _, bound := range []string{"--parallel=-1", "--member-timeout=-5s"} {
			t.Run(verb[0]+bound, func(t *testing.T) {
				term := newTerminal(t)
				term.In = shopManifest()
				if code := term.run(t.Context(), append(verb, bound)...); code != 1 || term.err.Len() == 0 {
					t.Errorf("exit code %d and %q, want an error that names the flag", code, term.err)
				}
			})
		}
	}
}

func TestAFileThatCannotBeRead(t *testing.T) {
	folder := t.TempDir()
	link := filepath.Join(folder, "link.yaml")
	if err := os.Symlink("nowhere", link); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ file, err string }{
		"a dangling link":            {link, link + ": no such file or directory"},
		"in a folder":                {folder, link + ": no such file or directory"},
		"a folder without manifests": {t.TempDir(), "no Application in "},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "a folder without manifests" {
				test.err += test.file
			}
			term := newTerminal(t)
			term.check(t, term.run(t.Context(), "deploy", "-f", test.file), 1, "", "error: "+test.err+"\n")
		})
	}
}
