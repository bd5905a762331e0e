package view

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

const (
	// A server that has no tables answers as it does without being asked for one.
	acceptTable  = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
	acceptName   = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json"
	acceptNames  = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"
	acceptObject = "application/json"

	// maxObjects bounds what one list may hold, and so how many pages it has.
	maxObjects = 1_000_000
	// usualPage is how many objects kubectl asks for in a page.
	usualPage = 500

	// A page is handed over before it has more rows than this, or more bytes.
	pageRows, pageBytes = 100, 256 << 10
)

// reader reads the objects of one resource of one member.
type reader struct {
	client   rest.Interface
	query    Query
	resource Resource
	emit     func(Page) error
	// crowded holds what one answer has until all of it is there. Who waits to
	// hand it over must not keep others from a connection that takes one request
	// at a time, because it may be them that it waits for.
	crowded bool
	finder  *finder // nil where nothing is sorted by
	// show tells which objects are handed over, where they are watched; nil is
	// all of them.
	show func(identity) bool
	is   identity // of the object that was read last, where show is not nil

	held  []Page
	raw   json.RawMessage
	table tableRow
	// shown tells of each column of the table whether it is one of the page's.
	shown []bool
	rows  int // so far
	// version is the list's, of its first page: where a watch can begin.
	version string
	page    Page
	size    int // of the page's rows
}

func newReader(client rest.Interface, query Query, resource Resource, emit func(Page) error) (*reader, error) {
	r := &reader{client: client, query: query, resource: resource, emit: emit}
	if query.SortBy == nil {
		return r, nil
	}
	var err error
	r.finder, err = query.SortBy.newFinder()
	return r, err
}

// list reads all objects, page by page.
func (r *reader) list(ctx context.Context) error {
	next := ""
	for range maxObjects/orUsual(r.query.ChunkSize) + 1 {
		token, err := r.nextPage(ctx, next)
		if err != nil {
			token = goOn(next, err)
		}
		switch {
		case token == "" && next != "" && reason.NotServed(err):
			// What came before it was served.
			return reason.Errorf(reason.Failed, "its list of %s broke off: %s", r.resource, reason.Message(err))
		case token == "":
			return err
		case token == next:
			return r.endless()
		}
		next = token
	}
	return r.endless()
}

func (r *reader) endless() error {
	return reason.Errorf(reason.Failed, "its list of %s has a next page without end", r.resource)
}

func orUsual(chunk int) int {
	if chunk > 0 {
		return chunk
	}
	return usualPage
}

// goOn is the token that an API server gives in the place of one that it has
// forgotten, to go on with the objects as they are by now; or else none.
// Source: the API's "Retrieving large results sets in chunks".
func goOn(token string, err error) string {
	var status apierrors.APIStatus
	if token == "" || !apierrors.IsResourceExpired(err) || !errors.As(err, &status) {
		return ""
	}
	return status.Status().Continue
}

func (r *reader) nextPage(ctx context.Context, token string) (next string, err error) {
	request := r.request("")
	for name, value := range map[string]string{
		"labelSelector": r.query.LabelSelector, "fieldSelector": r.query.FieldSelector, "continue": token,
	} {
		if value != "" {
			request.Param(name, value)
		}
	}
	request.Param("limit", strconv.Itoa(r.query.ChunkSize)) // 0 is without one
	body, err := request.Stream(ctx)
	if err != nil {
		return "", err
	}
	next, err = r.read(body)
	body.Close()
	for _, page := range r.held {
		if err := r.emit(page); err != nil {
			return "", err
		}
	}
	r.held = nil
	return next, err
}

// read takes an answer that holds many objects, and returns where the next page
// begins.
func (r *reader) read(body io.Reader) (next string, err error) {
	next, err = r.decode(newAnswer(body))
	if errors.Is(err, errShape) {
		err = r.shapeless()
	}
	if err != nil {
		return "", err
	}
	return next, r.flush()
}

func (r *reader) shapeless() error {
	if r.query.Form == Rows {
		return reason.Errorf(reason.Failed, "its answer is not a table of %s", r.resource)
	}
	return reason.Errorf(reason.Failed, "its answer is not a list of %s", r.resource)
}

// one reads the object of this name.
func (r *reader) one(ctx context.Context, name string) error {
	if r.allNamespaces() {
		return reason.Errorf(reason.Invalid, "%s/%s cannot be asked for in all namespaces at once; name its namespace", r.resource, name)
	}
	request := r.request(name)
	if err := request.Error(); err != nil {
		return reason.Errorf(reason.Invalid, "%w", err)
	}
	result := request.Do(ctx)
	if err := result.Error(); err != nil {
		return err
	}
	body, err := result.Raw()
	if err != nil {
		return err
	}
	var is struct {
		Kind string `json:"kind"`
	}
	if err := json.Unmarshal(body, &is); err != nil {
		return reason.Errorf(reason.Failed, "its answer for %s/%s is not an object", r.resource, name)
	}
	r.crowded = false // the connection is free already
	if r.query.Form == Rows && is.Kind == "Table" {
		_, err := r.read(bytes.NewReader(body))
		return err
	}
	if r.query.Form == Rows {
		r.page.Columns = plainColumns()
	}
	r.raw = body
	if err := r.object(); err != nil {
		return reason.Errorf(reason.Failed, "its answer for %s/%s is not an object", r.resource, name)
	}
	return r.flush()
}

// request is one for all objects, or for the one of this name.
func (r *reader) request(name string) *rest.Request {
	request := r.client.Get().AbsPath(r.resource.root()...).Resource(r.resource.Name).SetHeader("Accept", r.accept(name))
	if r.resource.Namespaced && r.query.Namespace != "" {
		request.Namespace(r.query.Namespace)
	}
	if name != "" {
		request.Name(name)
	}
	if name != "" && r.query.Subresource != "" {
		request.SubResource(strings.Split(r.query.Subresource, "/")...)
	}
	if r.query.Form == Rows {
		request.Param("includeObject", string(r.include()))
	}
	return request
}

func (r *reader) accept(name string) string {
	switch {
	case r.query.Form == Rows:
		return acceptTable
	case r.query.Form == Objects, r.query.SortBy != nil && !r.query.SortBy.inMetadata():
		return acceptObject
	case name != "":
		return acceptName
	}
	return acceptNames
}

// include asks for the rows' objects only where more than the table is shown: a
// pod's row is 136 bytes without, and 3.5 kB with its metadata.
func (r *reader) include() metav1.IncludeObjectPolicy {
	switch {
	case r.query.SortBy != nil && !r.query.SortBy.inMetadata():
		return metav1.IncludeObject
	case r.query.SortBy != nil, r.query.Labels, r.allNamespaces(), r.show != nil:
		return metav1.IncludeMetadata
	}
	return metav1.IncludeNone
}

func (r *reader) allNamespaces() bool { return r.resource.Namespaced && r.query.Namespace == "" }
