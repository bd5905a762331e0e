package fault

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/kurator-dev/kubectl-fleetapp/test/lines"
)

// Environment makes the harnesses do all that there is to do, and add what they
// did to a file.
func Environment(reports string) []string {
	return []string{fullVariable + "=full", reportVariable + "=" + reports}
}

// Read reads what harnesses did; what several did of one thing counts together.
func Read(path string) ([]Report, error) {
	each, err := lines.Read[Report](path)
	if err != nil {
		return nil, err
	}
	var all []Report
	at := map[string]int{}
	for _, one := range each {
		i, known := at[one.What]
		if !known {
			i = len(all)
			at[one.What] = i
			all = append(all, Report{What: one.What})
		}
		all[i].Did += one.Did
		all[i].Failures += one.Failures
		all[i].Took += one.Took
	}
	return all, nil
}

// errShort is the error of harnesses that found something, or did too little.
var errShort = errors.New("something failed, or was done less often than it should")

// Table prints what was done beside what should be, and is an error where
// anything failed or was done too little.
func Table(out io.Writer, reports []Report) error {
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "WHAT\tDONE\tAT LEAST\tFAILED")
	short := false
	for _, bar := range bars() {
		var did Report
		for _, one := range reports {
			if one.What == bar.what {
				did = one
			}
		}
		short = short || did.Did < bar.full || did.Failures > 0
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\n", bar.what, did.Did, bar.full, did.Failures)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if short {
		return errShort
	}
	return nil
}
