package printer

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/status"
)

// StatusOptions say how states are printed.
type StatusOptions struct {
	// Wide adds columns, and the rows of sources that are ready.
	Wide bool
	// NoHeaders leaves the titles out.
	NoHeaders bool
	// Terminal is what is printed on: a last column that is too wide for it is
	// cut off there.
	Terminal Terminal
	// Now is the time that ages are told by.
	Now time.Time
}

// Judged is an application, and what its members come to.
type Judged struct {
	*status.Application
	status.Verdict
}

// unknown is shown in the place of what there is nothing of.
const unknown = "-"

// differs marks what is not as in most members; same stands there in other rows.
const differs, same = "! ", "  "

// ApplicationTable prints a row for each application.
func ApplicationTable(out io.Writer, all []Judged, options StatusOptions) error {
	rows := make([][]string, len(all))
	for i, one := range all {
		rows[i] = applicationRow(one, options)
	}
	return statusTable(out, applicationHeader(options), rows, options)
}

func applicationHeader(options StatusOptions) []string {
	header := []string{"NAMESPACE", "NAME", "FLEET", "CLUSTERS", "READY", "REVISION", "MANAGER", "AGE"}
	if options.Wide {
		header = append(header, "DETAIL")
	}
	return header
}

func applicationRow(one Judged, options StatusOptions) []string {
	revision := unknown
	switch {
	case len(one.Revisions) == 1:
		revision = one.Revisions[0]
	case len(one.Revisions) > 1:
		revision = fmt.Sprintf("%d revisions", len(one.Revisions))
	}
	row := []string{
		one.Namespace, one.Name, orUnknown(strings.Join(one.Fleets, ",")), fmt.Sprintf("%d/%d", one.Counts.Ready, one.Counts.Wanted),
		string(one.Ready), revision, orUnknown(one.Manager), age(one.Created, options.Now),
	}
	if options.Wide {
		row = append(row, orUnknown(strings.Join(countsOf(one), " · ")))
	}
	return row
}

// LineTable prints a row for each policy of each of an application's members.
func LineTable(out io.Writer, one Judged, options StatusOptions) error {
	lines := Lines(one, options)
	marks := false
	for _, line := range lines {
		marks = marks || line.RevisionDiffers
	}
	rows := make([][]string, len(lines))
	for i, line := range lines {
		rows[i] = lineRow(line, marks, options)
	}
	return statusTable(out, lineHeader(options), rows, options)
}

func lineHeader(options StatusOptions) []string {
	header := []string{"CLUSTER", "POLICY", "KIND", "READY", "REVISION", "AGE"}
	if options.Wide {
		header = append(header, "IMAGES")
	}
	return append(header, "MESSAGE")
}

// Lines are those that are shown: a source's only where it is not ready, or
// where the rest is not all that is asked for.
func Lines(one Judged, options StatusOptions) []status.Line {
	var lines []status.Line
	for _, line := range one.Lines {
		if isShown(line, options) {
			lines = append(lines, line)
		}
	}
	return lines
}

func isShown(line status.Line, options StatusOptions) bool {
	return line.IsSync() || options.Wide || line.Ready != status.True && line.At.Err == nil
}

func lineRow(line status.Line, marks bool, options StatusOptions) []string {
	policy := unknown
	if line.IsSync() {
		policy = line.Name
	}
	revision := orUnknown(line.Short)
	switch {
	case line.RevisionDiffers:
		revision = differs + revision
	case marks:
		revision = same + revision
	}
	row := []string{line.At.Member.Name, policy, line.Kind, string(line.Ready), revision, age(line.Created, options.Now)}
	if options.Wide {
		row = append(row, orUnknown(strings.Join(line.Images, ",")))
	}
	return append(row, message(line))
}

// message is what there is to say of a line, with the reason where it is not
// ready.
func message(line status.Line) string {
	text := line.Message
	if line.Short != "" {
		text = strings.TrimSuffix(strings.ReplaceAll(text, line.Revision, line.Short), ": "+line.Short)
	}
	if line.Ready != status.True && line.Why != "" {
		text = line.Why + ": " + text
	}
	if line.ImagesDiffer {
		text = differs + imagesOf(line) + "; " + text
	}
	return text
}

// imagesOf says which images a line has that most do not, or the other way round.
func imagesOf(line status.Line) string {
	has := strings.Join(without(line.Images, line.Usual.Images), ", ")
	lacks := strings.Join(without(line.Usual.Images, line.Images), ", ")
	switch {
	case lacks == "":
		return "image " + has + ", which others do not have"
	case has == "":
		return "no image " + lacks + ", which others have"
	}
	return "image " + has + ", where others have " + lacks
}

// without is what of the images is not among others.
func without(images, others []string) []string {
	return slices.DeleteFunc(slices.Clone(images), func(image string) bool { return slices.Contains(others, image) })
}

// StatusClosing sums an application up in one line.
func StatusClosing(out io.Writer, one Judged) {
	fmt.Fprintln(out, Escape(strings.Join(append([]string{
		fmt.Sprintf("%d/%d ready", one.Counts.Ready, one.Counts.Wanted),
	}, countsOf(one)...), " · ")))
}

// countsOf are the numbers beside that of the members that are ready.
func countsOf(one Judged) []string {
	var parts []string
	if one.Ready == status.Nowhere {
		parts = append(parts, "no cluster matches")
	}
	for _, count := range []struct {
		n    int
		what string
	}{
		{one.Counts.Failing, "failing"}, {one.Counts.NotDeployed, "not deployed"}, {one.Counts.Suspended, "suspended"},
		{one.Counts.Reconciling, "reconciling"}, {one.Counts.Unknown, "unknown"}, {one.Counts.Leftovers, "with leftovers"},
	} {
		if count.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count.n, count.what))
		}
	}
	if one.NotFine > 0 {
		parts = append(parts, fmt.Sprintf("%s not current", objects(one.NotFine)))
	}
	if one.Gaps > 0 {
		parts = append(parts, gaps(one.Gaps)+" in the tree")
	}
	if n := len(one.Revisions); n > 1 {
		parts = append(parts, fmt.Sprintf("%d revisions%s", n, usual(one)))
	}
	for _, line := range one.Lines {
		if line.ImagesDiffer {
			return append(parts, "images differ")
		}
	}
	return parts
}

// usual says which revision those that are marked differ from, where there is
// but one.
func usual(one Judged) string {
	from := ""
	for _, line := range one.Lines {
		switch {
		case !line.RevisionDiffers:
		case from != "" && from != line.Usual.Revision:
			return " (! differs from others)"
		default:
			from = line.Usual.Revision
		}
	}
	if from == "" {
		return ""
	}
	return " (! differs from " + from + ")"
}

func orUnknown(text string) string {
	if text == "" {
		return unknown
	}
	return text
}

// age is how long ago something was, as kubectl says it.
func age(created, now time.Time) string {
	if created.IsZero() {
		return unknown
	}
	return duration.HumanDuration(now.Sub(created))
}
