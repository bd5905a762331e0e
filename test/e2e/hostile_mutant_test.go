package e2e

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kurator-dev/kubectl-fleetapp/test/fault"
)

// A harness that cannot fail proves nothing: each promise is broken on purpose
// here, and has to be seen to be.

// believing makes a member's client of its kubeconfig as kubectl would.
const believing = `	config, err := clientcmd.RESTConfigFromKubeConfig(data)
	if err != nil {
		return nil, fmt.Errorf("it makes no client: %w", err)
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, bad("%w", err)
	}
	return newClient(config, client, c.Host.shared, client.CloseIdleConnections)
}

`

func TestHostileKubeconfigsAreSeenToBeBelieved(t *testing.T) {
	// It would not live long enough where a file never ends.
	company := newLured(t, func(lure lure) bool { return !bytes.Contains(lure.text, []byte("/dev/zero")) })
	defer company.end()
	company.binary = rewritten(t, "pkg/fleet/client.go", func(source string) string {
		source = strings.Replace(source, "\t\"k8s.io/client-go/rest\"\n", "\t\"k8s.io/client-go/rest\"\n\t\"k8s.io/client-go/tools/clientcmd\"\n", 1)
		from, to := strings.Index(source, "\tendpoint, err := c.Host.shared.parse("), strings.Index(source, "// parse waits for its turn")
		return source[:from] + believing + source[to:]
	})
	seen(t, company.breaches("get pods"), "a file was opened", "a connection was made to a proxy", "it was not refused")
}

// Whoever starts what an exec plugin names is found out.
func TestAProcessThatIsStartedIsSeen(t *testing.T) {
	traps := newTraps(t)
	if breaches := traps.breaches(); len(breaches) > 0 {
		t.Errorf("before anything was: %q", breaches)
	}
	if out, err := exec.Command(traps.script).CombinedOutput(); err != nil {
		t.Fatal(err, string(out))
	}
	seen(t, traps.breaches(), "a process was started")
}

// Each mutant takes half a minute: the short form has one of them.
func TestHostileMembersAreSeenToSucceed(t *testing.T) {
	type mutant struct{ file, old, new, behaviours, breach string }
	mutants := map[string]mutant{
		"redirects are followed": {
			// Not to refuse one is not enough: a member's connection leads nowhere else.
			"pkg/fleet/connection.go", "response, err := c.http2.RoundTrip(request)", `response, err := c.http2.RoundTrip(request)
	if err == nil && response.StatusCode/100 == 3 {
		if request.URL, err = response.Location(); err != nil {
			return nil, err
		}
		if request.Host = ""; request.GetBody != nil {
			request.Body, _ = request.GetBody()
		}
		config := c.config.Clone()
		config.NextProtos = nil
		return (&http.Transport{TLSClientConfig: config}).RoundTrip(request)
	}`,
			"^redirect: 30[1237]", "a redirect was followed",
		},
	}
	if fault.Full() {
		maps.Copy(mutants, map[string]mutant{
			"nothing is escaped": {
				"pkg/printer/escape.go", "if !strings.ContainsFunc(text, dangerous) {", "if len(text) >= 0 {",
				"^words: controls|^error: .*nasty", "has a raw control or format character",
			},
			"answers are not bounded": {
				"pkg/fleet/transport.go", "if b.left == 0 {", "if b.left = len(p); b.left < 0 {",
				"^endless: (blanks|a text|lists|numbers|zeros)", "MB were resident",
			},
			"what is said is not bounded": {
				"pkg/printer/escape.go", "if most == 0 {", "if most < -1<<60 {",
				"a megabyte", "KB are said of it",
			},
		})
	}
	for name, mutant := range mutants {
		t.Run(name, func(t *testing.T) {
			crowd := newCrowd(t, regexp.MustCompile(mutant.behaviours))
			defer crowd.end()
			for _, command := range []string{"get pods --no-headers", "deploy"} {
				if breaches := crowd.breaches(command); len(breaches) > 0 {
					t.Errorf("the plugin as it is broke it, too: %.1000q", breaches)
				}
			}
			crowd.binary = fault.Mutant(t, mutant.file, mutant.old, mutant.new)
			seen(t, append(crowd.breaches("get pods --no-headers"), crowd.breaches("deploy")...), mutant.breach)
		})
	}
}

// seen makes sure that breaches of each kind were reported.
func seen(t *testing.T, breaches []string, kinds ...string) {
	t.Helper()
	for _, kind := range kinds {
		if !slices.ContainsFunc(breaches, func(breach string) bool { return strings.Contains(breach, kind) }) {
			t.Errorf("a plugin that breaks the promise was not seen to: no breach says %q, of %d: %.2000q", kind, len(breaches), breaches)
		}
	}
	t.Logf("%d breaches", len(breaches))
}

// rewritten is a mutant in which more than one place of a file is another.
func rewritten(t *testing.T, file string, rewrite func(string) string) string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("../..", file))
	if err != nil {
		t.Fatal(err)
	}
	return fault.Mutant(t, file, string(source), rewrite(string(source)))
}
