package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/lab"
	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/state"
)

func newDown(dir *string) *cobra.Command {
	return &cobra.Command{
		Use:   "down",
		Short: "End the lab's processes and remove its data",
		Long: `Ends exactly the processes that the lab has started, waits for them, and
removes what it has written. The logs stay until the next up.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			progress := newProgress(cmd.ErrOrStderr())
			ended, err := lab.Down(*dir)
			if err != nil {
				return err
			}
			progress.report("lab", fmt.Sprintf("is down; %d processes ended", ended))
			return nil
		},
	}
}

func newStatus(dir *string) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "List the lab's programs; exit 1 unless all are ready",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			programs, phase, err := lab.Status(cmd.Context(), *dir)
			if err != nil {
				return err
			}
			table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 3, ' ', 0)
			fmt.Fprintln(table, "CLUSTER\tPROGRAM\tPID\tPORT\tSTATE\tREADY")
			bad := 0
			for _, program := range programs {
				fmt.Fprintln(table, row(program))
				if !program.OK() {
					bad++
				}
			}
			if err := table.Flush(); err != nil {
				return err
			}
			if phase != state.Up {
				return fmt.Errorf("the lab is half-started or half-ended (%s); fleetlab down ends it", phase)
			}
			if bad > 0 {
				return fmt.Errorf("%d of %d programs are not running and ready", bad, len(programs))
			}
			return nil
		},
	}
}

func row(program lab.Program) string {
	var ports []string
	for _, port := range program.Ports {
		ports = append(ports, strconv.Itoa(port.Port))
	}
	ready := "no"
	if program.OK() {
		ready = "yes"
	}
	return strings.Join([]string{
		program.Cluster, program.Program, strconv.Itoa(program.PID), strings.Join(ports, ","), program.State, ready,
	}, "\t")
}

// newControls are the commands that make single programs fail and recover.
func newControls(dir *string) []*cobra.Command {
	stop := control("stop", "End single programs", func(_ *cobra.Command, names []string, report lab.Reporter) error {
		return lab.Stop(*dir, names, report)
	})
	timeout := defaultTimeout
	start := control("start", "Start programs that were stopped or have ended",
		func(cmd *cobra.Command, names []string, report lab.Reporter) error {
			return lab.Start(cmd.Context(), *dir, names, timeout, report)
		})
	start.Flags().DurationVar(&timeout, "timeout", timeout, "how long each program may take to be ready")
	pause := control("pause", "Make programs hang: they hold their ports and answer nothing",
		func(_ *cobra.Command, names []string, report lab.Reporter) error {
			return lab.Pause(*dir, names, report)
		})
	resume := control("resume", "Let paused programs go on",
		func(_ *cobra.Command, names []string, report lab.Reporter) error {
			return lab.Resume(*dir, names, report)
		})
	return []*cobra.Command{stop, start, pause, resume}
}

func control(
	verb, short string, run func(cmd *cobra.Command, names []string, report lab.Reporter) error,
) *cobra.Command {
	return &cobra.Command{
		Use:     verb + " CLUSTER[/PROGRAM]…",
		Short:   short,
		Example: "  fleetlab " + verb + " kurator-member1/kube-apiserver\n  fleetlab " + verb + " kurator-member1",
		RunE: func(cmd *cobra.Command, names []string) error {
			if len(names) == 0 {
				return errors.New("name a program, CLUSTER/PROGRAM, or a CLUSTER; fleetlab status lists them")
			}
			return run(cmd, names, newProgress(cmd.ErrOrStderr()).report)
		},
	}
}
