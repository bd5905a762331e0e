// Package preflight asks one member what it is, and whether a deploy would
// succeed there: everything side by side, in one round trip.
package preflight

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fanout"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/plan"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// maxWord bounds a version or a name, in characters: they are the member's word.
const maxWord = 64

// Cluster is what a member says of itself.
type Cluster struct {
	// UID is that of its kube-system namespace; empty where that may not be read.
	UID types.UID
	// Version is that of its API server; empty where it does not tell.
	Version string
	// Groups are Flux's, as plan.Groups has them.
	Groups []Group
	// Controllers are Flux's that were found: those that sync what a plan makes
	// first, in the order of their groups.
	Controllers []Controller
	// Unseen is why there may be others; nil where none can have been missed.
	Unseen error
}

// Look asks a member what it is. The error is why that cannot be said: it does
// not answer, or does not accept the credentials. What else it does not tell
// leaves a gap.
func Look(ctx context.Context, client rest.Interface) (Cluster, error) {
	asking := newAsking(client)
	sideBySide(ctx, asking.asks...)
	return asking.cluster()
}

// asking is what is asked of one member, and what it answers.
type asking struct {
	client rest.Interface
	asks   []func(context.Context) error

	system      metav1.PartialObjectMetadata
	version     struct{ GitVersion string }
	groups      []Group
	controllers [2][]Controller // of all namespaces, and of Flux's own
	failed      struct {
		identify, version error
		controllers       error // of all namespaces
	}
}

func newAsking(client rest.Interface) *asking {
	a := &asking{client: client, groups: make([]Group, len(plan.Groups()))}
	a.ask(func(ctx context.Context) error {
		a.failed.identify = a.identify(ctx)
		return a.failed.identify
	})
	a.ask(func(ctx context.Context) error {
		a.failed.version = decode(client.Get().AbsPath("version").Do(ctx), &a.version)
		return a.failed.version
	})
	for i, name := range plan.Groups() {
		a.ask(func(ctx context.Context) error {
			a.groups[i] = readGroup(ctx, client, name)
			return a.groups[i].Err
		})
	}
	a.ask(func(ctx context.Context) error {
		a.controllers[0], a.failed.controllers = labelledControllers(ctx, client)
		return a.failed.controllers
	})
	a.ask(func(ctx context.Context) (err error) {
		a.controllers[1], err = usualControllers(ctx, client)
		return err
	})
	return a
}

func (a *asking) ask(what func(context.Context) error) { a.asks = append(a.asks, what) }

// sideBySide asks for everything at once. Each ask keeps what it learns, its
// error included: also where there was no time left to ask, or else it would look
// as if nothing were wrong.
func sideBySide(ctx context.Context, asks ...func(context.Context) error) {
	for result := range fanout.Run(ctx, fanout.Options{Limit: len(asks)}, asks, func(ctx context.Context, ask func(context.Context) error) (struct{}, error) {
		return struct{}{}, ask(ctx)
	}) {
		if errors.Is(result.Err, fanout.ErrNotAttempted) {
			_ = result.Item(ctx)
		}
	}
}

// cluster is what was answered.
func (a *asking) cluster() (Cluster, error) {
	if err := refusal(a.failed.identify); err != nil {
		return Cluster{}, err
	}
	return Cluster{
		UID:         a.system.UID,
		Version:     word(a.version.GitVersion),
		Groups:      a.groups,
		Controllers: merged(a.controllers[:]...),
		Unseen:      a.failed.controllers,
	}, nil
}

// identify asks for what only who is known gets an answer to, whichever that
// is: versions, and what is served, are often public. It is a deploy's own
// request, so that it is the one most likely to be allowed.
func (a *asking) identify(ctx context.Context) error {
	err := decode(a.client.Get().AbsPath("api/v1/namespaces/kube-system").Do(ctx), &a.system)
	if err == nil && a.system.UID == "" {
		return notKubernetes()
	}
	return err
}

// anonymous is whom an API server takes those for who bring no credentials.
// Source: user.Anonymous of k8s.io/apiserver.
const anonymous = `User "system:anonymous"`

// refusal is why an answer does not show that the credentials were accepted:
// nil where it does. Who is known may be told that this namespace is not for
// him, and only then that there is none.
func refusal(err error) error {
	switch strange := apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse); {
	case err == nil:
		return nil
	case strange && (apierrors.IsForbidden(err) || apierrors.IsNotFound(err)):
		return notKubernetes()
	case apierrors.IsForbidden(err) && strings.Contains(err.Error(), anonymous):
		return reason.Errorf(reason.Unauthorized, "its kubeconfig holds no credentials that it knows (it answers to system:anonymous)")
	case apierrors.IsForbidden(err), apierrors.IsNotFound(err):
		return nil
	}
	return err
}

func notKubernetes() error {
	return reason.Errorf(reason.Failed, "it does not answer as a Kubernetes API server does")
}

// decode reads an answer as JSON.
func decode(answer rest.Result, into any) error {
	if err := answer.Error(); err != nil {
		return err
	}
	body, err := answer.Raw()
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}

// word is something that a member says, of bounded length and without a space,
// as a cell of a table can show it.
func word(said string) string {
	said = strings.Join(strings.Fields(strings.ToValidUTF8(said, "\ufffd")), "_")
	return cut(said, maxWord)
}

func cut(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// ServerVersion asks a cluster for that of its API server, which is mostly public: an
// answer does not show that the credentials are accepted.
func ServerVersion(ctx context.Context, client rest.Interface) (string, error) {
	var is struct{ GitVersion string }
	if err := decode(client.Get().AbsPath("version").Do(ctx), &is); err != nil {
		return "", err
	}
	if is.GitVersion == "" {
		return "", notKubernetes()
	}
	return word(is.GitVersion), nil
}
