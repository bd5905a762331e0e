package printer

import (
	"fmt"
	"io"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// Versions are those of this program and of what it talks to.
type Versions struct {
	Client ClientVersion
	// Host is that of its API server; empty where it was not asked.
	Host string
	// Clusters are those of the members; nil where none was asked.
	Clusters []ClusterVersion
}

// ClientVersion is that of this program, in kubectl's words.
type ClientVersion struct {
	GitVersion string `json:"gitVersion"`
	GoVersion  string `json:"goVersion"`
	Platform   string `json:"platform"`
}

// ClusterVersion is that of a member's API server, or why it is not known.
type ClusterVersion struct {
	Member  fleet.Member
	Version string
	Err     error
}

type versionsReport struct {
	APIVersion string        `json:"apiVersion"`
	Kind       string        `json:"kind"`
	Client     ClientVersion `json:"clientVersion"`
	Host       *hostVersion  `json:"hostVersion,omitempty"`
	// Clusters is not there where none was asked.
	Clusters *[]versionItem `json:"clusters,omitempty"`
}

type hostVersion struct {
	GitVersion string `json:"gitVersion"`
}

type versionItem struct {
	Name       string       `json:"name"`
	GitVersion string       `json:"gitVersion,omitempty"`
	Error      *reportError `json:"error,omitempty"`
}

// Print prints them: as lines, or as a document in that format.
func (v Versions) Print(out io.Writer, format string) error {
	if format != "" {
		return document(out, v.report(), format)
	}
	if _, err := fmt.Fprintf(out, "Client Version: %s\n", v.Client.GitVersion); err != nil {
		return err
	}
	if v.Host != "" {
		if _, err := fmt.Fprintf(out, "Host Version: %s\n", Escape(v.Host)); err != nil {
			return err
		}
	}
	if v.Clusters == nil {
		return nil
	}
	rows := make([][]string, len(v.Clusters))
	for i, cluster := range v.Clusters {
		rows[i] = []string{cluster.Member.Name, cluster.Version, ""}
		if cluster.Err != nil {
			rows[i] = []string{cluster.Member.Name, unasked, why(cluster.Member, cluster.Err)}
		}
	}
	return Table(out, []string{"CLUSTER", "VERSION", "REASON"}, rows)
}

func (v Versions) report() versionsReport {
	report := versionsReport{APIVersion: reportVersion, Kind: "Versions", Client: v.Client}
	if v.Host != "" {
		report.Host = &hostVersion{Escape(v.Host)}
	}
	if v.Clusters == nil {
		return report
	}
	items := []versionItem{}
	for _, cluster := range v.Clusters {
		item := versionItem{Name: Escape(cluster.Member.Name), GitVersion: Escape(cluster.Version)}
		if cluster.Err != nil {
			item.Error = &reportError{reason.Of(cluster.Err), Escape(shorten(messageOf(cluster.Member, cluster.Err), maxMessage))}
		}
		items = append(items, item)
	}
	report.Clusters = &items
	return report
}
