package preflight

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/version"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// strictFrom is the first version of Kubernetes that refuses fields which it
// does not know. Source: ServerSideFieldValidation among its feature gates.
const strictFrom = "1.25.0"

// report judges what was answered.
func (c *checking) report() Report {
	cluster, err := c.cluster()
	if err != nil {
		return Unasked(err, true, c.needs)
	}
	r := newReport()
	r.Cluster, r.User = cluster, c.user
	r.Marks[Kubeconfig], r.Marks[Reachable] = Passed, Passed
	if c.needs.Host {
		r.Marks[Kubeconfig] = NotNeeded // it is the user's own
	}
	c.judgeRights(&r)
	c.judgeFlux(&r)
	c.judgeVersion(&r)
	return r
}

func (c *checking) judgeRights(r *Report) {
	r.Marks[Permissions] = Passed
	var lacking []right
	if apierrors.IsForbidden(c.failed.identify) {
		lacking = append(lacking, c.needs.system())
	}
	for i, right := range c.rights {
		if !c.lacking[i] {
			continue
		}
		switch {
		case !right.onlyMissing:
		case c.namespace == nil:
			continue
		case !apierrors.IsNotFound(c.namespace): // it may be there
			right.lack, right.why = Warned, fmt.Sprintf("or make namespace %q there, if it is missing", c.needs.Namespace)
		default:
			right.why = fmt.Sprintf("or make namespace %q there", c.needs.Namespace)
		}
		lacking = append(lacking, right)
	}
	r.find(grants(lacking, c.whom())...)
	if c.unknown != nil {
		r.find(Finding{[]Concern{Permissions}, Unknown, "what its user may do there could not be asked: " + said(c.unknown)})
	}
	r.Unsure = slices.ContainsFunc(c.unsure, func(right right) bool {
		return right.lack == Failed && (!right.onlyMissing || apierrors.IsNotFound(c.namespace))
	})
}

// whom is whoever a right is to be granted to.
func (c *checking) whom() string {
	whose := "its user"
	if c.needs.Host {
		whose = "your user"
	}
	if c.user == "" {
		return whose
	}
	return fmt.Sprintf("%s %q", whose, c.user)
}

func (c *checking) judgeFlux(r *Report) {
	var missing, silent, unseen fluxParts
	for i, concern := range []Concern{Source, Kustomize, Helm} {
		group, program := c.groups[i], programs()[i]
		if !c.needs.group(group.Name) {
			r.Marks[concern] = NotNeeded
			continue
		}
		unserved := c.unservedOf(group.Name)
		r.Marks[concern] = Passed
		switch {
		case c.unserved != nil && len(unserved) > 0, group.Err != nil:
			r.Unsure = r.Unsure || len(unserved) > 0
			r.find(Finding{[]Concern{concern}, Unknown, fmt.Sprintf("which versions of %s it serves could not be asked: %s", group.Name, said(cmp.Or(c.unserved, group.Err)))})
		case len(group.Versions) == 0:
			missing.add(concern, group.Name)
			continue
		case len(unserved) > 0:
			r.find(Finding{[]Concern{concern}, Failed, fmt.Sprintf(
				"upgrade Flux there, or kubectl fleetapp here: it serves %s in %s, but no %s in a version that is known here (%s)",
				group.Name, strings.Join(group.Versions, ", "), strings.Join(unserved, ", "), strings.Join(plan.Versions(group.Name), ", "))})
			continue
		}
		switch running, found := c.running(r.Controllers, program); {
		case running:
		case found != nil:
			r.find(Finding{[]Concern{concern}, Warned, fmt.Sprintf("see why %s is not available there (Deployment %s/%s, %d/%d): nothing is synced without",
				program, found.Namespace, found.Deployment, found.Available, found.Replicas)})
		case r.Unseen != nil:
			unseen.add(concern, program)
		default:
			silent.add(concern, program)
		}
	}
	if len(missing.names) > 0 {
		r.find(Finding{missing.concerns, Failed, "install Flux there: " + missing.list() + missing.are(" is", " are") + " not served"})
	}
	if len(silent.names) > 0 {
		r.find(Finding{silent.concerns, Warned, "start " + silent.list() + " there: no Deployment is seen, and nothing is synced without"})
	}
	for _, concern := range unseen.concerns {
		r.Marks[concern] = worse(r.Marks[concern], Unknown)
	}
	// Who may not look is told so with the other rights.
	if len(unseen.names) > 0 && (c.unknown != nil || reason.Of(r.Unseen) != reason.Forbidden) {
		r.find(Finding{unseen.concerns, Unknown, fmt.Sprintf("whether %s run there could not be asked: %s", unseen.list(), said(r.Unseen))})
	}
}

// running tells whether a controller is available, and if not, which one of
// that name was found.
func (c *checking) running(all []Controller, program string) (bool, *Controller) {
	var found *Controller
	for i := range all {
		if all[i].Name != program {
			continue
		}
		if found = &all[i]; found.Available > 0 {
			return true, found
		}
	}
	return false, found
}

// unservedOf are the resources of a group that are needed, and served in no
// version that we know.
func (c *checking) unservedOf(group string) []string {
	var unserved []string
	for _, kind := range c.needs.Kinds {
		if kind.Group == group && !slices.ContainsFunc(plan.Versions(group), func(version string) bool {
			return c.serves[group+"/"+version][kind.Resource]
		}) {
			unserved = append(unserved, kind.Resource)
		}
	}
	return unserved
}

func (c *checking) judgeVersion(r *Report) {
	is, err := version.ParseGeneric(strings.TrimPrefix(r.Version, "v"))
	switch {
	case err != nil:
		r.Marks[Version] = Unknown
	case is.LessThan(version.MustParseGeneric(strictFrom)):
		r.Marks[Version] = Passed
		r.find(Finding{[]Concern{Version}, Warned, "upgrade Kubernetes there to 1.25 or later, which refuses fields that its Flux does not know: this one drops them"})
	default:
		r.Marks[Version] = Passed
	}
}

// fluxParts are parts of Flux of which one thing is to be said.
type fluxParts struct {
	concerns []Concern
	names    []string
}

func (p *fluxParts) add(concern Concern, name string) {
	p.concerns, p.names = append(p.concerns, concern), append(p.names, name)
}

func (p *fluxParts) list() string {
	last := len(p.names) - 1
	if last == 0 {
		return p.names[0]
	}
	return strings.Join(p.names[:last], ", ") + " and " + p.names[last]
}

func (p *fluxParts) are(one, many string) string {
	if len(p.names) == 1 {
		return one
	}
	return many
}

// said is an error as part of a line.
func said(err error) string {
	return fmt.Sprintf("%s: %s", reason.Of(err), cut(reason.Message(err), maxMessage))
}
