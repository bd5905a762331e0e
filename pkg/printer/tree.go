package printer

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/status"
)

// Tree prints a member's objects, with what is below them. What is fine and has
// no pods is folded into one line, and so are many pods of one workload, unless
// the options say wide.
func Tree(out io.Writer, seen *status.Seen, options StatusOptions) error {
	lines := []treeLine{{name: Escape(seen.Member.Name), under: "  "}}
	if seen.Err != nil {
		lines[0].state, lines[0].level = string(status.Unknown), status.Unseen
		lines[0].detail = why(seen.Member, seen.Err)
	} else {
		grow := grower{wide: options.Wide}
		grow.add("", grow.twigs(seen.Tree(), applicationName))
		lines = append(lines, grow.lines...)
	}
	width := options.Terminal.Width
	if options.Wide { // who asks for all of it gets it
		width = 0
	}
	return drawTree(out, lines, width, options.Terminal.Colors)
}

// Trees prints the trees of all members of an application.
func Trees(out io.Writer, one Judged, options StatusOptions) error {
	for i := range one.Seen {
		if err := Tree(out, &one.Seen[i], options); err != nil {
			return err
		}
	}
	return nil
}

// treeLine is one line of a tree. Its texts are escaped.
type treeLine struct {
	// branch is what leads to it, and under what leads past it, to what is below.
	branch, under string
	name          string
	state, detail string
	level         status.Level
	// faint tells what stands for something that is left out.
	faint bool
}

// The lines of a tree: to one of several, to the last one, and what stands
// before what is below these.
const (
	toOne, toLast       = "├─ ", "└─ "
	belowOne, belowLast = "│  ", "   "
)

// grower turns nodes into lines.
type grower struct {
	wide  bool
	lines []treeLine
}

// twig is a line, and what is below it.
type twig struct {
	treeLine
	node *status.Node // nil where nothing can be below
}

// twigs are the lines of nodes, which are called as name does.
func (g *grower) twigs(nodes []status.Node, name func(*status.Node) string) []twig {
	twigs := make([]twig, len(nodes))
	for i := range nodes {
		node := &nodes[i]
		twigs[i] = twig{node: node, treeLine: treeLine{
			name: Escape(name(node)), state: Escape(g.state(node)), detail: Escape(g.detail(node)), level: node.Level,
		}}
	}
	return twigs
}

func (g *grower) add(before string, twigs []twig) {
	for i, one := range twigs {
		to, below := toOne, belowOne
		if i == len(twigs)-1 {
			to, below = toLast, belowLast
		}
		var under []twig
		if one.node != nil {
			under = g.below(one.node)
		}
		one.branch, one.under = before+to, before+below+belowLast
		if len(under) > 0 {
			one.under = before + below + belowOne
		}
		g.lines = append(g.lines, one.treeLine)
		g.add(before+below, under)
	}
}

// below are the twigs below a node: its children, as far as they are shown, and
// what is to be said of the others.
func (g *grower) below(node *status.Node) []twig {
	shown, folded := node.Children, []treeLine(nil)
	switch {
	case g.wide:
	case node.IsWorkload():
		shown, folded = foldPods(node.Children)
	default:
		shown, folded = foldFine(node.Children)
	}
	twigs := g.twigs(shown, appliedName)
	for _, line := range folded {
		twigs = append(twigs, twig{treeLine: line})
	}
	for _, note := range node.Notes {
		twigs = append(twigs, twig{treeLine: treeLine{name: Escape(note), faint: true}})
	}
	return twigs
}

// applicationName is what a source or a sync object is called: its namespace is
// the application's.
func applicationName(node *status.Node) string { return node.Kind + "/" + node.Name }

// appliedName is what something is called that may be in any namespace. A pod is
// where its workload is.
func appliedName(node *status.Node) string {
	switch {
	case isPod(node):
		return node.Name
	case node.Namespace == "":
		return node.Kind + "/" + node.Name
	}
	return node.Kind + "/" + node.Namespace + "/" + node.Name
}

func isPod(node *status.Node) bool { return node.Group == "" && node.Kind == "Pod" }

// state is the word for a node, with what is counted before it: of a pod only
// where that says more.
func (g *grower) state(node *status.Node) string {
	if node.Ready == "" || isPod(node) && node.Level == status.Fine && !g.wide {
		return node.Health
	}
	return node.Ready + " " + node.Health
}

func (g *grower) detail(node *status.Node) string {
	var parts []string
	add := func(text string) {
		if text != "" {
			parts = append(parts, text)
		}
	}
	add(status.Short(node.Revision))
	message := node.Message
	if node.Reason != "" && (!node.IsWorkload() || node.Err != nil) { // kstatus' own says nothing that its message does not
		message = strings.TrimSuffix(node.Reason+": "+message, ": ")
	}
	add(message)
	if node.Restarts != "" {
		add("restarts " + node.Restarts)
	}
	if g.wide {
		add(strings.Join(node.Images, ","))
	}
	return strings.Join(parts, "   ")
}

// drawTree writes lines whose names and states are in columns. Within a width,
// where there is one, details are cut off, or, where there is no room for them,
// stand below their line, if that is not as it should be.
func drawTree(out io.Writer, lines []treeLine, width int, colors Colors) error {
	names, states := 0, 0
	for _, line := range lines {
		if line.state == "" { // stands alone
			continue
		}
		names = max(names, min(widthOf(line.branch+line.name), maxWidth)+gap)
		states = max(states, min(widthOf(line.state), maxWidth)+gap)
	}
	room := width - 1 - names - states
	written := bufio.NewWriter(out)
	for _, line := range lines {
		under := ""
		switch {
		case line.state == "" && width > 0:
			line.name = fit(line.name, max(width-1-widthOf(line.branch), 1))
		case width == 0 || widthOf(line.detail) <= room:
		case room >= minMessage:
			line.detail = fit(line.detail, room)
		case line.level == status.Fine || line.faint:
			line.detail = fit(line.detail, room)
		default:
			under, line.detail = line.detail, ""
		}
		fmt.Fprintln(written, line.text(names, states, colors))
		if under != "" {
			fmt.Fprintln(written, line.under+colors.Faint(fit(under, max(width-1-widthOf(line.under), 1))))
		}
	}
	return written.Flush()
}

// text is a line in columns of these widths, gaps included.
func (l treeLine) text(names, states int, colors Colors) string {
	text := l.name
	if l.state != "" {
		text += strings.Repeat(" ", max(names-widthOf(l.branch+l.name), gap))
		if !l.faint {
			text += l.painted(colors, l.state)
		} else {
			text += l.state
		}
	}
	if l.detail != "" {
		text += strings.Repeat(" ", max(states-widthOf(l.state), gap)) + l.detail
	}
	if l.faint {
		text = colors.Faint(text)
	}
	return l.branch + text
}

func (l treeLine) painted(colors Colors, text string) string {
	switch l.level {
	case status.Fine:
		return colors.Good(text)
	case status.Bad:
		return colors.Bad(text)
	}
	return colors.Busy(text)
}
