package view

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/client-go/rest"
	kjson "sigs.k8s.io/json"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

const (
	// watchTime is after what time the server is to end a watch, as client-go's
	// own ask for at the least, and watchGrace how much later we do: a connection may
	// be dead and not say so, where it speaks HTTP/1.1.
	watchTime, watchGrace = 5 * time.Minute, 30 * time.Second
	// watchBytes is after how many bytes we end a watch, to begin another where
	// it ended. An answer may have 32 MiB (pkg/fleet), and an event maxPiece.
	watchBytes = 16 << 20
)

// The types of events that are not handed over.
const bookmark, failed EventType = "BOOKMARK", "ERROR"

// Follow hands over what changes after what was shown. It ends with nil where
// the server ended the watch in order, as it does every few minutes, and else
// with the error that broke it. Either way the caller waits a moment and calls
// it again, after an error with a new client, and it goes on where it was.
// Where that is not possible, because the server has forgotten what changed
// since or its store was reset, it lists again and hands over the difference.
func (w *Watcher) Follow(ctx context.Context, client rest.Interface, emit func(Event) error) error {
	if w.version != "" && w.lister != client {
		if err := w.check(ctx, client); err != nil {
			return err
		}
	}
	isNew := w.version == ""
	if isNew {
		if err := w.listAgain(ctx, client, emit); err != nil {
			return err
		}
	}
	w.lister = nil
	err := w.watch(ctx, client, emit)
	if !isExpired(err) {
		return err
	}
	w.version = ""
	if isNew {
		return err // or it would be listed without end
	}
	return nil
}

// check asks for the newest version. Where that is older than ours, the store
// was reset, and such a server takes ours for one of the future and would say
// nothing until then: so there is a list to come.
func (w *Watcher) check(ctx context.Context, client rest.Interface) error {
	query := w.query.least()
	query.ChunkSize = 1
	r, err := newReader(client, query, w.resource, func(Page) error { return nil })
	if err != nil {
		return err
	}
	if _, err = r.nextPage(ctx, ""); err != nil && !reason.NotServed(err) {
		return err
	}
	if order, err := resourceversion.CompareResourceVersion(r.version, w.version); err != nil || order < 0 {
		w.version = ""
	}
	return nil
}

func (w *Watcher) listAgain(ctx context.Context, client rest.Interface, emit func(Event) error) error {
	if err := w.list(ctx, client, w.query, eachRow(emit)); err != nil {
		return err
	}
	for _, row := range w.forget() {
		if err := emit(Event{Deleted, w.nameOf(row)}); err != nil {
			return err
		}
	}
	return nil
}

// nameOf is an object of which no more is known than its name.
func (w *Watcher) nameOf(row Row) Page {
	page := Page{Resource: w.resource, Rows: []Row{row}}
	switch w.query.Form {
	case Rows:
		page.Columns, page.Rows[0].Cells = []Column{{Name: "Name", Format: "name"}}, []string{row.Name}
	case Objects:
		page.Rows[0].Object, _ = json.Marshal(map[string]any{ // text can always be encoded
			"apiVersion": w.resource.apiVersion(), "kind": w.resource.Kind,
			"metadata": map[string]string{"name": row.Name, "namespace": row.Namespace},
		})
	}
	return page
}

// eachRow hands over the rows of pages one by one.
func eachRow(emit func(Event) error) func([]shown, Page) error {
	return func(rows []shown, page Page) error {
		for i, row := range page.Rows {
			one := page
			one.Rows = []Row{row}
			if err := emit(Event{rows[i].EventType, one}); err != nil {
				return err
			}
		}
		return nil
	}
}

func (w *Watcher) watch(ctx context.Context, client rest.Interface, emit func(Event) error) error {
	r, err := w.newReader(client, w.query, w.resource, eachRow(emit))
	if err != nil {
		return err
	}
	r.page.Columns, r.shown = w.columns, w.shown
	limited, cancel := context.WithTimeout(ctx, watchTime+watchGrace)
	defer cancel()
	request := r.request("").SetHeader("Accept", r.accept("one"))
	for name, value := range map[string]string{
		"watch": "true", "allowWatchBookmarks": "true", "resourceVersion": w.version,
		"timeoutSeconds": strconv.Itoa(int(watchTime.Seconds())),
		"labelSelector":  w.query.LabelSelector, "fieldSelector": w.query.FieldSelector,
	} {
		if value != "" {
			request.Param(name, value)
		}
	}
	body, err := request.Stream(limited)
	if err == nil {
		defer body.Close()
		err = w.events(r, body)
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case limited.Err() != nil:
		return reason.Errorf(reason.Timeout, "its watch of %s did not end when it should have", w.resource)
	}
	return err
}

