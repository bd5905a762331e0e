package status

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"sync"
	"sync/atomic"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/validate/content"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fanout"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

const (
	// maxAnswer is how large one answer may be, and maxAnswers all that make up
	// the tree of one member, in bytes. An API server stores no object of more
	// than 2 MiB.
	maxAnswer, maxAnswers = 8 << 20, 64 << 20

	acceptObject = "application/json"
	// A server that cannot cut its answer down to metadata gives all of it.
	acceptMetadata = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json"
)

// reader reads what is below the sync objects of one member.
type reader struct {
	client rest.Interface
	left   atomic.Int64 // of maxAnswers
	// unpacking is held by who unpacks one of Helm's records: that takes many times
	// its size in memory, so it is done one after the other.
	unpacking sync.Mutex
}

func newReader(client rest.Interface) *reader {
	r := &reader{client: client}
	r.left.Store(maxAnswers)
	return r
}

// get reads one answer.
func (r *reader) get(ctx context.Context, accept string, path []string, params map[string]string) ([]byte, error) {
	request := r.client.Get().AbsPath(path...).SetHeader("Accept", accept)
	for name, value := range params {
		request.Param(name, value)
	}
	body, err := request.Stream(ctx)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(&metered{from: body, left: maxAnswer, all: &r.left})
}

// metered fails where an answer, or all answers of a member together, are too
// large.
type metered struct {
	from io.Reader
	left int64
	all  *atomic.Int64 // nil where it is one by itself
}

// Read implements io.Reader.
func (m *metered) Read(p []byte) (int, error) {
	n, err := m.from.Read(p)
	switch m.left -= int64(n); {
	case m.left < 0:
		return 0, reason.Errorf(reason.Failed, "its answer is larger than %d MiB", maxAnswer>>20)
	case m.all != nil && m.all.Add(-int64(n)) < 0:
		return 0, reason.Errorf(reason.Failed, "what makes up its tree is larger than %d MiB", maxAnswers>>20)
	}
	return n, err
}

// applied is an object that has pods, and where they are found.
type applied struct {
	*Node
	podsOf
}

// readApplied reads the objects side by side, fills in their nodes, and returns
// the workloads among them.
func (r *reader) readApplied(ctx context.Context, nodes []*Node) []applied {
	for _, node := range nodes {
		plural, _ := meta.UnsafeGuessKindToResource(schema.GroupVersionKind{Kind: node.Kind})
		node.Resource = plural.Resource
	}
	workloads, wrong := r.readNodes(ctx, nodes)
	if len(wrong) == 0 {
		return workloads
	}
	// Not what it is usually called, or not in a namespace, or not served at all.
	more, wrong := r.readNodes(ctx, r.locate(ctx, wrong))
	for _, node := range wrong {
		node.notServed()
	}
	return append(workloads, more...)
}

// readNodes also returns the nodes whose resource is not served.
func (r *reader) readNodes(ctx context.Context, nodes []*Node) (workloads []applied, wrong []*Node) {
	for result := range fanout.Run(ctx, fanout.Options{Limit: parallel}, nodes, func(ctx context.Context, node *Node) ([]byte, error) {
		return r.get(ctx, acceptOf(node.Identity), node.Path(), nil)
	}) {
		node := result.Item
		switch err := result.Err; {
		case reason.NotServed(err):
			wrong = append(wrong, node)
		case apierrors.IsNotFound(err):
			node.absent("Flux says that it applied it, and it is not there")
		case err != nil:
			node.fail(err)
		default:
			if pods := node.judge(result.Value); node.IsWorkload() && node.Err == nil {
				workloads = append(workloads, applied{node, pods})
			}
		}
	}
	return workloads, wrong
}

// acceptOf asks for no more than is looked at: never for what a Secret holds.
func acceptOf(id plan.Identity) string {
	metadata := id.Group == "rbac.authorization.k8s.io" ||
		id.Group == "" && (id.Kind == "Secret" || id.Kind == "ConfigMap" || id.Kind == "ServiceAccount")
	if metadata {
		return acceptMetadata
	}
	return acceptObject
}

// locate asks the member which resources the nodes' kinds are, once for each
// API version, and returns the nodes of which that is known by now.
func (r *reader) locate(ctx context.Context, nodes []*Node) []*Node {
	kinds := map[string]map[string]metav1.APIResource{}
	failed := map[string]error{}
	var versions [][]string
	for _, node := range nodes {
		path := node.APIPath()
		if key := strings.Join(path, "/"); kinds[key] == nil {
			kinds[key] = map[string]metav1.APIResource{}
			versions = append(versions, path)
		}
	}
	for result := range fanout.Run(ctx, fanout.Options{Limit: parallel}, versions, r.resources) {
		key := strings.Join(result.Item, "/")
		if failed[key] = result.Err; result.Err == nil {
			kinds[key] = result.Value
		}
	}
	var located []*Node
	for _, node := range nodes {
		key := strings.Join(node.APIPath(), "/")
		resource, served := kinds[key][node.Kind]
		switch err := failed[key]; {
		case err != nil && !apierrors.IsNotFound(err):
			node.fail(err)
		case !served, resource.Namespaced && node.Namespace == "":
			node.notServed()
		default:
			if !resource.Namespaced {
				node.Namespace = "" // which Helm's record does not tell
			}
			node.Resource = resource.Name
			located = append(located, node)
		}
	}
	return located
}

// resources reads the resources of one API version, by kind.
func (r *reader) resources(ctx context.Context, version []string) (map[string]metav1.APIResource, error) {
	data, err := r.get(ctx, acceptObject, version, nil)
	if err != nil {
		return nil, err
	}
	var list metav1.APIResourceList
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, reason.Errorf(reason.Failed, "its list of resources cannot be read: %w", err)
	}
	byKind := map[string]metav1.APIResource{}
	for _, resource := range list.APIResources {
		if len(content.IsPathSegmentName(resource.Name)) == 0 && resource.Name != "" { // no subresource, which has a slash
			byKind[resource.Kind] = resource
		}
	}
	return byKind, nil
}
