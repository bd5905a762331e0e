package view

import (
	"encoding/json"
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"
	kjson "sigs.k8s.io/json"
)

// items takes the objects of a list.
func (r *reader) items(a *answer) error {
	if r.query.Form == Rows {
		r.page.Columns = plainColumns()
	}
	return a.array(func() error {
		if err := a.value(&r.raw); err != nil {
			return err
		}
		return r.object()
	})
}

// plainColumns are kubectl's for objects that the server makes no table of.
func plainColumns() []Column { return []Column{{Name: "Name", Format: "name"}, {Name: "Age"}} }

// object takes the object that was read.
func (r *reader) object() error {
	var row Row
	metadata, err := r.metadata(&row, r.raw)
	if err != nil || metadata.Name == "" && r.query.Form == Names {
		return errShape
	}
	switch r.query.Form {
	case Rows:
		row.Cells = []string{cut(metadata.Name), r.age(metadata.CreationTimestamp)}
		if r.allNamespaces() {
			row.Namespace = metadata.Namespace
		}
		return r.add(row)
	case Objects:
		if row.Object, err = r.whole(); err != nil {
			return errShape
		}
	}
	row.Name, row.Namespace = metadata.Name, metadata.Namespace
	return r.add(row)
}

// metadata of objects, as much of it as is shown.
type metadata struct {
	Name              string `json:"name"`
	Namespace         string `json:"namespace"`
	CreationTimestamp string `json:"creationTimestamp"`
}

// metadata reads an object's, and fills in the row's labels and key.
func (r *reader) metadata(row *Row, object []byte) (metadata, error) {
	var has struct {
		Metadata *metadata `json:"metadata"`
	}
	if err := kjson.UnmarshalCaseSensitivePreserveInts(object, &has); err != nil {
		return metadata{}, err
	}
	if has.Metadata == nil {
		return metadata{}, errors.New("it has none")
	}
	if r.query.Labels {
		var has struct {
			Metadata struct {
				Labels map[string]string `json:"labels"`
			} `json:"metadata"`
		}
		if err := kjson.UnmarshalCaseSensitivePreserveInts(object, &has); err != nil {
			return metadata{}, err
		}
		row.Labels = has.Metadata.Labels
	}
	if r.finder != nil {
		key, err := r.finder.find(object)
		if err != nil {
			return metadata{}, err
		}
		row.Key = key
	}
	return *has.Metadata, r.identify(object)
}

// whole is the object that was read as it is shown. Objects in lists lack their
// kind.
func (r *reader) whole() (json.RawMessage, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(r.raw, &object); err != nil {
		return nil, err
	}
	for key, value := range map[string]string{"kind": r.resource.Kind, "apiVersion": r.resource.apiVersion()} {
		if _, ok := object[key]; ok {
			continue
		}
		var err error
		if object[key], err = json.Marshal(value); err != nil {
			return nil, err
		}
	}
	if !r.query.ManagedFields {
		var metadata map[string]json.RawMessage
		if err := json.Unmarshal(object["metadata"], &metadata); err != nil {
			return nil, err
		}
		delete(metadata, "managedFields")
		var err error
		if object["metadata"], err = json.Marshal(metadata); err != nil {
			return nil, err
		}
	}
	return json.Marshal(object)
}

func (r *reader) age(created string) string {
	at, err := time.Parse(time.RFC3339, created)
	if err != nil || at.IsZero() {
		return "<unknown>"
	}
	now := time.Now
	if r.query.Now != nil {
		now = r.query.Now
	}
	return duration.HumanDuration(now().Sub(at))
}