// events goes through the events of a watch until its end.
func (w *Watcher) events(r *reader, body io.Reader) error {
	a := newAnswer(body)
	for a.decoder.InputOffset() < watchBytes {
		if !a.more() {
			return w.broken(a.end())
		}
		var event struct {
			Type   EventType       `json:"type"`
			Object json.RawMessage `json:"object"`
		}
		if err := a.value(&event); err != nil {
			return w.broken(err)
		}
		if err := w.take(r, event.Type, event.Object); errors.Is(err, errShape) {
			return w.broken(err)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// broken is the error of a watch that did not end between two events.
func (w *Watcher) broken(err error) error {
	var known *reason.Error
	switch {
	case err == nil, errors.As(err, &known):
		return err
	case errors.Is(err, errShape):
		return reason.Errorf(reason.Failed, "its watch of %s broke off within an event, or sent what is none", w.resource)
	}
	return reason.Errorf(reason.Unreachable, "its watch of %s broke off: %w", w.resource, err)
}

// take takes one event.
func (w *Watcher) take(r *reader, event EventType, object json.RawMessage) error {
	var is struct {
		APIVersion string   `json:"apiVersion"`
		Kind       string   `json:"kind"`
		Metadata   identity `json:"metadata"`
	}
	if kjson.UnmarshalCaseSensitivePreserveInts(object, &is) != nil {
		return errShape
	}
	isTable := r.query.Form == Rows && is.Kind == "Table" && strings.HasPrefix(is.APIVersion, "meta.k8s.io/")
	w.event = event
	var err error
	switch {
	case event == failed:
		return failure(object)
	case !isVersion(is.Metadata.ResourceVersion), !slices.Contains([]EventType{Added, Modified, Deleted, bookmark}, event):
		return errShape
	case isTable:
		err = r.tableOf(object, event != bookmark)
	case event != bookmark:
		if r.query.Form == Rows {
			r.page.Columns, r.shown = plainColumns(), nil
		}
		r.raw = object
		err = r.object()
	}
	if err == nil {
		err = r.flush()
	}
	if err == nil && len(w.objects) > maxObjects {
		err = reason.Errorf(reason.Failed, "there are more than %d %s", maxObjects, w.resource)
	}
	if err == nil {
		w.version = is.Metadata.ResourceVersion
	}
	return err
}

// tableOf takes the table of one event. Only the first one of a watch has
// columns, be it a bookmark, which says no more than how far the watch is.
func (r *reader) tableOf(object json.RawMessage, withRows bool) error {
	var table struct {
		Columns json.RawMessage `json:"columnDefinitions"`
		Rows    json.RawMessage `json:"rows"`
	}
	if kjson.UnmarshalCaseSensitivePreserveInts(object, &table) != nil {
		return errShape
	}
	if len(table.Columns) > 0 && string(table.Columns) != "null" {
		if err := r.columns(newAnswer(bytes.NewReader(table.Columns))); err != nil {
			return err
		}
	}
	if r.shown == nil { // the columns that are known are those of objects
		r.page.Columns = nil
	}
	if !withRows {
		return nil
	}
	a := newAnswer(bytes.NewReader(table.Rows))
	return a.array(func() error { return r.row(a) })
}

// failure is the error that a watch ends with.
func failure(object json.RawMessage) error {
	var status metav1.Status
	if json.Unmarshal(object, &status) != nil || status.Kind != "Status" {
		return errShape
	}
	return apierrors.FromObject(&status)
}

// isExpired tells a watch that cannot go on from its version.
func isExpired(err error) bool {
	return apierrors.IsResourceExpired(err) || apierrors.IsGone(err) || apierrors.HasStatusCause(err, metav1.CauseTypeResourceVersionTooLarge)
}
