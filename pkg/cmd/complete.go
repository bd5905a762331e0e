package cmd

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/inventory"
)

// completionTime is for how long names are looked for: who presses a key does not
// want to wait for more than 300 ms, what starts included, and nothing is fine, too.
const completionTime = 200 * time.Millisecond

// completing finds what a word could become. What goes wrong says nothing: the
// shell would show it in the middle of a line.
type completing struct{ *Factory }

// find looks for names on a host, or in its clusters, and says each as it is found.
type find func(ctx context.Context, host *fleet.Client, namespace string, say func(names ...string))

// names completes with what is found in time.
func (c completing) names(find find) cobra.CompletionFunc {
	return func(cmd *cobra.Command, used []string, typed string) ([]string, cobra.ShellCompDirective) {
		return matching(c.within(cmd, find), typed, used), cobra.ShellCompDirectiveNoFileComp
	}
}

// within is what is found in time.
func (c completing) within(cmd *cobra.Command, find find) []string {
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	defer cancel()
	var (
		found []string
		mutex sync.Mutex
	)
	done := make(chan struct{})
	go func() {
		defer close(done)
		namespace, err := c.fleetNamespace(cmd)
		if err != nil {
			return
		}
		host, err := c.Host()
		if err != nil {
			return
		}
		defer host.Close()
		find(ctx, host, namespace, func(names ...string) {
			mutex.Lock()
			defer mutex.Unlock()
			found = append(found, names...)
		})
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
	mutex.Lock()
	defer mutex.Unlock()
	return slices.Clone(found)
}

// fleetNamespace is where a command looks for fleets and applications.
func (c completing) fleetNamespace(cmd *cobra.Command) (string, error) {
	if flag := cmd.Flags().Lookup("fleet-namespace"); flag != nil && flag.Value.String() != "" {
		return flag.Value.String(), nil
	}
	if cmd.Name() == "get" { // where -n is about the objects
		return c.ContextNamespace()
	}
	namespace, _, err := c.Namespace()
	return namespace, err
}

// matching are the names that begin as was typed, and are not there already, each
// once. A member says what it wants, and a shell runs what it is given: only what
// no shell takes for more than a word is a name here.
func matching(names []string, typed string, used []string) []string {
	word := regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,252}$`)
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return !strings.HasPrefix(name, typed) || slices.Contains(used, name) || !word.MatchString(name)
	})
	slices.Sort(names)
	return slices.Compact(names)
}

// afterComma completes the last word of a list.
func afterComma(one cobra.CompletionFunc) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		before := typed[:strings.LastIndex(typed, ",")+1]
		names, directive := one(cmd, strings.Split(before, ","), typed[len(before):])
		for i := range names {
			names[i] = before + names[i]
		}
		return names, directive | cobra.ShellCompDirectiveNoSpace
	}
}

// atMostOne completes the first word alone.
func atMostOne(complete cobra.CompletionFunc) cobra.CompletionFunc {
	return func(cmd *cobra.Command, used []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(used) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return complete(cmd, used, typed)
	}
}

// applications completes those that are somewhere, and those that the host has.
func (c completing) applications() cobra.CompletionFunc {
	return c.names(func(ctx context.Context, host *fleet.Client, namespace string, say func(...string)) {
		var reads errgroup.Group
		reads.Go(func() error {
			deployed, err := inventory.List(ctx, host, namespace, c.Now)
			for _, record := range deployed {
				_, application := record.Of()
				say(application)
			}
			return err
		})
		reads.Go(func() error {
			known, err := fleet.Applications(ctx, host, namespace)
			for i := range known {
				say(known[i].Name)
			}
			return err
		})
		_ = reads.Wait() // what one of them finds is of use without the other
	})
}

func (c completing) fleets(ctx context.Context, host *fleet.Client, namespace string, say func(...string)) {
	if snapshot, err := fleet.Read(ctx, host, namespace); err == nil {
		say(snapshot.Fleets()...)
	}
}

func (c completing) clusters(ctx context.Context, host *fleet.Client, namespace string, say func(...string)) {
	snapshot, err := fleet.Read(ctx, host, namespace)
	if err != nil {
		return
	}
	for _, member := range snapshot.Everything() {
		say(member.Name)
	}
}

// completeFlags has the flags completed that name something, wherever there are.
// It fails for flags that are not there, and those that are asked for are.
func (c completing) completeFlags(root *cobra.Command, host *HostFlags) {
	fixed := func(values ...string) cobra.CompletionFunc {
		return cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
	}
	known := map[string]cobra.CompletionFunc{
		"fleet":    c.names(c.fleets),
		"app":      c.applications(),
		"clusters": afterComma(c.names(c.clusters)),
		"abandon":  afterComma(c.names(c.clusters)),
		"cascade":  fixed(cascadeBackground, cascadeOrphan),
		"dry-run":  fixed(dryRunNone, dryRunClient, dryRunServer),
		"color":    fixed(colorAuto, colorAlways, colorNever),
	}
	_ = root.RegisterFlagCompletionFunc("namespace", c.namespace)
	for flag, names := range host.names() {
		_ = root.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
			return beginning(names(), typed), cobra.ShellCompDirectiveNoFileComp
		})
	}
	for _, cmd := range root.Commands() {
		if cmd.ValidArgsFunction == nil && len(cmd.ValidArgs) == 0 { // it takes none, and no file either
			cmd.ValidArgsFunction = cobra.NoFileCompletions
		}
		for flag, complete := range known {
			if cmd.Flags().Lookup(flag) != nil {
				_ = cmd.RegisterFlagCompletionFunc(flag, complete)
			}
		}
		if cmd.Flags().Lookup("output") != nil {
			_ = cmd.RegisterFlagCompletionFunc("output", completeFormat)
		}
	}
}

// completeFormat completes -o with the formats that its help lists. One that takes
// something ends in "=".
func completeFormat(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	_, list, _ := strings.Cut(cmd.Flags().Lookup("output").Usage, ":")
	words := slices.DeleteFunc(regexp.MustCompile(`[a-z-]+=?`).FindAllString(list, -1), func(word string) bool { return word == "or" })
	formats := beginning(words, typed)
	if len(formats) == 1 && strings.HasSuffix(formats[0], "=") {
		return formats, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
	return formats, cobra.ShellCompDirectiveNoFileComp
}

// beginning are the names that begin as was typed.
func beginning(names []string, typed string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, typed) })
}
