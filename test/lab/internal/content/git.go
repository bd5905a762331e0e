package content

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// gitConfig is the whole configuration that git sees. Modes and line ends of
// files are not looked at, so that a tree gives one commit on every machine,
// and receive-pack is off, so that nobody can push.
const gitConfig = `[core]
	autocrlf = false
	fileMode = false
	attributesFile = /dev/null
	excludesFile = /dev/null
[safe]
	directory = *
[http]
	receivepack = false
[gc]
	auto = 0
`

// git runs git under an identity and a configuration of its own.
type git struct {
	path string
	env  []string
}

// newGit finds git and writes its configuration into home, which stands for
// the user's home folder in every run.
func newGit(home string) (git, error) {
	path, err := exec.LookPath("git")
	if err != nil {
		return git{}, fmt.Errorf("git is needed to serve a repository, install it: %w", err)
	}
	config := filepath.Join(home, "gitconfig")
	if err := os.WriteFile(config, []byte(gitConfig), 0o644); err != nil {
		return git{}, fmt.Errorf("writing git's configuration: %w", err)
	}
	return git{path: path, env: []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + home,
		"XDG_CONFIG_HOME=" + home,
		"LC_ALL=C",
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_GLOBAL=" + config,
		"GIT_ATTR_NOSYSTEM=1",
		"GIT_TERMINAL_PROMPT=0",
	}}, nil
}

// commitTree makes a bare repository at repo whose only commit, on Branch,
// holds all files of tree, ignored ones too. It returns the commit's SHA.
func (g git) commitTree(ctx context.Context, tree, repo string) (string, error) {
	if err := os.MkdirAll(filepath.Dir(repo), 0o755); err != nil {
		return "", err
	}
	if _, err := g.run(ctx, nil, "init", "--quiet", "--bare", "--template=", "--object-format=sha1",
		"--initial-branch="+Branch, repo); err != nil {
		return "", err
	}
	date := epoch().Format(time.RFC3339)
	// The index lies beside the repository and the work tree is only read: a
	// module cache is write-protected, and copying it first would gain nothing.
	env := []string{
		"GIT_DIR=" + repo,
		"GIT_WORK_TREE=" + tree,
		"GIT_INDEX_FILE=" + filepath.Join(repo, "index"),
		"GIT_AUTHOR_NAME=fleetlab", "GIT_AUTHOR_EMAIL=fleetlab@localhost", "GIT_AUTHOR_DATE=" + date,
		"GIT_COMMITTER_NAME=fleetlab", "GIT_COMMITTER_EMAIL=fleetlab@localhost", "GIT_COMMITTER_DATE=" + date,
	}
	if _, err := g.run(ctx, env, "add", "--all", "--force", "--", tree); err != nil {
		return "", err
	}
	object, err := g.run(ctx, env, "write-tree")
	if err != nil {
		return "", err
	}
	commit, err := g.run(ctx, env, "commit-tree", "-m", "podinfo, as its Go module holds it", object)
	if err != nil {
		return "", err
	}
	if _, err := g.run(ctx, env, "update-ref", "refs/heads/"+Branch, commit); err != nil {
		return "", err
	}
	return commit, nil
}

// run returns what git printed, without the line end.
func (g git) run(ctx context.Context, env []string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, g.path, args...)
	cmd.Env = append(append([]string{}, g.env...), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(string(out)), nil
}
