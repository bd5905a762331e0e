package fleet

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// allowedFields are those of a cluster and of a user that may say something.
// What client-go has or will have beside them must be empty.
func allowedFields() []string {
	return []string{
		"Server", "TLSServerName", "CertificateAuthorityData", "DisableCompression",
		"ClientCertificateData", "ClientKeyData", "Token",
		"LocationOfOrigin", "Extensions", // say nothing of how to connect
	}
}

// Whatever a Secret holds, what is taken over is an https address and what is
// inline; and no error repeats a token.
func FuzzKubeconfig(f *testing.F) {
	const valid = `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://127.0.0.1:6443", certificate-authority-data: "QQ=="}}]
users: [{name: u, user: {token: secret-token-value}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
current-context: c
`
	for _, seed := range []string{
		valid, "", "{}", "a: &a [*a]", "\x00", strings.Repeat("[", 10000),
		strings.Replace(valid, "token: secret-token-value", "exec: {command: /bin/true, apiVersion: client.authentication.k8s.io/v1}", 1),
		strings.Replace(valid, "token: secret-token-value", "tokenFile: /etc/passwd, token: secret-token-value", 1),
		strings.Replace(valid, "token: secret-token-value", "auth-provider: {name: gcp}", 1),
		strings.Replace(valid, "token: secret-token-value", "username: u, password: secret-token-value", 1),
		strings.Replace(valid, "token: secret-token-value", "as: root, as-groups: [system:masters], as-user-extra: {a: [b]}", 1),
		strings.Replace(valid, "token: secret-token-value", "client-certificate: /c, client-key: /k", 1),
		strings.Replace(valid, "certificate-authority-data: \"QQ==\"", "certificate-authority: /ca", 1),
		strings.Replace(valid, "certificate-authority-data: \"QQ==\"", "proxy-url: http://127.0.0.1:1, insecure-skip-tls-verify: true", 1),
		strings.Replace(valid, "https://127.0.0.1:6443", "http://u:p@169.254.169.254/latest", 1),
		strings.Replace(valid, "https://127.0.0.1:6443", "https://[fe80::1%25eth0]:6443", 1),
		`{"apiVersion":"v1","kind":"Config","current-context":"c","contexts":[{"name":"c","context":{"cluster":"c","user":"u"}}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := parseKubeconfig(data)
		config, loadErr := clientcmd.Load(data)
		if err != nil {
			if reason.Of(err) != reason.BadKubeconfig {
				t.Errorf("the reason is %s: %v", reason.Of(err), err)
			}
			if loadErr == nil {
				for _, user := range config.AuthInfos {
					if len(user.Token) > len("refused") && strings.Contains(err.Error(), user.Token) {
						t.Errorf("it repeats a token: %v", err)
					}
				}
			}
			return
		}
		if loadErr != nil {
			t.Fatalf("client-go does not read it: %v", loadErr)
		}
		if got.server.Scheme != "https" || got.server.Hostname() == "" || got.server.User != nil {
			t.Errorf("the server is %s", got.server)
		}
		context := config.Contexts[config.CurrentContext]
		for _, of := range []any{*config.Clusters[context.Cluster], *config.AuthInfos[context.AuthInfo]} {
			value := reflect.ValueOf(of)
			for i := range value.NumField() {
				if name := value.Type().Field(i).Name; !slices.Contains(allowedFields(), name) && !isEmpty(value.Field(i)) {
					t.Errorf("%s was passed over", name)
				}
			}
		}
	})
}

// isEmpty tells also an empty list from one that says something.
func isEmpty(value reflect.Value) bool {
	switch value.Kind() {
	case reflect.Map, reflect.Slice:
		return value.Len() == 0
	default:
		return value.IsZero()
	}
}
