package view

import (
	"cmp"
	"fmt"
	"math/big"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/client-go/util/jsonpath"
	kjson "sigs.k8s.io/json"
)

// Field is a place in an object to sort by.
type Field struct{ path string }

// ParseField reads a field as kubectl's --sort-by takes it: a JSONPath, with or
// without braces and the dot that it begins with.
func ParseField(expression string) (*Field, error) {
	parts := regexp.MustCompile(`^(?:\{\.?([^{}]+)\}|\.?([^{}]+))$`).FindStringSubmatch(expression)
	if parts == nil {
		return nil, fmt.Errorf("%q is not a field such as .metadata.name", expression)
	}
	field := &Field{path: "{." + parts[1] + parts[2] + "}"}
	if _, err := field.newFinder(); err != nil {
		return nil, fmt.Errorf("%q is not a field such as .metadata.name: %w", expression, err)
	}
	return field, nil
}

// String is the field as a whole JSONPath: {.metadata.name}.
func (f *Field) String() string { return f.path }

// inMetadata tells whether an object's metadata is enough to find it.
func (f *Field) inMetadata() bool { return strings.HasPrefix(f.path, "{.metadata.") }

// finder finds a field in objects, one at a time: a JSONPath has a state.
type finder struct{ path *jsonpath.JSONPath }

func (f *Field) newFinder() (*finder, error) {
	path := jsonpath.New("field").AllowMissingKeys(true)
	if err := path.Parse(f.path); err != nil {
		return nil, err
	}
	return &finder{path}, nil
}

// find returns the key of an object in JSON; nil where it has no such field.
func (f *finder) find(object []byte) (any, error) {
	var fields map[string]any
	if err := kjson.UnmarshalCaseSensitivePreserveInts(object, &fields); err != nil {
		return nil, err
	}
	// A list that is too short, or no list, has no such field.
	if found, err := f.path.FindResults(fields); err == nil && len(found) > 0 && len(found[0]) > 0 && found[0][0].CanInterface() {
		return newKey(found[0][0].Interface()), nil
	}
	return nil, nil
}

// newKey makes of a value of an object what Compare compares. Of text it makes a
// quantity where it is one, as kubectl does.
func newKey(value any) any {
	switch value.(type) {
	case map[string]any, []any:
		return struct{}{} // which are all the same to Compare, and may be large
	}
	text, ok := value.(string)
	if !ok || !isShortNumber(text) {
		return value
	}
	quantity, err := resource.ParseQuantity(text)
	if err != nil {
		return value
	}
	return quantity
}

// isShortNumber bounds what is read as a quantity: to compare 1e999999999 to
// anything takes all the memory there is.
func isShortNumber(text string) bool {
	const longest, longestExponent = 40, len("e+99")
	exponent := strings.IndexAny(text, "eE")
	return len(text) <= longest && (exponent < 0 || len(text)-exponent <= longestExponent)
}

// Compare orders two keys: what was not found first, then false and true,
// numbers, empty text, quantities by their amount, other text, and then lists
// and maps, which are all the same to it. Between keys of one kind that is
// kubectl's order; it has none between kinds, and ends where it meets them.
func Compare(a, b any) int {
	if order := cmp.Compare(rank(a), rank(b)); order != 0 {
		return order
	}
	switch a := a.(type) {
	case bool:
		if a == b {
			return 0
		}
		if a {
			return 1
		}
		return -1
	case int64, float64:
		return number(a).Cmp(number(b))
	case resource.Quantity:
		if b, ok := b.(resource.Quantity); ok {
			return a.Cmp(b)
		}
	case string:
		if b, ok := b.(string); ok {
			return strings.Compare(a, b)
		}
	}
	return 0
}

func rank(key any) int {
	switch key {
	case nil:
		return 0
	case "":
		return 3
	}
	switch key.(type) {
	case bool:
		return 1
	case int64, float64:
		return 2
	case resource.Quantity:
		return 4
	case string:
		return 5
	}
	return 6
}

// number is exact: of large integers, two may be the same floating point number.
func number(key any) *big.Float {
	switch key := key.(type) {
	case int64:
		return new(big.Float).SetInt64(key)
	case float64:
		return big.NewFloat(key)
	}
	return new(big.Float)
}
