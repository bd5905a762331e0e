package printer

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/preflight"
)

const (
	// unasked is the cell of what could not come to be asked, and untold of what
	// was asked in vain.
	unasked = "-"
	untold  = "?"
)

// Cluster is a member, and what is known of it.
type Cluster struct {
	Member fleet.Member
	// Fleets are those that list it.
	Fleets []string
	// Applications are those that may have something there; IsCounted is not set
	// where they are not known.
	Applications []string
	IsCounted    bool
	// Is what it says of itself, or Err why it does not.
	Is  preflight.Cluster
	Err error
}

// ClusterOptions say what a table of clusters shows.
type ClusterOptions struct {
	// Wide shows all of Flux's controllers, and its APIs.
	Wide bool
	// NoHeaders leaves the titles out.
	NoHeaders bool
	// ShowLabels shows each cluster's labels.
	ShowLabels bool
	// Terminal is what it is printed on.
	Terminal Terminal
}

// Clusters prints a row for each cluster.
func Clusters(out io.Writer, clusters []Cluster, options ClusterOptions) error {
	titles := []string{"NAME", "KIND", "FLEETS", "READY", "VERSION", "FLUX"}
	if options.Wide {
		titles = append(titles, "FLUX-APIS")
	}
	titles = append(titles, "APPS")
	if options.ShowLabels {
		titles = append(titles, "LABELS")
	}
	rows := make([]noted, len(clusters))
	for i, cluster := range clusters {
		rows[i].cells = cluster.row(options)
		if cluster.Err != nil {
			rows[i].notes = []string{why(cluster.Member, cluster.Err)}
		}
	}
	ready := slices.Index(titles, "READY")
	return notedTable(out, append(titles, "REASON"), rows, options.Terminal, options.NoHeaders, func(column int, cell string) string {
		switch {
		case column != ready:
			return cell
		case cell == isReady:
			return options.Terminal.Colors.Good(cell)
		}
		return options.Terminal.Colors.Bad(cell)
	})
}

// isReady is in the column READY of a cluster that is, and isNotReady of one that
// is not.
const isReady, isNotReady = "True", "False"

func (c Cluster) row(options ClusterOptions) []string {
	ready, version, flux, apis := isReady, orElse(c.Is.Version, untold), fluxOf(c.Is, options.Wide), apisOf(c.Is)
	if c.Err != nil {
		ready, version, flux, apis = isNotReady, unasked, unasked, unasked
	}
	row := []string{c.Member.Name, c.Member.Kind, orElse(strings.Join(c.Fleets, ","), none), ready, version, flux}
	if options.Wide {
		row = append(row, apis)
	}
	count := untold
	if c.IsCounted {
		count = strconv.Itoa(len(c.Applications))
	}
	row = append(row, count)
	if options.ShowLabels {
		row = append(row, labels.FormatLabels(c.Member.Labels))
	}
	return row
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// fluxOf is what there is of Flux: its controllers' versions, or why there are
// none to show.
func fluxOf(is preflight.Cluster, wide bool) string {
	var parts []string
	for _, controller := range is.Controllers {
		part := controllerOf(controller)
		if wide {
			part = controller.Namespace + "/" + part
		}
		if (wide || controller.Syncs()) && !slices.Contains(parts, part) { // shards are the same
			parts = append(parts, part)
		}
	}
	switch served, known := servesFlux(is); {
	case !served && !known:
		return untold
	case !served:
		return "none"
	case len(parts) > 0:
		return strings.Join(parts, ", ")
	case is.Unseen != nil:
		return fmt.Sprintf("APIs (controllers: %s)", errorOf(is.Unseen).Reason)
	}
	return "APIs only"
}

func controllerOf(controller preflight.Controller) string {
	text := fmt.Sprintf("%s %s", strings.TrimSuffix(controller.Name, "-controller"), orElse(controller.Version, untold))
	if controller.Available == 0 {
		text += fmt.Sprintf(" (%d/%d)", controller.Available, controller.Replicas)
	}
	return text
}

// servesFlux tells whether a cluster serves any of Flux's groups, and whether
// that is known.
func servesFlux(is preflight.Cluster) (served, known bool) {
	known = true
	for _, group := range is.Groups {
		served = served || len(group.Versions) > 0
		known = known && group.Err == nil
	}
	return served, known
}

// apisOf are the versions in which Flux's groups are served.
func apisOf(is preflight.Cluster) string {
	var parts []string
	for _, group := range is.Groups {
		name, _, _ := strings.Cut(group.Name, ".")
		switch {
		case group.Err != nil:
			parts = append(parts, name+" "+untold)
		case len(group.Versions) > 0:
			parts = append(parts, name+" "+strings.Join(group.Versions, "/"))
		}
	}
	return orElse(strings.Join(parts, ", "), "none")
}

// ClusterNames prints a line for each cluster, as kubectl's -o name has it. The
// host, which is no object, is called what it is.
func ClusterNames(out io.Writer, clusters []Cluster) error {
	for _, cluster := range clusters {
		name := cluster.Member.Name
		if cluster.Member.Kind != fleet.KindHost {
			name = strings.ToLower(cluster.Member.Kind) + ".cluster.kurator.dev/" + name
		}
		if _, err := fmt.Fprintln(out, Escape(name)); err != nil {
			return err
		}
	}
	return nil
}
