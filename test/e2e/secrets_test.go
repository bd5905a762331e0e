package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kurator-dev/kubectl-fleetapp/test/fault"
)

// vault is a stage on which everything that is secret holds a word of its own:
// the canary, and where it is.
type vault struct {
	*stage
	home string // where the plugin may leave files
}

// canaryOf is the word that is hidden at one place.
func canaryOf(place string) string { return canary + "-" + place }

// tokened leads straight to the clusters, with a token that nobody looks at,
// beside the client certificate.
type tokened struct{}

func (tokened) kubeconfig(cluster string) []byte {
	return bytes.Replace(direct{}.kubeconfig(cluster), []byte("user:\n"), []byte("user:\n    token: "+canaryOf("token-"+cluster)+"\n"), 1)
}

func newVault(t *testing.T) *vault {
	t.Helper()
	v := &vault{stage: newStage(t, tokened{}, newClusters(t)), home: t.TempDir()}
	for _, cluster := range append([]string{"host"}, members[:]...) {
		if config := string((tokened{}).kubeconfig(cluster)); !strings.Contains(config, canary) {
			t.Fatalf("no word is hidden in the kubeconfig of %s", cluster)
		}
	}
	v.makeNamespaces()
	v.create(secrets, object{
		"apiVersion": "v1", "kind": "Secret", "metadata": object{"name": "wanted"},
		"stringData": object{"username": canaryOf("username"), "password": canaryOf("password"), "values.yaml": "password: " + canaryOf("values-secret")},
	})
	for name, spec := range map[string][2]string{
		"git":  {strings.Replace(gitSource, "}", ", secretRef: {name: wanted}}", 1), "kustomization: {interval: 10m, path: ./nothing, prune: true, decryption: {provider: sops, secretRef: {name: wanted}}}"},
		"helm": {`helmRepository: {interval: 10m, url: "https://127.0.0.1:1/nothing", secretRef: {name: wanted}}`, helmWith("values: {password: " + canaryOf("in-values") + "}, valuesFrom: [{kind: Secret, name: wanted}]")},
		// What is wrong with these is told, and not what is in them.
		"misspelt": {gitSource, helmWith("values: {password: " + canaryOf("misspelt") + "}, valueFrom: []")},
		"open":     {gitSource, helmWith("values: {password: \"" + canaryOf("open") + "}")},
		"twice":    {gitSource, helmWith("values: {password: " + canaryOf("twice") + ", password: b}")},
		"refused":  {gitSource, helmWith("values: {password: " + canaryOf("refused") + "}, valuesFrom: [{kind: Secret, name: 'no name'}]")},
	} {
		v.write(name+".yaml", strings.Replace(fmt.Sprintf(manifestOf, name, spec[0], spec[1]), `, clusterSelector: {matchLabels: {ring: "1"}}`, "", 1))
	}
	return v
}

func helmWith(fields string) string { return strings.TrimSuffix(chart, "}") + ", " + fields + "}" }

// commands are those that have to do with what is secret, and how they end.
func (v *vault) commands() []struct {
	line string
	code int
} {
	return []struct {
		line string
		code int
	}{
		{"deploy -f git.yaml --copy-refs --dry-run=client", 0},
		{"deploy -f git.yaml --copy-refs --dry-run=server", 0},
		{"deploy -f git.yaml --copy-refs", 0},
		{"deploy -f git.yaml --copy-refs -o json", 0},
		{"deploy -f helm.yaml --copy-refs", 0},
		{"deploy -f helm.yaml", 0},
		{"deploy -f helm.yaml --wait --timeout=1s", 4},
		{"deploy -f helm.yaml --request-timeout=1ms", 1},
		{"deploy -f misspelt.yaml", 1},
		{"deploy -f open.yaml", 1},
		{"deploy -f twice.yaml", 1},
		{"deploy -f refused.yaml", 1},
		{"status", 3},
		{"status git -o wide", 3},
		{"status helm -o json", 3},
		{"status git --tree", 3},
		{"status helm --tree -o yaml", 3},
		{"clusters -o wide", 0},
		{"clusters -o json", 0},
		{"check --fleet all", 0},
		{"check --app helm", 0},
		{"get secrets --fleet all", 0},
		{"get gitrepositories,kustomizations,helmrepositories --fleet all -o wide", 0},
		{"get helmreleases --fleet all", 0},
		{"delete git --dry-run=client", 0},
		{"delete git", 0},
		{"delete helm --dry-run=server -o json", 0},
	}
}

// does runs a command, and returns what it said. It may leave nothing behind.
func (v *vault) does(line string, interrupt time.Duration) (said string, code int) {
	args := strings.Fields(line)
	for i, arg := range args {
		if strings.HasSuffix(arg, ".yaml") {
			args[i] = filepath.Join(v.dir, arg)
		}
	}
	if args[0] == "get" {
		args = append(args, "--fleet-namespace", v.namespace)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := v.command(ctx, append(args, "-v=10")...)
	cmd.Dir = v.home
	cmd.Env = append(os.Environ(), "HOME="+v.home, "TMPDIR="+v.home, "XDG_CACHE_HOME="+v.home, "XDG_RUNTIME_DIR="+v.home, "GOTRACEBACK=all")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if interrupt > 0 {
		time.AfterFunc(interrupt, func() { _ = cmd.Process.Signal(syscall.SIGQUIT) })
	}
	_ = cmd.Run()
	return out.String(), cmd.ProcessState.ExitCode()
}

// leaked is how a text tells what is hidden.
func leaked(what, text string) []string {
	words := map[string]string{"as it is": canary}
	for shift, first := range []int{0, 2, 3} { // of base64, where three bytes are four characters
		encoded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(" ", shift) + canary))
		words[fmt.Sprint("in base64, by ", shift)] = strings.TrimRight(encoded, "=")[first : len(canary)-1]
	}
	var found []string
	for how, word := range words {
		if at := strings.Index(text, word); at >= 0 {
			found = append(found, fmt.Sprintf("%s tells what is secret, %s: %q", what, how, around(text, at)))
		}
	}
	return found
}

