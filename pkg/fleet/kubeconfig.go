package fleet

import (
	"net/url"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/strict"
)

// maxKubeconfig bounds, in bytes, what is parsed: a megabyte of users takes
// most of a second.
const maxKubeconfig = 256 << 10

// maxMarks bounds how many values a kubeconfig may have, by the characters that
// begin or end one: a hundred thousand empty users take two seconds and 160 MB.
// One of a hundred clusters has three thousand.
const maxMarks = 10_000

// parsers is how many kubeconfigs are parsed at once, for each may take some
// megabytes until it is refused. More would not be done sooner.
const parsers = 4

// endpoint is all that is taken over from a member's kubeconfig.
type endpoint struct {
	server     *url.URL
	serverName string
	ca         []byte
	cert, key  []byte
	token      string
}

// parseKubeconfig reads the current context of a kubeconfig that is not
// trusted: whoever may write the Secret must not be able to start a program
// here, read a file, or reach another address. So clientcmd.Load only decodes
// (ClientConfig and Validate open the files that it names), what is taken over
// is what endpoint has, and what would change the meaning of that is refused by
// its name. No error repeats a value, which may be a credential.
func parseKubeconfig(data []byte) (endpoint, error) {
	if len(data) > maxKubeconfig {
		return endpoint{}, bad("the kubeconfig is larger than %d KiB", maxKubeconfig>>10)
	}
	if marks(data) > maxMarks {
		return endpoint{}, bad("the kubeconfig holds more than %d values", maxMarks)
	}
	if strict.HasAliases(data) {
		return endpoint{}, bad("the kubeconfig uses YAML aliases, which are refused")
	}
	config, err := clientcmd.Load(data)
	if err != nil {
		return endpoint{}, bad("the kubeconfig cannot be parsed")
	}
	context := config.Contexts[config.CurrentContext]
	if context == nil {
		return endpoint{}, bad("the kubeconfig's current-context names no context")
	}
	cluster, user := config.Clusters[context.Cluster], config.AuthInfos[context.AuthInfo]
	if cluster == nil {
		return endpoint{}, bad("the kubeconfig's current context names no cluster")
	}
	if user == nil {
		return endpoint{}, bad("the kubeconfig's current context names no user")
	}
	if field := refused(cluster, user); field != "" {
		return endpoint{}, bad("the kubeconfig holds %s, which is refused: it must be self-contained", field)
	}
	server, err := url.Parse(cluster.Server)
	if err != nil || server.Scheme != "https" || server.Hostname() == "" || server.User != nil {
		return endpoint{}, bad("the kubeconfig's server is not an https address")
	}
	return endpoint{
		server:     server,
		serverName: cluster.TLSServerName,
		ca:         cluster.CertificateAuthorityData,
		cert:       user.ClientCertificateData,
		key:        user.ClientKeyData,
		token:      user.Token,
	}, nil
}

// marks counts the characters without which neither YAML nor JSON has another
// value. Base64, which is most of a kubeconfig, has none of them.
func marks(data []byte) (count int) {
	for i, char := range data {
		switch char {
		case '\n', '\r', ',', ':', '[', '{', '?', '&', '!':
			count++
		case '-':
			if i+1 < len(data) && data[i+1] <= ' ' { // else it may be base64 of the other alphabet
				count++
			}
		}
	}
	return count
}

// refused names the first field that a member's kubeconfig must not have.
func refused(cluster *clientcmdapi.Cluster, user *clientcmdapi.AuthInfo) string {
	for _, check := range []struct {
		field   string
		present bool
	}{
		{"certificate-authority", cluster.CertificateAuthority != ""},
		{"insecure-skip-tls-verify", cluster.InsecureSkipTLSVerify},
		{"proxy-url", cluster.ProxyURL != ""},
		{"exec", user.Exec != nil},
		{"auth-provider", user.AuthProvider != nil},
		{"tokenFile", user.TokenFile != ""},
		{"client-certificate", user.ClientCertificate != ""},
		{"client-key", user.ClientKey != ""},
		{"username", user.Username != ""},
		{"password", user.Password != ""},
		{"as", user.Impersonate != ""},
		{"as-uid", user.ImpersonateUID != ""},
		{"as-groups", len(user.ImpersonateGroups) > 0},
		{"as-user-extra", len(user.ImpersonateUserExtra) > 0},
	} {
		if check.present {
			return check.field
		}
	}
	return ""
}

func bad(format string, args ...any) error {
	return reason.Errorf(reason.BadKubeconfig, format, args...)
}
