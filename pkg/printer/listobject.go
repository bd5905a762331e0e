package printer

import (
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/util/json"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/view"
)

// ClusterAnnotation names, on each object that is printed whole, the cluster
// that it is in.
const ClusterAnnotation = "fleetapp.kurator.dev/cluster"

// maxDepth is how deep an object may be nested. Schemas of custom resources
// come to about 50; some readers of JSON give up at 256.
const maxDepth = 100

// UnprintableError is why something that a member answered cannot be printed.
// All else that it answered is printed, and so is what the others answered.
type UnprintableError struct {
	Resource view.Resource
	Err      error
}

func (e *UnprintableError) Error() string {
	return fmt.Sprintf("some of its %s cannot be printed: %v", e.Resource, e.Err)
}

func (e *UnprintableError) Unwrap() error { return e.Err }

// each decodes the objects of a page one at a time, notes on each which cluster
// it is in, and hands it over. What cannot be printed is left out; the error
// tells of the first.
func each(member fleet.Member, page view.Page, do func(object map[string]any) error) error {
	var left error
	for _, row := range page.Rows {
		object, err := decode(row.Object)
		if err == nil {
			tag(object, member)
			err = do(object)
		}
		var unprintable *UnprintableError
		switch {
		case errors.As(err, &unprintable):
			unprintable.Resource = page.Resource
			if left == nil {
				left = unprintable
			}
		case err != nil:
			return err
		}
	}
	return left
}

func decode(raw []byte) (map[string]any, error) {
	var object map[string]any
	if err := json.Unmarshal(raw, &object); err != nil {
		return nil, &UnprintableError{Err: fmt.Errorf("not an object in JSON: %w", err)}
	}
	if object == nil || tooDeep(object, maxDepth) {
		return nil, &UnprintableError{Err: fmt.Errorf("not an object, or nested deeper than %d levels", maxDepth)}
	}
	return object, nil
}

func tooDeep(value any, most int) bool {
	switch value := value.(type) {
	case map[string]any:
		for _, inner := range value {
			if most == 0 || tooDeep(inner, most-1) {
				return true
			}
		}
	case []any:
		for _, inner := range value {
			if most == 0 || tooDeep(inner, most-1) {
				return true
			}
		}
	}
	return false
}

// tag notes on an object which cluster it is in, whatever the member says.
func tag(object map[string]any, member fleet.Member) {
	metadata := inner(object, "metadata")
	inner(metadata, "annotations")[ClusterAnnotation] = member.Name
}

// inner is an object within an object. It is made where it is not there, or is
// something else, which no API server answers.
func inner(object map[string]any, key string) map[string]any {
	found, ok := object[key].(map[string]any)
	if !ok || found == nil {
		found = map[string]any{}
		object[key] = found
	}
	return found
}
