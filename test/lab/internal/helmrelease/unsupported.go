package helmrelease

import (
	"fmt"
	"strings"

	v2 "github.com/fluxcd/helm-controller/api/v2"
)

// unsupported is the failure for fields without which something else would be
// applied than was asked for.
func unsupported(fields ...string) *failure {
	return &failure{
		reason:  "Unsupported",
		stalled: "Unsupported",
		err:     fmt.Errorf("this is a stand-in for Flux's helm-controller, which does not have %s", strings.Join(fields, ", ")),
	}
}

// checkSupported refuses a release with fields that the stand-in cannot honour.
func checkSupported(hr *v2.HelmRelease) error {
	var fields []string
	if hr.Spec.KubeConfig != nil {
		fields = append(fields, "spec.kubeConfig")
	}
	if len(hr.Spec.PostRenderers) > 0 {
		fields = append(fields, "spec.postRenderers")
	}
	if hr.Spec.CommonMetadata != nil {
		fields = append(fields, "spec.commonMetadata")
	}
	for i, dependency := range hr.Spec.DependsOn {
		if dependency.ReadyExpr != "" {
			fields = append(fields, fmt.Sprintf("spec.dependsOn[%d].readyExpr", i))
		}
	}
	if len(fields) > 0 {
		return unsupported(fields...)
	}
	return nil
}