// left is what files that the plugin left behind tell, or that it left any.
func (v *vault) left() []string {
	var found []string
	err := filepath.WalkDir(v.home, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		found = append(found, "it left "+path)
		data, err := os.ReadFile(path)
		found = append(found, leaked(path, string(data))...)
		return err
	})
	if err != nil {
		v.t.Fatal(err)
	}
	return found
}

// recorded is what the inventories tell, beside the manifests, which hold Helm's
// values as an Application does.
func (v *vault) recorded() []string {
	var found []string
	list, err := v.clusters["host"].Resource(secrets).Namespace(v.namespace).List(context.Background(), metav1.ListOptions{})
	if err != nil {
		v.t.Fatal(err)
	}
	inventories := 0
	for _, secret := range list.Items {
		if !strings.HasPrefix(secret.GetName(), "fleetapp.v1.") {
			continue
		}
		inventories++
		data, _ := secret.Object["data"].(object)
		text, _ := data["record"].(string)
		record, err := fault.UnpackRecord(text)
		if err != nil {
			v.t.Fatal(err)
		}
		var parts map[string]json.RawMessage
		if err := json.Unmarshal(record, &parts); err != nil {
			v.t.Fatal(err)
		}
		delete(data, "record")
		told := fmt.Sprint(secret.Object)
		for name, part := range parts {
			if name == "application" || name == "history" {
				part = bytes.ReplaceAll(part, []byte(canaryOf("in-values")), nil)
			}
			told += string(part)
		}
		found = append(found, leaked("the inventory "+secret.GetName(), told)...)
	}
	if inventories == 0 {
		v.t.Error("no inventory was looked at")
	}
	return found
}

// Nothing that is secret is told at any level of -v, by an error, by a process
// that ends in a panic's way, in a file, or in an inventory where it does not
// belong.
func TestSecretsAreNotTold(t *testing.T) {
	count := fault.Begin(t, fault.SecretOutputs)
	v := newVault(t)
	defer v.end()
	for _, command := range v.commands() {
		said, code := v.does(command.line, 0)
		broken := append(leaked(command.line, said), v.left()...)
		if code != command.code {
			broken = append(broken, fmt.Sprintf("%s: exit code %d, want %d:\n%s", command.line, code, command.code, said))
		}
		if strings.HasPrefix(command.line, "deploy -f helm") || strings.HasSuffix(command.line, "--copy-refs") && command.code == 0 {
			broken = append(broken, v.recorded()...)
		}
		count.Did(broken...)
	}
	stacks := 0
	for i := range 20 {
		said, _ := v.does("deploy -f helm.yaml --copy-refs", time.Duration(i+1)*15*time.Millisecond)
		count.Did(append(leaked("a stack", said), v.left()...)...)
		if strings.Contains(said, "SIGQUIT: quit") && strings.Contains(said, "pkg/cmd.") {
			stacks++
		}
	}
	if stacks < 3 {
		t.Errorf("%d runs told where they were, want 3 at least", stacks)
	}
	if said, code := v.does("delete helm", 0); code != 0 {
		t.Error(said)
	}
}

// Whoever tells is found out.
func TestSecretsAreSeenToBeTold(t *testing.T) {
	const parse = "return parseKubeconfig(data)"
	for name, mutant := range map[string]struct{ file, old, new, breach string }{
		"a kubeconfig is written down": {
			"pkg/deploy/outcome.go", "Applied: object.Applied,",
			"Applied: func() string { data, _ := os.ReadFile(os.Args[len(os.Args)-1]); return string(data) }(),", "the inventory fleetapp.v1.git tells",
		},
		"headers are logged":             {"pkg/fleet/trace.go", "request.URL.Redacted()", `request.Header.Get("Authorization")`, "token-host"},
		"a kubeconfig is in an error":    {"pkg/fleet/client.go", parse, `return endpoint{}, fmt.Errorf("%.60s", strings.Split(string(data), "user:\n")[1])`, "token-" + members[0]},
		"a kubeconfig is in base64":      {"pkg/fleet/client.go", parse, `text, _ := json.Marshal([]byte(strings.Split(string(data), "user:\n")[1])); return endpoint{}, fmt.Errorf("%.90s", text)`, "in base64"},
		"a kubeconfig is left in a file": {"pkg/fleet/kubeconfig.go", "func parseKubeconfig(data []byte) (endpoint, error) {\n", "func parseKubeconfig(data []byte) (endpoint, error) {\n\t_ = os.WriteFile(\"temporary\", data, 0o600)\n", "it left "},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVault(t)
			defer v.end()
			v.binary = rewritten(t, mutant.file, func(source string) string {
				source = strings.Replace(source, mutant.old, mutant.new, 1)
				if strings.Contains(mutant.new, "os.") && !strings.Contains(source, "\t\"os\"\n") {
					source = strings.Replace(source, "import (\n", "import (\n\t\"os\"\n", 1)
				}
				return source
			})
			said, _ := v.does("clusters", 0)
			told := append(leaked("clusters", said), v.left()...)
			if strings.HasPrefix(mutant.breach, "the inventory") {
				said, _ = v.does("deploy -f git.yaml", 0)
				told = append(append(told, leaked("deploy", said)...), v.recorded()...)
			}
			seen(t, told, mutant.breach)
		})
	}
}
