package fleet

import (
	"context"
	"encoding/json"
	"fmt"

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

// Applications lists the Applications of a namespace on the host, or of all
// namespaces where it is empty; none where the host does not serve them.
func Applications(ctx context.Context, host rest.Interface, namespace string) ([]appsv1alpha1.Application, error) {
	var list appsv1alpha1.ApplicationList
	err := getJSON(ctx, host, &list, collectionPath(appsv1alpha1.Group, namespace, appsv1alpha1.ApplicationResource)...)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read applications in %s on the host: %w", inNamespace(namespace), err)
	}
	return list.Items, nil
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
	return append(collectionPath(appsv1alpha1.Group, namespace, appsv1alpha1.ApplicationResource), name)
}
