package status

import (
	"context"
	"slices"
	"strings"

	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fanout"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// parallel is how many objects of one member are read at once.
const parallel = 16

// found is an object that was looked for. Where it is not there, or could not
// be read, it has no more than its identity.
type found struct {
	*object
	missing bool
	err     error
}

// Read reads objects of one application in a member side by side, each in the
// version that its identity names, and judges them. A HelmRelease's HelmChart
// is read too, which takes another round trip. There is one row per object, in
// their order.
func Read(ctx context.Context, client rest.Interface, ids []plan.Identity) []Row {
	read := readAll(ctx, client, ids)
	charts := readAll(ctx, client, chartsOf(read))
	objects := make([]*object, len(read))
	for i := range read {
		objects[i] = read[i].object
	}
	rows := make([]Row, len(read))
	for i, one := range read {
		rows[i] = Row{Identity: ids[i], UID: one.Metadata.UID, Generation: one.Metadata.Generation, Err: one.err}
		switch {
		case one.err != nil:
		case one.missing:
			rows[i].State = State{Phase: Missing, Reason: "NotFound", Message: "it is not there"}
		default:
			chart, err := chartOf(one, charts)
			rows[i].State, rows[i].Err = one.judge(objects, chart), err
		}
	}
	return rows
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
// their source's group, and asked for in its version.
func chartsOf(read []found) []plan.Identity {
	version := sourcev1.GroupVersion.Version
	if at := slices.IndexFunc(read, func(f found) bool { return f.IsSource() }); at >= 0 {
		version = read[at].Version
	}
	var charts []plan.Identity
	for _, one := range read {
		if id, has := one.chart(version); has {
			charts = append(charts, id)
		}
	}
	return charts
}

// chart names a release's HelmChart. The name comes from the member, and
// becomes part of a path.
func (o *object) chart(version string) (id plan.Identity, has bool) {
	namespace, name, _ := strings.Cut(o.Status.HelmChart, "/")
	if o.Kind != helmRelease || len(validation.IsDNS1123Label(namespace)) > 0 || len(validation.IsDNS1123Subdomain(name)) > 0 {
		return plan.Identity{}, false
	}
	return plan.Identity{
		Group: sourcev1.GroupVersion.Group, Version: version, Resource: "helmcharts", Kind: sourcev1.HelmChartKind,
		Namespace: namespace, Name: name,
	}, true
}

// chartOf finds the HelmChart of an object; nil where it has none.
func chartOf(one found, charts []found) (*object, error) {
	id, has := one.chart("")
	if !has {
		return nil, nil
	}
	for _, chart := range charts {
		if chart.SameObject(id) && !chart.missing {
			return chart.object, chart.err
		}
	}
	return nil, nil
}
