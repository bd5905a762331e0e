package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// direct leads to the lab's clusters with nothing between, as the plugin's user.
type direct struct{}

func (direct) kubeconfig(cluster string) []byte {
	data, err := os.ReadFile(filepath.Join(os.Getenv("LAB"), cluster+".fleetapp.kubeconfig"))
	if err != nil {
		panic(err) // the lab is up
	}
	return data
}

// recruit puts kubeconfigs on the host, and makes a fleet of them: one healthy
// member before them, and one after. It returns their names, in order.
func (s *stage) recruit(fleet string, kubeconfigs [][]byte) []string {
	s.t.Helper()
	var creates errgroup.Group
	creates.SetLimit(32)
	names := make([]string, len(kubeconfigs))
	references := []any{object{"kind": "AttachedCluster", "name": members[0]}}
	create := func(content object, name string) error {
		content["metadata"] = object{"name": name}
		resource := attached
		if content["kind"] == "Secret" {
			resource = secrets
		}
		_, err := s.clusters["host"].Resource(resource).Namespace(s.namespace).Create(context.Background(), &unstructured.Unstructured{Object: content}, metav1.CreateOptions{})
		return err
	}
	known := map[string]string{} // which Secret has it
	for i, kubeconfig := range kubeconfigs {
		names[i] = fmt.Sprintf("%s-%04d", fleet, i)
		references = append(references, object{"kind": "AttachedCluster", "name": names[i]})
		secret, ok := known[string(kubeconfig)]
		if !ok {
			secret = names[i]
			known[string(kubeconfig)] = secret
			creates.Go(func() error {
				return create(object{"apiVersion": "v1", "kind": "Secret", "data": object{"value": base(kubeconfig)}}, secret)
			})
		}
		creates.Go(func() error {
			return create(object{
				"apiVersion": "cluster.kurator.dev/v1alpha1", "kind": "AttachedCluster",
				"spec": object{"kubeconfig": object{"name": secret, "key": "value"}},
			}, names[i])
		})
	}
	if err := creates.Wait(); err != nil {
		s.t.Fatal(err)
	}
	s.create(fleets, object{
		"apiVersion": "fleet.kurator.dev/v1alpha1", "kind": "Fleet", "metadata": object{"name": fleet},
		"spec": object{"clusters": append(references, object{"kind": "AttachedCluster", "name": members[1]})},
	})
	return names
}

// arguments completes a command.
func (s *stage) arguments(command, fleet string, memberTime time.Duration, deploy []string) []string {
	args := strings.Fields(command)
	if at := slices.Index(args, "stage"); at > 0 {
		args[at] = "stage=" + s.namespace
	}
	switch args[0] {
	case "deploy":
		args = append(slices.Clone(deploy), append(args[1:], "--timeout", memberTime.String())...)
	case "delete":
		args = append(args, "--timeout", memberTime.String())
	case "get":
		args = append(args, "--fleet", fleet, "--fleet-namespace", s.namespace)
	case "clusters", "check":
		args = append(args, "--fleet", fleet)
	}
	if slices.Contains(args, "-A") {
		return append(args, "--member-timeout", memberTime.String())
	}
	return append(args, "--member-timeout", memberTime.String(), "-n", s.namespace)
}

// observed is a run of the plugin, and the most memory that it had resident, in
// bytes.
type observed struct {
	ended
	resident int64
}

// tooLong is when a run is taken to hang.
const tooLong = 120 * time.Second

// observe runs the plugin to its end, or interrupts it after a time, if there is
// one.
func (s *stage) observe(interrupt time.Duration, args ...string) observed {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), tooLong)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.binary, append(args, "--kubeconfig", filepath.Join(s.dir, "host.kubeconfig"))...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGQUIT) } // it says where it hangs
	began := time.Now()
	peak := s.resident(cmd, func() {
		if interrupt > 0 {
			time.AfterFunc(interrupt, func() { _ = cmd.Process.Signal(os.Interrupt) }) // of one that has ended, it does nothing
		}
	})
	return observed{
		ended{code: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String(), took: time.Since(began)},
		peak,
	}
}

// resident runs a command to its end, and returns how much memory it had resident
// at most, in bytes.
func (s *stage) resident(cmd *exec.Cmd, started func()) int64 {
	s.t.Helper()
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	started()
	gone, peak := make(chan struct{}), make(chan int64)
	go func() { peak <- mostResident(cmd.Process.Pid, gone) }()
	_ = cmd.Wait()
	close(gone)
	return <-peak
}

