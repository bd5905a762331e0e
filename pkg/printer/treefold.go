package printer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/status"
)

const (
	// maxFinePods and maxOtherPods are how many pods of one workload have a line
	// of their own.
	maxFinePods, maxOtherPods = 5, 10
	// minFolded is how many lines one line is worth.
	minFolded = 2
)

// foldFine leaves out what is fine and has no pods, and says in one line what
// that is.
func foldFine(nodes []status.Node) (shown []status.Node, folded []treeLine) {
	var kinds []string
	for i := range nodes {
		if isFolded(&nodes[i]) {
			kinds = append(kinds, Escape(nodes[i].Kind))
		}
	}
	if len(kinds) < minFolded {
		return nodes, nil
	}
	health := ""
	for i := range nodes {
		if isFolded(&nodes[i]) {
			health = nodes[i].Health
		} else {
			shown = append(shown, nodes[i])
		}
	}
	return shown, []treeLine{{name: more(len(kinds), len(shown)), state: Escape(health), detail: counted(kinds), faint: true}}
}

// isFolded tells what need not be looked at.
func isFolded(node *status.Node) bool {
	return node.Level == status.Fine && !node.IsWorkload() && len(node.Children)+len(node.Notes) == 0
}

// foldPods leaves out pods of which there are enough, first of those that are
// fine.
func foldPods(pods []status.Node) (shown []status.Node, folded []treeLine) {
	var words []string
	level := status.Fine
	fine, others := 0, 0
	for _, pod := range pods {
		at, most := &others, maxOtherPods
		if pod.Level == status.Fine {
			at, most = &fine, maxFinePods
		}
		if *at++; *at <= most {
			shown = append(shown, pod)
			continue
		}
		words = append(words, Escape(pod.Health))
		if pod.Level != status.Fine {
			level = pod.Level
		}
	}
	if len(words) == 0 {
		return pods, nil
	}
	state := words[0]
	if slices.ContainsFunc(words, func(word string) bool { return word != state }) {
		state = counted(words)
	}
	line := treeLine{name: more(len(words), len(shown)), state: state, level: level, faint: level == status.Fine}
	return shown, []treeLine{line}
}

// more counts what is folded, beside what is shown.
func more(n, shown int) string {
	if shown == 0 {
		return objects(n)
	}
	return fmt.Sprintf("%d more", n)
}

func objects(n int) string {
	if n == 1 {
		return "1 object"
	}
	return fmt.Sprintf("%d objects", n)
}

func gaps(n int) string {
	if n == 1 {
		return "1 gap"
	}
	return fmt.Sprintf("%d gaps", n)
}

// counted is how many of each there are, in the order in which they are first
// met: "ConfigMap, 2 Service".
func counted(words []string) string {
	var order []string
	numbers := map[string]int{}
	for _, word := range words {
		if numbers[word] == 0 {
			order = append(order, word)
		}
		numbers[word]++
	}
	for i, word := range order {
		if n := numbers[word]; n > 1 {
			order[i] = fmt.Sprintf("%d %s", n, word)
		}
	}
	return strings.Join(order, ", ")
}
