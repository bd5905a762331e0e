package fleet

import (
	"context"
	"encoding/json"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
)

// ReadApplication reads an Application on the host; nil if there is none.
func ReadApplication(ctx context.Context, host rest.Interface, namespace, name string) (*appsv1alpha1.Application, error) {
	var app appsv1alpha1.Application
	err := getJSON(ctx, host, &app, applicationPath(namespace, name)...)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &app, nil
}

// DeleteApplication deletes that very Application on the host; it is no error
// where it is gone.
func DeleteApplication(ctx context.Context, host rest.Interface, app *appsv1alpha1.Application) error {
	body, err := json.Marshal(metav1.DeleteOptions{
		TypeMeta:      metav1.TypeMeta{APIVersion: "v1", Kind: "DeleteOptions"},
		Preconditions: metav1.NewUIDPreconditions(string(app.UID)),
	})
	if err != nil {
		return err
	}
	err = host.Delete().AbsPath(applicationPath(app.Namespace, app.Name)...).Body(body).Do(ctx).Error()
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

func applicationPath(namespace, name string) []string {
	return []string{
		"apis", appsv1alpha1.Group, appsv1alpha1.Version,
		"namespaces", namespace, appsv1alpha1.ApplicationResource, name,
	}
}
