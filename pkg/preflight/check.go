package preflight

import (
	"cmp"
	"context"
	"slices"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
)

// checking is what is asked of one member to check it.
type checking struct {
	*asking
	needs  Needs
	rights []right

	user      string
	namespace error // of reading the application's

	mutex    sync.Mutex // guards the fields below
	lacking  map[int]bool
	unknown  error                      // of the rights, the first
	unsure   []right                    // those that could not be asked
	serves   map[string]map[string]bool // by group and version, which resources
	unserved error                      // of reading those, the first
}

// Check finds out whether a deploy would succeed in a member that is
// connected to.
func Check(ctx context.Context, client rest.Interface, needs Needs) Report {
	c := &checking{
		asking: newAsking(client), needs: needs, rights: needs.rights(),
		lacking: map[int]bool{}, serves: map[string]map[string]bool{},
	}
	c.ask(func(ctx context.Context) error {
		c.user = whoAmI(ctx, client)
		return nil
	})
	c.ask(c.readNamespace)
	for i := range c.rights {
		c.ask(func(ctx context.Context) error { return c.askRight(ctx, i) })
	}
	for _, group := range plan.Groups() {
		if !needs.group(group) {
			continue
		}
		for _, version := range plan.Versions(group) {
			c.ask(func(ctx context.Context) error { return c.readVersion(ctx, group, version) })
		}
	}
	sideBySide(ctx, c.asks...)
	return c.report()
}

func (n Needs) group(name string) bool {
	return slices.ContainsFunc(n.Kinds, func(kind plan.Identity) bool { return kind.Group == name })
}

func (c *checking) readNamespace(ctx context.Context) error {
	if len(c.needs.Kinds) > 0 {
		var namespace metav1.PartialObjectMetadata
		c.namespace = decode(c.client.Get().AbsPath("api/v1/namespaces", c.needs.Namespace).Do(ctx), &namespace)
	}
	return c.namespace
}

func (c *checking) askRight(ctx context.Context, index int) error {
	has, err := c.rights[index].has(ctx, c.client)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	switch {
	case err != nil:
		c.unknown, c.unsure = cmp.Or(c.unknown, err), append(c.unsure, c.rights[index])
	case !has:
		c.lacking[index] = true
	}
	return err
}

// readVersion reads which resources there are in one version of a group.
func (c *checking) readVersion(ctx context.Context, group, version string) error {
	var list metav1.APIResourceList
	err := decode(c.client.Get().AbsPath("apis", group, version).Do(ctx), &list)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		if c.unserved == nil {
			c.unserved = err
		}
		return err
	}
	resources := map[string]bool{}
	for _, resource := range list.APIResources {
		resources[resource.Name] = true
	}
	c.serves[group+"/"+version] = resources
	return nil
}
