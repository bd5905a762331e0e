package plan

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation"
)

// maxName is how long, in characters, a name may be that becomes the value of
// a label: the application's on each of its objects, and a policy's, which
// Flux writes on the workloads.
const maxName = validation.LabelValueMaxLength

// CheckName says why a name cannot be that of an application or a policy.
func CheckName(name string) error {
	if len(name) > maxName {
		return tooLong(name, "a name can have 63, because it becomes the value of a label")
	}
	return checkObjectName(name)
}

// checkObjectName says why a name cannot be that of an object.
func checkObjectName(name string) error {
	switch {
	case len(name) > validation.DNS1123SubdomainMaxLength:
		return tooLong(name, "a name can have 253")
	case len(validation.IsDNS1123Subdomain(name)) > 0:
		return fmt.Errorf(`%q cannot be a name: lower-case letters, digits, "-" and "." can, with a letter or digit at both ends and on both sides of a "."`, name)
	}
	return nil
}

// CheckNamespace says why a name cannot be that of a namespace.
func CheckNamespace(name string) error {
	switch {
	case len(name) > validation.DNS1123LabelMaxLength:
		return tooLong(name, "a namespace can have 63")
	case len(validation.IsDNS1123Label(name)) > 0:
		return fmt.Errorf(`%q cannot be a namespace: lower-case letters, digits and "-" can, with a letter or digit at both ends`, name)
	}
	return nil
}

// tooLong shows the beginning of the name: there may be any length of it.
func tooLong(name, can string) error {
	return fmt.Errorf("%.63q… has %d characters; %s", name, len(name), can)
}