// mostResident asks the system how much memory a process has had resident at most,
// in bytes, until it is gone. What its resources' usage says counts that of the
// process that forked it, too, which is this one.
func mostResident(pid int, gone <-chan struct{}) (peak int64) {
	self, _ := os.Readlink("/proc/self/exe")
	for {
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		program, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
		if _, rest, ok := strings.Cut(string(status), "VmHWM:"); ok && program != self {
			var kilobytes int64
			_, _ = fmt.Sscan(rest, &kilobytes)
			peak = max(peak, kilobytes<<10)
		}
		select {
		case <-gone:
			return peak
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// about are the lines of a run that name a member, without the name: the first
// of them, where there are many.
func (o observed) about() map[string]string {
	const enough = 64 << 10
	lines := map[string]string{}
	name := ""
	for _, text := range []string{o.stderr, o.stdout} {
		for line := range strings.Lines(text) {
			line = strings.TrimPrefix(line, "warning: ")
			rest := line
			if !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "\u2502") && !strings.HasPrefix(line, "\u251c") && !strings.HasPrefix(line, "\u2514") { // else it is of a tree
				name, rest, _ = strings.Cut(line, " ")
				name = strings.TrimSuffix(strings.TrimSpace(name), ":")
			}
			if len(lines[name]) < enough {
				lines[name] += rest
			}
		}
	}
	return lines
}

// rows are the lines of a table about the healthy members: all but what goes by
// the clock, which is the last column, and the columns that others have.
func (o observed) rows() []string {
	var rows []string
	for line := range strings.Lines(o.stdout) {
		if cells := strings.Fields(line); len(cells) > 1 && slices.Contains(members[:], cells[0]) {
			cells = slices.DeleteFunc(cells, func(cell string) bool { return cell == "<none>" })
			rows = append(rows, strings.Join(cells[:len(cells)-1], " "))
		}
	}
	return rows
}

// leaks are the characters of a run's output that could do something to a terminal,
// and what it repeats that must not be told.
func (o observed) leaks() []string {
	var found []string
	for name, text := range map[string]string{"stdout": o.stdout, "stderr": o.stderr} {
		at := strings.IndexFunc(text, func(char rune) bool {
			return char != '\n' && unicode.In(char, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
		})
		if at >= 0 {
			found = append(found, fmt.Sprintf("%s has a raw control or format character: %q", name, around(text, at)))
		}
		if !utf8.ValidString(text) {
			found = append(found, name+" is not UTF-8")
		}
		if at := strings.Index(text, canary); at >= 0 {
			found = append(found, fmt.Sprintf("%s repeats what must not be told: %q", name, around(text, at)))
		}
	}
	return found
}

func around(text string, at int) string {
	return text[max(at-100, 0):min(at+100, len(text))]
}

// replace replaces text in one of the stage's files.
func (s *stage) replace(path, old, with string) {
	s.t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	s.write(filepath.Base(path), strings.ReplaceAll(string(data), old, with))
}

// populate makes the healthy members have a pod, and waits until it runs.
func (s *stage) populate() {
	s.t.Helper()
	for _, member := range members {
		s.createIn(member, namespaces, object{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": s.namespace}})
	}
	pod := object{
		"apiVersion": "v1", "kind": "Pod", "metadata": object{"name": "web", "labels": object{"stage": s.namespace}},
		"spec": object{"containers": []any{object{"name": "web", "image": "web:1"}}, "automountServiceAccountToken": false},
	}
	for _, member := range members {
		of := s.clusters[member].Resource(schema.GroupVersionResource{Version: "v1", Resource: "pods"}).Namespace(s.namespace)
		var phase string
		for deadline := time.Now().Add(time.Minute); phase != "Running"; time.Sleep(200 * time.Millisecond) {
			// The namespace's service account may be yet to come.
			_, _ = of.Create(context.Background(), &unstructured.Unstructured{Object: pod}, metav1.CreateOptions{})
			if found, err := of.Get(context.Background(), "web", metav1.GetOptions{}); err == nil {
				phase, _, _ = unstructured.NestedString(found.Object, "status", "phase")
			}
			if time.Now().After(deadline) {
				s.t.Fatalf("the pod in %s did not come to run", member)
			}
		}
	}
}

// unwell tells what is wrong with what a run says of the healthy members.
func (o observed) unwell(rows []string) []string {
	var wrong []string
	if is := o.rows(); rows != nil && !slices.Equal(is, rows) {
		wrong = append(wrong, fmt.Sprintf("the healthy members' rows are %q, and %q without the others", is, rows))
	}
	about := o.about()
	for _, member := range members {
		for _, why := range []reason.Reason{reason.Unreachable, reason.Timeout, reason.TLS, reason.Unauthorized, reason.BadKubeconfig} {
			if strings.Contains(about[member], string(why)+": ") {
				wrong = append(wrong, fmt.Sprintf("%s: %.300q", member, about[member]))
			}
		}
	}
	return wrong
}
