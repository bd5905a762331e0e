package cmd

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
)

// shim is what kubectl runs to complete the words after the name of a plugin: a
// program of this name in $PATH.
// Source: kubectl's documentation of plugins, "shell completion".
const shim = "kubectl_complete-fleetapp"

func newCompletion(factory *Factory) *cobra.Command {
	cmd := &cobra.Command{
		Use:                   "completion (bash | zsh | fish | powershell)",
		DisableFlagsInUseLine: true,
		Short:                 "Print a script for completion, or have kubectl complete this plugin",
		Long: `
			With install-shim, the words after "kubectl fleetapp" are completed wherever
			those of kubectl itself are. That is all that is needed in most cases.

			The scripts are for who calls the program by the name of its file.`,
		Example: `
			# Have kubectl complete the plugin
			kubectl fleetapp completion install-shim

			# Complete the program by the name of its file, in this bash
			source <(kubectl fleetapp completion bash)`,
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("which shell? bash, zsh, fish and powershell are known; install-shim has kubectl complete this plugin")
			}
			return cobra.OnlyValidArgs(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			var script bytes.Buffer
			if err := completionScript(cmd.Root(), args[0], &script); err != nil {
				return err
			}
			_, err := script.WriteTo(factory.Out)
			return err
		},
	}
	cmd.AddCommand(newInstallShim(factory))
	return cmd
}

func completionScript(root *cobra.Command, shell string, out *bytes.Buffer) error {
	switch shell {
	case "bash":
		return root.GenBashCompletionV2(out, true)
	case "zsh":
		return root.GenZshCompletion(out)
	case "fish":
		return root.GenFishCompletion(out, true)
	}
	return root.GenPowerShellCompletionWithDesc(out)
}

func newInstallShim(factory *Factory) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:                   "install-shim",
		DisableFlagsInUseLine: true,
		Short:                 "Have kubectl complete this plugin",
		Long: `
			Writes ` + shim + `, which kubectl runs to complete the words after
			"kubectl fleetapp", into the folder in which kubectl finds the plugin itself,
			or into one that is named. It has to be in $PATH.`,
		Example: `
			# Beside the plugin
			kubectl fleetapp completion install-shim

			# Somewhere else in $PATH
			kubectl fleetapp completion install-shim --dir ~/bin`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			path, err := installShim(dir)
			if err != nil {
				return err
			}
			next := "in a shell with kubectl's completion, try: kubectl fleetapp <TAB>"
			if !inPath(path) {
				next = "for kubectl to find it, its folder has to be in $PATH, before any other with a " + shim
			}
			_, err = fmt.Fprintf(factory.Out, "%s is written; %s\n", printer.Escape(path), next)
			return err
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "Folder to write it to. Default is that of the plugin.")
	return cmd
}

// inPath tells whether that is the shim that kubectl finds, where it has our $PATH.
func inPath(path string) bool {
	first, err := exec.LookPath(shim)
	if err != nil {
		return false
	}
	written, err := os.Stat(path)
	found, gone := os.Stat(first)
	return err == nil && gone == nil && os.SameFile(written, found)
}

// installShim writes it, but not over a file of somebody else's.
func installShim(dir string) (path string, err error) {
	if dir == "" {
		plugin, err := exec.LookPath("kubectl-fleetapp")
		if err != nil {
			return "", fmt.Errorf("kubectl-fleetapp is not in $PATH, so kubectl would not find it either (%w); name a folder with --dir", err)
		}
		dir = filepath.Dir(plugin)
	}
	name, content := shim, "#!/usr/bin/env sh\n# kubectl runs this to complete the words after \"kubectl fleetapp\".\nexec kubectl-fleetapp __complete \"$@\"\n"
	if runtime.GOOS == "windows" {
		name, content = shim+".cmd", "@kubectl-fleetapp __complete %*\r\n"
	}
	path = filepath.Join(dir, name)
	was, err := os.ReadFile(path)
	switch {
	case err == nil && !strings.Contains(string(was), "kubectl-fleetapp __complete"):
		return "", fmt.Errorf("%s is there already, and is somebody else's; remove it, or name another folder with --dir", path)
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return "", err
	}
	// kubectl runs it as whoever completes, who need not be who installed it.
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil { //nolint:gosec // see above
		return "", err
	}
	return path, os.Chmod(path, 0o755) //nolint:gosec // one that was there keeps its mode else
}
