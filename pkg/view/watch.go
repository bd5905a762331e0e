package view

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"unique"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/client-go/rest"
	kjson "sigs.k8s.io/json"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// EventType is what happened to an object, in the API's own word.
type EventType string

// The types there are.
const (
	Added    EventType = "ADDED"
	Modified EventType = "MODIFIED"
	Deleted  EventType = "DELETED"
)

// Event is a change of one object.
type Event struct {
	Type EventType
	// Page has one row: the object as it is by now, or as it was before it was
	// deleted. Of an object that was deleted while nobody watched, no more is
	// known than its name and namespace.
	Page
}

// Watcher follows one member's objects: List shows what there is, and then
// Follow what changes, over as many connections as that takes. It remembers
// which state of each object it has shown, about 200 bytes for each, and shows
// none twice. It is for one goroutine at a time.
type Watcher struct {
	query    Query
	resource Resource // once listed
	columns  []Column // of the last table
	shown    []bool   // of that table's own columns
	// version is from where to watch; empty where a list has to come before.
	version string
	lister  rest.Interface // who listed, until there was a watch since

	objects map[string]state // what was shown, by UID
	lists   int              // so far
	event   EventType        // of the row that is being read; empty in a list
	next    []shown          // the rows that were read, but not handed over yet
}

// state is what is remembered of an object.
type state struct {
	version, name string
	namespace     unique.Handle[string]
	list          int // the last one that had it
}

// shown is what a row that is handed over changes in what is remembered.
type shown struct {
	EventType
	identity
}

// least asks for no more of each object than that it is there.
func (q Query) least() Query {
	q.Form, q.SortBy, q.Labels = Names, nil, false
	return q
}

// NewWatcher makes a watcher for one member. Its error is that of a query that
// cannot be watched: kubectl, too, watches but one type, or one object by its
// name. Query.SortBy does not order what comes of it.
func NewWatcher(query Query) (*Watcher, error) {
	switch {
	case len(query.Asks) != 1:
		return nil, errors.New("one type can be watched at a time, not several")
	case len(query.Asks[0].Names) > 1:
		return nil, errors.New("one object can be watched by its name, or all of its type, but not several")
	case query.Subresource != "":
		return nil, errors.New("a subresource cannot be watched")
	}
	w := &Watcher{query: query, objects: map[string]state{}}
	if name := w.name(); name != "" {
		selectors := []string{fields.OneTermEqualSelector("metadata.name", name).String()}
		if query.FieldSelector != "" {
			selectors = append(selectors, query.FieldSelector)
		}
		w.query.FieldSelector = strings.Join(selectors, ",")
	}
	return w, nil
}

// name is that of the object that is watched; empty where all are.
func (w *Watcher) name() string {
	if names := w.query.Asks[0].Names; len(names) > 0 {
		return names[0]
	}
	return ""
}

// List hands over the objects that there are, page by page; with a nil emit
// it does no more than remember them (--watch-only). Where it fails it can be
// called again, with another client, and hands over what is new since.
// An object that was named and is not there is an error, NotFound, but Follow
// may follow.
func (w *Watcher) List(ctx context.Context, client rest.Interface, emit func(Page) error) error {
	query := w.query
	if emit == nil {
		query, emit = query.least(), func(Page) error { return nil }
	}
	err := w.list(ctx, client, query, func(_ []shown, page Page) error { return emit(page) })
	if err != nil {
		return err
	}
	w.forget()
	if name := w.name(); name != "" && len(w.objects) == 0 {
		return apierrors.NewNotFound(schema.GroupResource{Group: w.resource.Group, Resource: w.resource.Name}, name)
	}
	return nil
}

// list finds the resource, as Get does, and reads it.
func (w *Watcher) list(ctx context.Context, client rest.Interface, query Query, emit func([]shown, Page) error) error {
	typ := query.Asks[0].Type
	if known, err := WellKnown(typ); err == nil {
		if err := w.read(ctx, client, query, known, emit); !reason.NotServed(err) {
			return err
		}
	}
	found, err := newLookup(client)(ctx, typ)
	switch {
	case err != nil:
		return err
	case len(found) > 1:
		return reason.Errorf(reason.Invalid, "%q stands for %d types, and only one can be watched at a time", typ, len(found))
	}
	return w.read(ctx, client, query, found[0], emit)
}

