package cmd

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// HostFlags are kubectl's flags for which cluster to talk to, and as whom. They
// are those of cli-runtime's ConfigFlags, which brings discovery, and with it all
// types of Kubernetes: a third of the program, and most of the time it takes to
// start.
type HostFlags struct {
	kubeconfig string
	userExtra  []string
	overrides  clientcmd.ConfigOverrides
	loader     clientcmd.ClientConfig
}

// NewHostFlags makes flags that say nothing.
func NewHostFlags() *HostFlags {
	return &HostFlags{overrides: clientcmd.ConfigOverrides{ClusterDefaults: clientcmd.ClusterDefaults}}
}

// addTo adds them to those of a command.
func (h *HostFlags) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&h.kubeconfig, "kubeconfig", "", "Path to the kubeconfig file to use for CLI requests.")
	flags.StringVarP(&h.overrides.Context.Namespace, clientcmd.FlagNamespace, "n", "", "If present, the namespace scope for this CLI request")
	flags.StringArrayVar(&h.userExtra, "as-user-extra", nil,
		"User extras to impersonate for the operation, this flag can be repeated to specify multiple values for the same key.")
	names := clientcmd.RecommendedConfigOverrideFlags("")
	names.ContextOverrideFlags.Namespace.LongName = "" // it would take "ns/a" for "a", other than kubectl
	names.AuthOverrideFlags.Username.LongName = ""     // API servers know no passwords any more
	names.AuthOverrideFlags.Password.LongName = ""
	// The rest is worded as in kubectl.
	names.AuthOverrideFlags.Impersonate.Description += ". User could be a regular user or a service account in a namespace."
	names.AuthOverrideFlags.ImpersonateUID.Description += "."
	names.ClusterOverrideFlags.APIServer.ShortName = "s"
	names.ClusterOverrideFlags.ProxyURL.Description = "Proxy URL to use for requests to the API server"
	names.ClusterOverrideFlags.TLSServerName.Description = "Server name to use for server certificate validation. If it is not provided, the hostname used to contact the server is used"
	clientcmd.BindOverrideFlags(&h.overrides, flags, names)
}

// load is where the configuration comes from: the flags, $KUBECONFIG, the file in
// the user's home, or the pod that this runs in. What it first sees of the flags
// it keeps, so they must have been parsed.
func (h *HostFlags) load() clientcmd.ClientConfig {
	if h.loader == nil {
		rules := clientcmd.NewDefaultClientConfigLoadingRules()
		rules.DefaultClientConfig = &clientcmd.DefaultClientConfig
		rules.ExplicitPath = h.kubeconfig
		for _, extra := range h.userExtra {
			if key, value, ok := strings.Cut(extra, "="); ok {
				if h.overrides.AuthInfo.ImpersonateUserExtra == nil {
					h.overrides.AuthInfo.ImpersonateUserExtra = map[string][]string{}
				}
				h.overrides.AuthInfo.ImpersonateUserExtra[key] = append(h.overrides.AuthInfo.ImpersonateUserExtra[key], value)
			}
		}
		h.loader = clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &h.overrides)
	}
	return h.loader
}

// config is how to reach the host.
func (h *HostFlags) config() (*rest.Config, error) { return h.load().ClientConfig() }

// names are what the user's own kubeconfig has for the flags that name something
// in it, by flag; nothing where it cannot be read.
func (h *HostFlags) names() map[string]func() []string {
	of := func(names func(clientcmdapi.Config) []string) func() []string {
		return func() []string {
			config, err := h.load().RawConfig()
			if err != nil {
				return nil
			}
			return names(config)
		}
	}
	return map[string]func() []string{
		clientcmd.FlagContext:      of(func(c clientcmdapi.Config) []string { return slices.Sorted(maps.Keys(c.Contexts)) }),
		clientcmd.FlagClusterName:  of(func(c clientcmdapi.Config) []string { return slices.Sorted(maps.Keys(c.Clusters)) }),
		clientcmd.FlagAuthInfoName: of(func(c clientcmdapi.Config) []string { return slices.Sorted(maps.Keys(c.AuthInfos)) }),
	}
}

// contextNamespace is the context's own, whatever -n says.
func (h *HostFlags) contextNamespace() (string, error) {
	config, err := h.load().RawConfig()
	if err != nil {
		return "", err
	}
	name := config.CurrentContext
	if h.overrides.CurrentContext != "" {
		name = h.overrides.CurrentContext
	}
	if context := config.Contexts[name]; context != nil && context.Namespace != "" {
		return context.Namespace, nil
	}
	return "default", nil
}
