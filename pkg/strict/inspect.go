package strict

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// maxProblems bounds what is said of one document.
const maxProblems = 50

// inspector compares a document with the type that it should decode into. The
// decoder itself stops at the first value of a wrong type, names it in words
// of Go, and does not say where in a list it stands.
type inspector struct{ problems []Problem }

func inspect(raw []byte, as reflect.Type) []Problem {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return []Problem{{Text: "not JSON"}}
	}
	var in inspector
	in.look(value, as, "")
	return in.problems
}

func (in *inspector) add(problem Problem) {
	if len(in.problems) < maxProblems {
		in.problems = append(in.problems, problem)
	}
}

func (in *inspector) look(value any, as reflect.Type, path string) {
	for as.Kind() == reflect.Pointer {
		as = as.Elem()
	}
	if value == nil { // stands for what is not there, whatever the type
		return
	}
	if decodesItself(as) {
		encoded, err := json.Marshal(value)
		if err != nil || json.Unmarshal(encoded, reflect.New(as).Interface()) != nil {
			in.add(Problem{Path: path, Text: misfit(value, as)})
		}
		return
	}
	switch as.Kind() {
	case reflect.Struct:
		in.lookIntoStruct(value, as, path)
	case reflect.Map:
		in.lookIntoMap(value, as, path)
	case reflect.Slice:
		in.lookIntoList(value, as, path)
	default:
		if !scalarFits(value, as) {
			in.add(Problem{Path: path, Text: misfit(value, as)})
		}
	}
}

func (in *inspector) lookIntoStruct(value any, as reflect.Type, path string) {
	object, ok := value.(map[string]any)
	if !ok {
		in.add(Problem{Path: path, Text: misfit(value, as)})
		return
	}
	fields := map[string]reflect.Type{}
	names := fieldsOf(as, fields)
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if field, known := fields[name]; known {
			in.look(object[name], field, child(path, name))
			continue
		}
		in.add(Problem{Path: child(path, name), Text: UnknownField, Unknown: true, Near: Nearest(name, names)})
	}
}

func (in *inspector) lookIntoMap(value any, as reflect.Type, path string) {
	object, ok := value.(map[string]any)
	if !ok {
		in.add(Problem{Path: path, Text: misfit(value, as)})
		return
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		in.look(object[name], as.Elem(), path+"["+shown(name)+"]")
	}
}

func (in *inspector) lookIntoList(value any, as reflect.Type, path string) {
	list, ok := value.([]any)
	if !ok {
		if _, text := value.(string); !text || as.Elem().Kind() != reflect.Uint8 { // bytes are a text in base64
			in.add(Problem{Path: path, Text: misfit(value, as)})
		}
		return
	}
	for i, element := range list {
		in.look(element, as.Elem(), fmt.Sprintf("%s[%d]", path, i))
	}
}

// fieldsOf adds the fields of a struct as JSON knows them, with those of
// structs that are inlined, and lists their names in order.
func fieldsOf(as reflect.Type, into map[string]reflect.Type) []string {
	var names []string
	for i := range as.NumField() {
		field := as.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous && name == "" && field.Type.Kind() == reflect.Struct:
			names = append(names, fieldsOf(field.Type, into)...)
			continue
		case !field.IsExported() || name == "-":
			continue
		case name == "":
			name = field.Name
		}
		names = append(names, name)
		into[name] = field.Type
	}
	return names
}

func scalarFits(value any, as reflect.Type) bool {
	switch as.Kind() {
	case reflect.Interface:
		return true
	case reflect.String:
		_, ok := value.(string)
		return ok
	case reflect.Bool:
		_, ok := value.(bool)
		return ok
	}
	number, ok := value.(json.Number)
	if !ok {
		return false
	}
	var err error
	switch {
	case as.Kind() >= reflect.Int && as.Kind() <= reflect.Int64:
		_, err = strconv.ParseInt(number.String(), 10, as.Bits())
	case as.Kind() >= reflect.Uint && as.Kind() <= reflect.Uint64:
		_, err = strconv.ParseUint(number.String(), 10, as.Bits())
	}
	return err == nil
}

// misfit says what a value is and what it should be.
func misfit(value any, as reflect.Type) string {
	is, scalar := "a map", false
	switch value := value.(type) {
	case string:
		is = fmt.Sprintf("the string %q", short(value))
	case json.Number:
		is, scalar = "the number "+short(value.String()), true
	case bool:
		is, scalar = strconv.FormatBool(value), true
	case []any:
		is = "a list"
	}
	switch should := wanted(as); {
	case should == "":
		return fmt.Sprintf("is %s, which cannot stand here", is)
	case scalar && as.Kind() == reflect.String:
		return fmt.Sprintf("is %s, and should be %s: put it in quotes", is, should)
	default:
		return fmt.Sprintf("is %s, and should be %s", is, should)
	}
}

// wanted names what a type takes; empty where only the type itself knows.
func wanted(as reflect.Type) string {
	switch {
	case as == reflect.TypeFor[metav1.Duration]():
		return `a duration, such as "5m" or "1h30m"`
	case decodesItself(as):
		return ""
	}
	switch as.Kind() {
	case reflect.Struct, reflect.Map:
		return "a map"
	case reflect.Slice:
		return "a list"
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Float32, reflect.Float64:
		return "a number"
	default:
		return "a whole number"
	}
}

func decodesItself(as reflect.Type) bool {
	pointer := reflect.PointerTo(as)
	return pointer.Implements(reflect.TypeFor[json.Unmarshaler]()) || pointer.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

func child(path, name string) string {
	if path == "" {
		return shown(name)
	}
	return path + "." + shown(name)
}

// shown is a field's name as a path shows it.
func shown(name string) string {
	if quoted := strconv.Quote(name); len(quoted) != len(name)+2 {
		return short(quoted)
	}
	return short(name)
}

// short is the beginning of a text that may be endless.
func short(text string) string {
	if len(text) <= maxName {
		return text
	}
	return strings.ToValidUTF8(text[:maxName], "") + "…"
}
