package e2e

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"k8s.io/client-go/util/jsonpath"
	"sigs.k8s.io/yaml"
)

// patience is how long eventually waits. Flux needs some seconds, and half a
// minute for a health check that fails: a busy machine may take twice that.
const patience = 2 * time.Minute

// theTest is the key of a script's own testscript.T among its values, which
// can be failed where the script has ended.
type theTest struct{}

// commands are what scripts can use beside testscript's own:
//
//	exits CODE COMMAND...          runs it and checks its exit code
//	eventually PATTERN COMMAND...  runs it until its stdout matches the pattern
//	never-again PATTERN COMMAND... runs it until its stdout no longer matches
//	finds JSONPATH WANT            evaluates it on the last stdout, JSON or YAML
//	another-lab DIR FLAGS...       brings up a lab that ends with the script
//	ends-lab DIR                   ends the lab there with the script, if there is one
//	lab VERB PROGRAM               stops, starts, pauses or resumes a program of the lab,
//	                               which runs again where the script ends
//	afterwards COMMAND...          runs it where the script ends, however it does
//	as-in CODE PAGE LINE           runs a command line of a page, see asIn
func commands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"exits":       exits,
		"finds":       finds,
		"another-lab": anotherLab,
		"ends-lab":    endsLab,
		"afterwards":  afterwards,
		"lab":         lab,
		"as-in":       asIn,
		"eventually":  func(ts *testscript.TestScript, neg bool, args []string) { until(ts, neg, true, args) },
		"never-again": func(ts *testscript.TestScript, neg bool, args []string) { until(ts, neg, false, args) },
	}
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		code = exit.ExitCode()
	}
	if code != want {
		ts.Fatalf("it ended with exit code %d, not %d", code, want)
	}
}

func until(ts *testscript.TestScript, neg, match bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: eventually|never-again PATTERN COMMAND...")
	}
	pattern, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	for deadline := time.Now().Add(patience); ; time.Sleep(300 * time.Millisecond) {
		err := ts.Exec(args[1], args[2:]...)
		if err == nil && pattern.MatchString(ts.ReadFile("stdout")) == match {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("after %s, match of %q is still not %t (error: %v); the last output was:\n%s%s",
				patience, args[0], match, err, ts.ReadFile("stdout"), ts.ReadFile("stderr"))
		}
	}
}

func finds(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: finds JSONPATH WANT")
	}
	var document any
	ts.Check(yaml.UnmarshalStrict([]byte(ts.ReadFile("stdout")), &document))
	path := jsonpath.New("finds").AllowMissingKeys(true)
	ts.Check(path.Parse(args[0]))
	var found strings.Builder
	ts.Check(path.Execute(&found, document))
	if found.String() != args[1] {
		ts.Fatalf("%s finds %q, not %q", args[0], found.String(), args[1])
	}
}

// anotherLab is for members that are not as the lab's own.
func anotherLab(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: another-lab DIR FLAGS...")
	}
	endsLab(ts, false, args[:1])
	ts.Check(ts.Exec("fleetlab", append([]string{"up", "--dir", ts.MkAbs(args[0])}, args[1:]...)...))
}

// endsLab is for a lab that also has to end where the script fails, or it does not
// come up.
func endsLab(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: ends-lab DIR")
	}
	afterwards(ts, false, []string{"fleetlab", "down", "--dir", ts.MkAbs(args[0])})
}

func lab(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: lab stop|start|pause|resume PROGRAM")
	}
	does := func(verb string) []string { return []string{"fleetlab", verb, "--dir", ts.Getenv("LAB"), args[1]} }
	if back := map[string]string{"stop": "start", "pause": "resume"}[args[0]]; back != "" {
		afterwards(ts, false, does(back)) // of one that runs, it does nothing
	}
	ts.Check(ts.Exec("fleetlab", does(args[0])[1:]...))
}

// afterwards is for what would be in the way of the scripts that follow, if this
// one fails before it takes it back. The command runs in the folder in which it was
// asked for, and in the environment of all scripts.
func afterwards(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: afterwards COMMAND...")
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = ts.MkAbs(".")
	t, _ := ts.Value(theTest{}).(testscript.T)
	ts.Defer(func() {
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatal(fmt.Sprintf("%q: %v\n%s", args, err, out))
		}
	})
}

// leftBehind lists what the plugin made and did not take away, on all
// clusters of the lab, and removes it for the scripts that follow.
func leftBehind(lab string) string {
	const kinds = "secrets,configmaps,gitrepositories.source.toolkit.fluxcd.io,helmrepositories.source.toolkit.fluxcd.io," +
		"ocirepositories.source.toolkit.fluxcd.io,kustomizations.kustomize.toolkit.fluxcd.io,helmreleases.helm.toolkit.fluxcd.io"
	var left []string
	for _, cluster := range append([]string{"host"}, members[:]...) {
		kubectl := func(verb string) (string, error) {
			out, err := exec.Command("kubectl", "--kubeconfig", filepath.Join(lab, cluster+".kubeconfig"),
				verb, kinds, "-A", "-l", "app.kubernetes.io/managed-by=kubectl-fleetapp", "-o", "name").Output()
			return string(out), err
		}
		found, err := kubectl("get")
		if err == nil && found != "" {
			_, err = kubectl("delete")
		}
		if err != nil {
			left = append(left, cluster+": "+err.Error())
		}
		for _, object := range strings.Fields(found) {
			left = append(left, cluster+": "+object)
		}
	}
	return strings.Join(left, "\n")
}
