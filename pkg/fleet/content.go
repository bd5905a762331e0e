package fleet

import (
	"context"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/rest"
)

// Types of Secrets that give power over a cluster, and stay on the host.
const (
	typeServiceAccountToken = "kubernetes.io/service-account-token"
	typeBootstrapToken      = "bootstrap.kubernetes.io/token"
	// typeClusterAPI is that of a cluster's kubeconfig and of its authorities'
	// keys. Source: ClusterSecretType of Cluster API, with which Kurator makes
	// clusters.
	typeClusterAPI = "cluster.x-k8s.io/secret"
	// typeOurs begins the types of inventories, of every version.
	typeOurs = "fleetapp.kurator.dev/"
)

// Content is what a Secret or a ConfigMap holds beside its metadata, as the
// API spells it: a Secret's data is in base64.
type Content struct {
	Type       string            `json:"type,omitempty"`
	Immutable  *bool             `json:"immutable,omitempty"`
	Data       map[string]string `json:"data,omitempty"`
	BinaryData map[string]string `json:"binaryData,omitempty"`
}

// Content reads a Secret or a ConfigMap of the snapshot's namespace, to be
// copied into members: resource is "secrets" or "configmaps". It is nil where
// there is none. What gives power over the host or over one of its clusters is
// an error: who writes an application must not be able to carry it elsewhere.
func (s *Snapshot) Content(ctx context.Context, host rest.Interface, resource, name string) (*Content, error) {
	if problems := validation.IsDNS1123Subdomain(name); len(problems) > 0 {
		return nil, fmt.Errorf("%q: %s", name, problems[0])
	}
	if whose := s.credentials[name]; whose != "" && resource == "secrets" {
		return nil, fmt.Errorf("it holds the credentials of %s, which are never copied", whose)
	}
	var content Content
	err := getJSON(ctx, host, &content, "api/v1/namespaces", s.Namespace, resource, name)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("it cannot be read on the host: %w", err)
	}
	if err := staysOnHost(content.Type); err != nil {
		return nil, err
	}
	return &content, nil
}

func staysOnHost(secretType string) error {
	switch {
	case strings.HasPrefix(secretType, typeOurs):
		return errors.New("it is an inventory of kubectl fleetapp, which is never copied")
	case secretType == typeServiceAccountToken:
		return errors.New("it holds a service account's token, which is never copied")
	case secretType == typeBootstrapToken, secretType == typeClusterAPI:
		return fmt.Errorf("it holds a cluster's credentials (type %s), which are never copied", secretType)
	}
	return nil
}