func (w *Watcher) read(ctx context.Context, client rest.Interface, query Query, resource Resource, emit func([]shown, Page) error) error {
	w.lists++
	w.event = ""
	r, err := w.newReader(client, query, resource, emit)
	if err != nil {
		return err
	}
	if w.name() != "" && r.allNamespaces() {
		return reason.Errorf(reason.Invalid, "%s/%s cannot be asked for in all namespaces at once; name its namespace", resource, w.name())
	}
	if err := r.list(ctx); err != nil {
		return err
	}
	if !isVersion(r.version) {
		return reason.Errorf(reason.Failed, "its list of %s has no version from which to watch", resource)
	}
	w.resource, w.version, w.lister = resource, r.version, client
	return nil
}

// newReader makes a reader that passes over what was shown. A row counts as
// shown once it was handed over: a page may break off before.
func (w *Watcher) newReader(client rest.Interface, query Query, resource Resource, emit func([]shown, Page) error) (*reader, error) {
	w.next = nil
	var (
		r   *reader
		err error
	)
	r, err = newReader(client, query, resource, func(page Page) error {
		rows := w.next
		w.next = nil
		if err := emit(rows, page); err != nil {
			return err
		}
		for _, row := range rows {
			w.remember(row)
		}
		if len(page.Columns) > 0 {
			w.columns, w.shown = page.Columns, r.shown
		}
		return nil
	})
	if err == nil {
		r.show = w.show
	}
	return r, err
}

// show tells whether an object is in another state than was shown.
func (w *Watcher) show(object identity) bool {
	is := shown{w.event, object}
	last, known := w.objects[object.key()]
	switch {
	case w.event == Deleted:
	case known && !w.isNews(last.version, object.ResourceVersion):
		last.list = w.lists
		w.objects[object.key()] = last
		return false
	case w.event == "" && known:
		is.EventType = Modified
	case w.event == "":
		is.EventType = Added
	}
	w.next = append(w.next, is)
	return true
}

// isNews compares an object's version to the one that was shown. What a list
// says goes, whatever came before. But a watch may begin before what was shown:
// a list's pages are not always of one moment.
func (w *Watcher) isNews(last, version string) bool {
	if w.event == "" {
		return version != last
	}
	order, err := resourceversion.CompareResourceVersion(version, last)
	return err != nil && version != last || order > 0
}

func (w *Watcher) remember(row shown) {
	if row.EventType == Deleted {
		delete(w.objects, row.key())
		return
	}
	w.objects[row.key()] = state{row.ResourceVersion, row.Name, unique.Make(row.Namespace), w.lists}
}

// forget drops the objects that the last list did not have any more, and
// returns them in kubectl's order.
func (w *Watcher) forget() []Row {
	var gone []Row
	for key, object := range w.objects {
		if object.list != w.lists {
			delete(w.objects, key)
			gone = append(gone, Row{Name: object.name, Namespace: object.namespace.Value()})
		}
	}
	slices.SortFunc(gone, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return gone
}

// identity tells an object, and its state.
type identity struct {
	UID             string `json:"uid"`
	ResourceVersion string `json:"resourceVersion"`
	Name            string `json:"name"`
	Namespace       string `json:"namespace"`
}

func (i identity) key() string {
	if i.UID == "" {
		return i.Namespace + "/" + i.Name
	}
	return i.UID
}

// The longest that an API server makes or accepts; versions have 20 digits.
const maxUID, maxVersion, maxName, maxNamespace = 128, 64, 253, 63

// identify reads who an object is, where it is watched. All of that is
// remembered, so it is bounded.
func (r *reader) identify(object []byte) error {
	if r.show == nil {
		return nil
	}
	var has struct {
		Metadata identity `json:"metadata"`
	}
	if err := kjson.UnmarshalCaseSensitivePreserveInts(object, &has); err != nil {
		return err
	}
	r.is = has.Metadata
	if len(r.is.UID) > maxUID || len(r.is.ResourceVersion) > maxVersion || len(r.is.Name) > maxName || len(r.is.Namespace) > maxNamespace {
		return errors.New("it is not an object's")
	}
	return nil
}

func isVersion(version string) bool { return version != "" && len(version) <= maxVersion }
