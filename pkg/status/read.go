package status

import (
	"context"
	"slices"

	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fanout"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// parallel is how many objects of one member are read at once: what an API
// server answers side by side on one connection, with something to spare.
const parallel = 100

// found is an object that was looked for. Where it is not there, or could not
// be read, it has no more than its identity.
type found struct {
	*object
	missing bool
	err     error
}

// Read reads objects of one application in a member side by side, in one round
// trip, each in the version that its identity names, and judges them. There is
// one row per object, in their order. The HelmCharts of HelmReleases are read
// too: Flux names them.
func Read(ctx context.Context, client rest.Interface, ids []plan.Identity) []Row {
	rows, _ := readJudged(ctx, client, ids)
	return rows
}

// readJudged is Read, and returns the objects too.
func readJudged(ctx context.Context, client rest.Interface, ids []plan.Identity) ([]Row, []found) {
	all := readAll(ctx, client, append(slices.Clone(ids), chartsOf(ids)...))
	read, charts := all[:len(ids)], all[len(ids):]
	rows := make([]Row, len(read))
	for i, one := range read {
		rows[i] = Row{
			Identity: ids[i], UID: one.Metadata.UID, Generation: one.Metadata.Generation,
			Created: one.Metadata.CreationTimestamp.Time, Err: one.err,
		}
		switch {
		case one.err != nil:
		case one.missing:
			rows[i].State = State{Phase: Missing, Reason: "NotFound", Message: "it is not there"}
		default:
			rows[i].State, rows[i].Err = one.judgeAmong(read, charts)
		}
	}
	return rows, read
}

// judgeAmong is judge, or why that cannot be said: what it depends on could not be
// read.
func (f found) judgeAmong(read, charts []found) (State, error) {
	chart, err := chartOf(f, charts)
	if err != nil {
		return State{}, err
	}
	own := f.own()
	objects := make([]*object, len(read))
	for i, other := range read {
		objects[i] = other.object
		if other.err != nil && f.dependsOn(other.object, own) {
			return State{}, reason.Errorf(reason.Of(other.err), "%s, which it syncs from, could not be read: %s", other.Short(), reason.Message(other.err))
		}
	}
	return f.judge(objects, chart), nil
}

func readAll(ctx context.Context, client rest.Interface, ids []plan.Identity) []found {
	all := make([]found, 0, len(ids))
	for result := range fanout.Run(ctx, fanout.Options{Limit: parallel}, ids, func(ctx context.Context, id plan.Identity) (*object, error) {
		return read(ctx, client, id)
	}) {
		one := found{object: result.Value, err: result.Err}
		if one.object == nil {
			one.object = &object{Identity: result.Item}
		}
		if one.missing = apierrors.IsNotFound(one.err) && !reason.NotServed(one.err); one.missing {
			one.err = nil
		}
		all = append(all, one)
	}
	return all
}

// read reads an object in the version that its identity names, or where that is
// not served in another one that we know.
func read(ctx context.Context, client rest.Interface, id plan.Identity) (*object, error) {
	answer := client.Get().AbsPath(id.Path()...).Do(ctx)
	for _, version := range plan.Versions(id.Group) {
		if !reason.NotServed(answer.Error()) {
			break
		}
		if version != id.Version {
			other := id
			other.Version = version
			answer = client.Get().AbsPath(other.Path()...).Do(ctx)
		}
	}
	if err := answer.Error(); reason.NotServed(err) {
		return nil, reason.Errorf(reason.NoFlux, "Flux is not installed, or another version (%s is not served in a version that kubectl fleetapp knows)", id.Group)
	} else if err != nil {
		return nil, err
	}
	data, err := answer.Raw()
	if err != nil {
		return nil, err
	}
	parsed, err := parse(id, data)
	if err != nil {
		return nil, reason.Errorf(reason.Failed, "%s: its answer is no such object: %w", id, err)
	}
	return parsed, nil
}

// chartsOf lists the HelmCharts of the releases among the objects. They are in
// their source's group, and asked for in its version. A release of an
// OCIRepository has none: that is the chart.
func chartsOf(ids []plan.Identity) []plan.Identity {
	version := sourcev1.GroupVersion.Version
	if at := slices.IndexFunc(ids, plan.Identity.IsSource); at >= 0 {
		version = ids[at].Version
	}
	if slices.ContainsFunc(ids, func(id plan.Identity) bool { return id.Kind == sourcev1.OCIRepositoryKind }) {
		return nil
	}
	var charts []plan.Identity
	for _, id := range ids {
		if id.Kind == helmRelease {
			charts = append(charts, chart(id, version))
		}
	}
	return charts
}

// chart is a release's HelmChart, which is where the release's source is: beside
// it. Source: GetHelmChartName of helm-controller's API.
func chart(release plan.Identity, version string) plan.Identity {
	return plan.Identity{
		Group: sourcev1.GroupVersion.Group, Version: version, Resource: "helmcharts", Kind: sourcev1.HelmChartKind,
		Namespace: release.Namespace, Name: release.Namespace + "-" + release.Name,
	}
}

// chartOf finds the HelmChart of an object; nil where it has none, or says that
// it has another one.
func chartOf(one found, charts []found) (*object, error) {
	id := chart(one.Identity, "")
	if one.Kind != helmRelease || one.Status.HelmChart != id.Namespace+"/"+id.Name {
		return nil, nil
	}
	for _, chart := range charts {
		if chart.SameObject(id) && !chart.missing {
			return chart.object, chart.err
		}
	}
	return nil, nil
}
