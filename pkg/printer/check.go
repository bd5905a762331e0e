package printer

import (
	"fmt"
	"io"
	"strings"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/preflight"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// Checked is a cluster, and what its check found.
type Checked struct {
	Member fleet.Member
	// OnlyHost is set on the host where nothing is deployed to it.
	OnlyHost bool
	preflight.Report
}

// Checks prints a row for each cluster, whose cells say how it does in each
// concern. What there is to do stands behind, in lines of its own where it is
// more than one thing.
func Checks(out io.Writer, checked []Checked, terminal Terminal, noHeaders bool) error {
	titles := []string{"CLUSTER"}
	for _, concern := range preflight.Concerns() {
		titles = append(titles, strings.ToUpper(string(concern)))
	}
	rows := make([]noted, len(checked))
	for i, one := range checked {
		rows[i].cells = []string{one.Member.Name}
		for _, concern := range preflight.Concerns() {
			rows[i].cells = append(rows[i].cells, one.cell(concern))
		}
		for _, finding := range one.Findings {
			rows[i].notes = append(rows[i].notes, shorten(finding.WayOut, maxLine))
		}
	}
	return notedTable(out, append(titles, "TO-DO"), rows, terminal, noHeaders, func(column int, cell string) string {
		if column == 0 {
			return cell
		}
		return paintSign(terminal.Colors, cell)
	})
}

func paintSign(colors Colors, cell string) string {
	switch {
	case cell == sign(preflight.Passed):
		return colors.Good(cell)
	case cell == sign(preflight.Failed):
		return colors.Bad(cell)
	case cell == untold, strings.HasPrefix(cell, sign(preflight.Warned)):
		return colors.Busy(cell)
	}
	return cell
}

// cell is the sign of a mark; of the version, the version itself.
func (c Checked) cell(concern preflight.Concern) string {
	mark := c.Marks[concern]
	switch {
	case concern == preflight.Version && mark == preflight.Passed:
		return c.Version
	case concern == preflight.Version && mark == preflight.Warned:
		return sign(mark) + " " + c.Version
	}
	return sign(mark)
}

func sign(mark preflight.Mark) string {
	switch mark {
	case preflight.Passed:
		return "✔"
	case preflight.Failed:
		return "✗"
	case preflight.Warned:
		return "!"
	case preflight.NotNeeded:
		return unasked
	}
	return untold
}

// ClosingCheck sums a check up in one line.
func ClosingCheck(out io.Writer, checked []Checked) {
	members, passed, failed, unsure := 0, 0, 0, 0
	host := Checked{OnlyHost: true}
	for _, one := range checked {
		switch {
		case one.OnlyHost:
			host = one
			continue
		case !one.Passes():
			failed++
		case one.IsKnown():
			passed++
			if !one.IsSure() {
				unsure++
			}
		}
		members++
	}
	if !host.Passes() {
		fmt.Fprintln(out, "a deploy would fail before it begins: mend what is said of the host")
		return
	}
	text := fmt.Sprintf("a deploy would succeed in %s", clusters(members))
	if passed < members {
		text = fmt.Sprintf("a deploy would succeed in %d of %s", passed, clusters(members))
	}
	if failed > 0 {
		text += fmt.Sprintf(", and fail in %d", failed)
	}
	if unknown := members - passed - failed; unknown > 0 {
		text += fmt.Sprintf("; it is not known in %d", unknown)
	}
	if !host.IsKnown() {
		text += "; whether the host lets it begin is not known"
	}
	if unsure > 0 {
		text += fmt.Sprintf("; there is something to do in %d of those that pass", unsure)
	}
	fmt.Fprintln(out, text)
}

// preflightReport is what Checks shows, and more, as one document for programs.
type preflightReport struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Passed says that a deploy would fail nowhere, as far as that is known, and
	// Known whether it is.
	Passed bool            `json:"passed"`
	Known  bool            `json:"known"`
	Items  []preflightItem `json:"items"`
}

type preflightItem struct {
	Cluster string `json:"cluster"`
	Kind    string `json:"kind"`
	Passed  bool   `json:"passed"`
	Known   bool   `json:"known"`
	// User is for whom the cluster takes the credentials.
	User    string `json:"user,omitempty"`
	Version string `json:"version,omitempty"`
	// Checks has a result for each concern.
	Checks   map[preflight.Concern]preflight.Mark `json:"checks"`
	Findings []preflightFinding                   `json:"findings"`
	// Error is why it could not be asked.
	Error *reportError `json:"error,omitempty"`
}

type preflightFinding struct {
	Checks []preflight.Concern `json:"checks"`
	Result preflight.Mark      `json:"result"`
	WayOut string              `json:"toDo"`
}

// PreflightReport prints what was checked as JSON or YAML.
func PreflightReport(out io.Writer, format string, checked []Checked) error {
	report := preflightReport{APIVersion: reportVersion, Kind: "PreflightReport", Passed: true, Known: true, Items: []preflightItem{}}
	for _, one := range checked {
		report.Passed, report.Known = report.Passed && one.Passes(), report.Known && one.IsKnown()
		item := preflightItem{
			Cluster: Escape(one.Member.Name), Kind: Escape(one.Member.Kind), Passed: one.Passes(), Known: one.IsKnown(), User: Escape(one.User),
			Version: Escape(one.Version), Checks: one.Marks, Findings: []preflightFinding{}, Error: errorOf(one.Err),
		}
		for _, finding := range one.Findings {
			item.Findings = append(item.Findings, preflightFinding{finding.Concerns, finding.Mark, Escape(shorten(finding.WayOut, maxMessage))})
		}
		report.Items = append(report.Items, item)
	}
	return document(out, report, format)
}

// IsAway tells a cluster that does not answer from one that has something to
// mend.
func (c Checked) IsAway() bool {
	why := reason.Reason("")
	if c.Err != nil {
		why = reason.Of(c.Err)
	}
	return why == reason.Unreachable || why == reason.Timeout
}
