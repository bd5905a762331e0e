package cmd

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fanout"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

const (
	// completionMembers is how many members are asked for names of objects, and
	// completionNames how many names of one are of use to a shell.
	completionMembers = 16
	completionNames   = 500
)

// resources completes what to get in a scope: a type, or names of objects.
func (c completing) resources(scope *scope) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		kind, name, isNamed := strings.Cut(typed, "/")
		switch {
		case isNamed && (len(args) == 0 || strings.Contains(args[0], "/")):
			names, directive := c.names(c.objects(scope, cmd, kind))(cmd, nil, name)
			for i := range names {
				names[i] = kind + "/" + names[i]
			}
			return names, directive
		case len(args) == 0 || strings.Contains(args[0], "/"):
			types := c.names(c.types(scope))
			if strings.Contains(typed, ",") {
				types = afterComma(types)
			}
			return types(cmd, nil, typed)
		}
		return c.names(c.objects(scope, cmd, args[0]))(cmd, args[1:], typed)
	}
}

// types finds those that kubectl knows by heart, and those that clusters serve.
func (c completing) types(scope *scope) find {
	return func(ctx context.Context, host *fleet.Client, _ string, say func(...string)) {
		say(view.Types()...)
		c.each(ctx, host, scope, func(ctx context.Context, client rest.Interface) {
			if served, err := view.Served(ctx, client); err == nil {
				say(served...)
			}
		})
	}
}

// namespace completes -n: the namespaces of the host, and for get, where it is about
// the objects, those of clusters.
func (c completing) namespace(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	query := view.Query{Asks: []view.Ask{{Type: "namespaces"}}}
	return c.names(func(ctx context.Context, host *fleet.Client, namespace string, say func(...string)) {
		if cmd.Name() != "get" {
			c.list(ctx, host, query, say)
			return
		}
		all := &scope{fleetNamespace: namespace, parallel: completionMembers, memberTimeout: completionTime, given: func(string) bool { return false }}
		c.each(ctx, host, all, func(ctx context.Context, client rest.Interface) {
			c.list(ctx, client, query, say)
		})
	})(cmd, args, typed)
}

// objects finds the names of a type's objects.
func (c completing) objects(scope *scope, cmd *cobra.Command, kind string) find {
	return func(ctx context.Context, host *fleet.Client, _ string, say func(...string)) {
		namespace, _, err := c.Namespace()
		if err != nil {
			return
		}
		if all, _ := cmd.Flags().GetBool("all-namespaces"); all {
			namespace = ""
		}
		c.each(ctx, host, scope, func(ctx context.Context, client rest.Interface) {
			c.list(ctx, client, view.Query{Asks: []view.Ask{{Type: kind}}, Namespace: namespace}, say)
		})
	}
}

// errEnoughNames ends a list of more names than a shell has a use for.
var errEnoughNames = errors.New("these are enough names")

// list says the names that one cluster lists.
func (c completing) list(ctx context.Context, client rest.Interface, query view.Query, say func(...string)) {
	query.Form, query.ChunkSize, query.Now = view.Names, completionNames, c.Now
	said := 0
	// What was said before something went wrong is of use.
	_ = view.Get(ctx, client, query, func(page view.Page) error {
		for _, row := range page.Rows {
			say(row.Name)
		}
		if said += len(page.Rows); said >= completionNames {
			return errEnoughNames
		}
		return nil
	})
}

// each asks some of the clusters that flags choose; all, where none does.
func (c completing) each(ctx context.Context, host *fleet.Client, chosen *scope, ask func(context.Context, rest.Interface)) {
	of := *chosen
	if !of.narrows() {
		of.allClusters = true
	}
	if of.complete(c.Factory) != nil {
		return
	}
	members, err := of.members(ctx, c.Factory, host)
	if err != nil {
		return
	}
	members = members[:min(len(members), completionMembers)]
	work := func(ctx context.Context, member fleet.Member, _ func(struct{}) error) error {
		client, err := c.Connect(ctx, host, member)
		if err != nil {
			return err
		}
		defer client.Close()
		ask(ctx, client)
		return nil
	}
	for range fanout.Stream(ctx, fanout.Options{Limit: completionMembers, Timeout: completionTime}, members, nil, work) {
		continue // each says what it finds by itself
	}
}
