package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// Client talks to one API server. Requests name their whole path, so that no
// discovery is needed, and are not limited in rate.
type Client struct {
	rest.Interface
	shared *shared
	close  func()
}

// shared is what the clients of a host and of its members have in common.
type shared struct {
	// codec takes more time and memory to make than all else of a client.
	codec runtime.NegotiatedSerializer
	// parsing holds something for each kubeconfig of a member that is parsed now.
	parsing chan struct{}
	// room is for the members' answers. The host's are trusted.
	room *room
}

// Close ends the client's connections.
func (c *Client) Close() { c.close() }

// NewHostClient makes the client of the host from the user's own kubeconfig,
// which is trusted with all that kubectl trusts it with.
func NewHostClient(config *rest.Config) (*Client, error) {
	config = rest.CopyConfig(config)
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, err
	}
	shared := &shared{codec: statusCodec(), parsing: make(chan struct{}, parsers), room: newRoom()}
	return newClient(config, client, shared, client.CloseIdleConnections)
}

// Connector opens the members of a fleet.
type Connector struct {
	// Host is where the kubeconfig Secrets are read.
	Host *Client
	// UserAgent names us in the members' audit logs.
	UserAgent string
	// Trace is told of all requests to members; of none where it is nil.
	Trace Trace
}

// Connect reads the member's kubeconfig from the host and makes a client of
// what is allowed in it. It does not dial: the first request does.
// The reasons of its errors are BadKubeconfig and NotFound.
func (c Connector) Connect(ctx context.Context, member Member) (*Client, error) {
	switch {
	case member.Kind == KindHost:
		return &Client{Interface: c.Host.Interface, close: func() {}}, nil
	case member.Missing:
		return nil, reason.Errorf(reason.NotFound, "there is no %s of this name in the fleet's namespace", member.Kind)
	case member.Kubeconfig.Name == "":
		return nil, bad("its %s names no kubeconfig Secret yet", member.Kind)
	case len(validation.IsDNS1123Subdomain(member.Kubeconfig.Name)) > 0:
		return nil, bad("its %s names %q as its kubeconfig Secret, which is no name of one", member.Kind, member.Kubeconfig.Name)
	}
	data, err := c.kubeconfig(ctx, member.Kubeconfig)
	if err != nil {
		return nil, err
	}
	endpoint, err := c.Host.shared.parse(ctx, data)
	if err != nil {
		return nil, fmt.Errorf("%w (Secret %s/%s, key %q)", err,
			member.Kubeconfig.Namespace, member.Kubeconfig.Name, member.Kubeconfig.Key)
	}
	connection, err := newConnection(endpoint)
	if err != nil {
		return nil, err
	}
	return newClient(
		&rest.Config{Host: endpoint.server.String()},
		&http.Client{
			Transport:     c.Trace.Of(member.Name, guard{token: endpoint.token, userAgent: c.UserAgent, guest: c.Host.shared.room.guest(), next: connection}),
			CheckRedirect: refuseRedirect,
		},
		c.Host.shared,
		connection.close)
}

// parse waits for its turn to parse a member's kubeconfig.
func (s *shared) parse(ctx context.Context, data []byte) (endpoint, error) {
	select {
	case s.parsing <- struct{}{}:
		defer func() { <-s.parsing }()
		return parseKubeconfig(data)
	case <-ctx.Done():
		return endpoint{}, context.Cause(ctx)
	}
}

// kubeconfig reads one value of a Secret on the host.
func (c Connector) kubeconfig(ctx context.Context, from SecretKey) ([]byte, error) {
	var secret struct {
		Data map[string][]byte `json:"data"`
	}
	err := getJSON(ctx, c.Host, &secret, "api/v1/namespaces", from.Namespace, "secrets", from.Name)
	switch {
	case apierrors.IsNotFound(err):
		return nil, bad("its kubeconfig Secret %s/%s does not exist", from.Namespace, from.Name)
	case err != nil:
		return nil, reason.Errorf(reason.Of(err), "its kubeconfig Secret %s/%s cannot be read on the host: %w", from.Namespace, from.Name, err)
	}
	data, ok := secret.Data[from.Key]
	if !ok {
		keys := strings.Join(slices.Sorted(maps.Keys(secret.Data)), ", ")
		return nil, bad("its kubeconfig Secret %s/%s has no key %q (it has: %s)", from.Namespace, from.Name, from.Key, keys)
	}
	return data, nil
}

func getJSON(ctx context.Context, client rest.Interface, into any, path ...string) error {
	result := client.Get().AbsPath(path...).Do(ctx)
	if err := result.Error(); err != nil {
		return err
	}
	body, err := result.Raw()
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}

func newClient(config *rest.Config, client *http.Client, shared *shared, closeConnections func()) (*Client, error) {
	config.QPS = -1 // API servers have priority and fairness to defend themselves
	config.WarningHandlerWithContext = rest.NoWarnings{}
	config.GroupVersion = &schema.GroupVersion{}
	config.ContentType = runtime.ContentTypeJSON
	config.NegotiatedSerializer = shared.codec
	restClient, err := rest.UnversionedRESTClientForConfigAndClient(config, client)
	if err != nil {
		return nil, err
	}
	return &Client{Interface: restClient, shared: shared, close: closeConnections}, nil
}

// statusCodec decodes the one type that client-go itself must know: an API
// server's error. Everything else is read as JSON by who asked for it.
func statusCodec() runtime.NegotiatedSerializer {
	scheme := runtime.NewScheme()
	metav1.AddToGroupVersion(scheme, schema.GroupVersion{Version: "v1"})
	return serializer.NewCodecFactory(scheme).WithoutConversion()
}

// UID is the UID of a cluster's kube-system namespace: what tells one cluster
// from any other, however it is reached.
func UID(ctx context.Context, client rest.Interface) (types.UID, error) {
	var namespace metav1.PartialObjectMetadata
	if err := getJSON(ctx, client, &namespace, "api/v1/namespaces/kube-system"); err != nil {
		return "", err
	}
	return namespace.UID, nil
}
