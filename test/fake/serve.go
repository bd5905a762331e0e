package fake

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
)

// call is a request that is about a resource.
type call struct {
	*http.Request
	Resource
	at       key
	version  string
	body     []byte
	isDryRun bool
}

// errNotServed is the error of a path that an API server does not know.
var errNotServed = errors.New("404 page not found")

// ServeHTTP answers as an API server.
func (c *Cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if group, ok := c.group(r.URL.Path); ok {
		reply(w, http.StatusOK, group)
		return
	}
	request, err := c.parse(r)
	if err != nil {
		refuse(w, err)
		return
	}
	if r.Method == http.MethodGet && r.URL.Query().Get("watch") == "true" {
		c.watch(w, request)
		return
	}
	code, answer, err := c.locked(request)
	if err != nil {
		refuse(w, err)
		return
	}
	reply(w, code, answer)
}

// locked carries a request out, while nothing else happens.
func (c *Cluster) locked(r call) (int, any, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	switch r.Method {
	case http.MethodGet:
		answer, err := c.get(r)
		return http.StatusOK, answer, err
	case http.MethodPost:
		object, err := c.post(r)
		return http.StatusCreated, r.shown(object), err
	case http.MethodPut:
		object, err := c.put(r)
		return http.StatusOK, r.shown(object), err
	case http.MethodPatch:
		code, object, err := c.patch(r)
		return code, r.shown(object), err
	case http.MethodDelete:
		answer, err := c.remove(r)
		return http.StatusOK, answer, err
	}
	return 0, nil, apierrors.NewMethodNotSupported(r.groupResource(), r.Method)
}

// parse finds out what a request is about.
func (c *Cluster) parse(r *http.Request) (call, error) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	request := call{Request: r, isDryRun: r.URL.Query().Get("dryRun") == "All"}
	var group string
	switch {
	case len(parts) > 2 && parts[0] == "api":
		request.version, parts = parts[1], parts[2:]
	case len(parts) > 3 && parts[0] == "apis":
		group, request.version, parts = parts[1], parts[2], parts[3:]
	default:
		return request, errNotServed
	}
	if len(parts) > 2 && parts[0] == "namespaces" {
		request.at.Namespace, parts = parts[1], parts[2:]
	}
	at := slices.IndexFunc(c.resources, func(s Resource) bool {
		return s.Group == group && s.Name == parts[0] && slices.Contains(s.Versions, request.version)
	})
	if at < 0 || len(parts) > 2 {
		return request, errNotServed
	}
	request.Resource = c.resources[at]
	request.at.GroupResource = request.groupResource()
	if len(parts) == 2 {
		request.at.Name = parts[1]
	}
	if r.Body != nil {
		var err error
		if request.body, err = io.ReadAll(r.Body); err != nil {
			return request, err
		}
	}
	return request, nil
}

// group is the discovery of one API group.
func (c *Cluster) group(path string) (metav1.APIGroup, bool) {
	name, ok := strings.CutPrefix(path, "/apis/")
	group := metav1.APIGroup{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIGroup"}, Name: name}
	if !ok || strings.Contains(name, "/") {
		return group, false
	}
	for _, resource := range c.resources {
		for _, version := range resource.Versions {
			served := metav1.GroupVersionForDiscovery{GroupVersion: name + "/" + version, Version: version}
			if resource.Group == name && !slices.Contains(group.Versions, served) {
				group.Versions = append(group.Versions, served)
			}
		}
	}
	return group, len(group.Versions) > 0
}

func (c *Cluster) get(r call) (any, error) {
	if r.at.Name != "" {
		live := c.objects[r.at]
		if live == nil {
			return nil, apierrors.NewNotFound(r.at.GroupResource, r.at.Name)
		}
		return r.shown(live), nil
	}
	byLabel, err := labels.Parse(r.URL.Query().Get("labelSelector"))
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	items := []any{}
	for _, object := range c.list(r.at.GroupResource, r.at.Namespace) {
		if byLabel.Matches(labels.Set(object.GetLabels())) && r.selects(object) {
			item := r.shown(object)
			if r.BuiltIn {
				delete(item, "apiVersion")
				delete(item, "kind")
			}
			items = append(items, item)
		}
	}
	return map[string]any{
		"kind": r.Kind + "List", "apiVersion": r.apiVersion(), "items": items,
		"metadata": map[string]any{"resourceVersion": fmt.Sprint(c.number)},
	}, nil
}

// selects tells whether an object is one of those that a field selector names.
func (r call) selects(object *unstructured.Unstructured) bool {
	selector, err := fields.ParseSelector(r.URL.Query().Get("fieldSelector"))
	kind, _, _ := unstructured.NestedString(object.Object, "type")
	return err == nil && selector.Matches(fields.Set{
		"metadata.name": object.GetName(), "metadata.namespace": object.GetNamespace(), "type": kind,
	})
}

func (r call) apiVersion() string { return strings.TrimPrefix(r.Group+"/"+r.version, "/") }

// shown is an object as a request wants it: in its version, and only the
// metadata where no more was asked for.
func (r call) shown(object *unstructured.Unstructured) map[string]any {
	if object == nil {
		return nil
	}
	shown := object.DeepCopy().Object
	shown["apiVersion"], shown["kind"] = r.apiVersion(), r.Kind
	if strings.Contains(r.Header.Get("Accept"), "as=PartialObjectMetadata") {
		return map[string]any{"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": shown["metadata"]}
	}
	return shown
}

func refuse(w http.ResponseWriter, err error) {
	var status apierrors.APIStatus
	switch {
	case errors.Is(err, errNotServed):
		http.Error(w, err.Error(), http.StatusNotFound)
	case errors.As(err, &status):
		shown := status.Status()
		shown.APIVersion, shown.Kind = "v1", "Status"
		reply(w, int(shown.Code), shown)
	default:
		reply(w, http.StatusInternalServerError, apierrors.NewInternalError(err).Status())
	}
}

func reply(w http.ResponseWriter, code int, answer any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(answer)
}
