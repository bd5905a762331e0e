package printer

import (
	"fmt"
	"io"
	"strings"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/deploy"
)

// Deletions lists what will be deleted, one member a line; members that lose
// the same are said to.
func Deletions(out io.Writer, works []deploy.Work) {
	var rows [][]string
	last := ""
	for _, work := range works {
		unwanted := work.Unwanted()
		if len(unwanted) == 0 || work.Skip {
			continue
		}
		names := make([]string, len(unwanted))
		for i, id := range unwanted {
			names[i] = id.Short()
		}
		objects := strings.Join(names, ", ")
		if objects == last {
			rows = append(rows, []string{"  " + work.Member.Name, "the same"})
			continue
		}
		last = objects
		rows = append(rows, []string{"  " + work.Member.Name, objects})
	}
	if err := Table(out, nil, rows); err != nil {
		fmt.Fprintln(out, err)
	}
}
