package cmd

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/rest"
)

// kubectlFlags are cli-runtime's own, without what is for discovery.
func kubectlFlags() *genericclioptions.ConfigFlags {
	flags := genericclioptions.NewConfigFlags(true)
	flags.CacheDir = nil
	return flags
}

func TestHostFlagsAreThoseOfKubectl(t *testing.T) {
	ours, theirs := pflag.NewFlagSet("", pflag.ContinueOnError), pflag.NewFlagSet("", pflag.ContinueOnError)
	NewHostFlags().addTo(ours)
	kubectlFlags().AddFlags(theirs)
	all := func(of *pflag.FlagSet) map[string]string {
		found := map[string]string{}
		of.VisitAll(func(flag *pflag.Flag) {
			found[flag.Name] = fmt.Sprintf("-%s %s=%s: %s", flag.Shorthand, flag.Value.Type(), flag.DefValue, flag.Usage)
		})
		return found
	}
	if is, want := all(ours), all(theirs); !reflect.DeepEqual(is, want) {
		t.Errorf("the flags are\n%v\nand kubectl's\n%v", is, want)
	}
}

func TestHostFlagsMeanWhatTheyMeanInKubectl(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	config := write("config", `{apiVersion: v1, kind: Config, current-context: one,
		clusters: [{name: a, cluster: {server: "https://a.test:6443"}}, {name: b, cluster: {server: "https://b.test", proxy-url: "http://p.test"}}],
		users: [{name: a, user: {token: a}}, {name: b, user: {username: b, password: p}}],
		contexts: [{name: one, context: {cluster: a, user: a, namespace: there}}, {name: two, context: {cluster: b, user: b}}]}`)
	t.Setenv("HOME", dir)
	t.Setenv("KUBECONFIG", config)
	none := write("none", "")
	for _, args := range [][]string{
		nil, {"--context=two"}, {"--context=three"}, {"--cluster=b"}, {"--cluster=c"}, {"--user=b"}, {"--user=c"}, {"-n", "here"}, {"-n", "ns/here"},
		{"--namespace=here", "--context=two"}, {"-s", "https://c.test"}, {"--server=http://c.test:8080", "--token=t"},
		{"--token=t"}, {"--as=me"}, {"--as=me", "--as-group=g", "--as-group=h", "--as-uid=4", "--as-user-extra=a=b", "--as-user-extra=a=c", "--as-user-extra=d"},
		{"--as-group=g"}, {"--as-user-extra=a=b"}, {"--request-timeout=3s"}, {"--request-timeout=7"}, {"--request-timeout=soon"},
		{"--insecure-skip-tls-verify"}, {"--tls-server-name=x"}, {"--certificate-authority=" + config}, {"--certificate-authority=/none"},
		{"--client-certificate=" + config, "--client-key=" + config}, {"--disable-compression"}, {"--proxy-url=http://q.test"},
		{"--kubeconfig=" + none}, {"--kubeconfig=/none"}, {"--kubeconfig=" + none, "-s", "https://c.test"},
	} {
		t.Run(fmt.Sprint(args), func(t *testing.T) {
			ours, theirs := NewHostFlags(), kubectlFlags()
			for _, of := range []interface{ AddFlags(*pflag.FlagSet) }{adding{ours}, theirs} {
				set := pflag.NewFlagSet("", pflag.ContinueOnError)
				of.AddFlags(set)
				if err := set.Parse(args); err != nil {
					t.Fatal(err)
				}
			}
			is, err := ours.config()
			want, wantErr := theirs.ToRESTConfig()
			if fmt.Sprint(err) != fmt.Sprint(wantErr) || proxyOf(t, is) != proxyOf(t, want) || !reflect.DeepEqual(is, want) {
				t.Errorf("it leads to\n%#v, %v\nand in kubectl to\n%#v, %v", is, err, want, wantErr)
			}
			namespace, isNamed, err := ours.load().Namespace()
			wantNamespace, wantNamed, wantErr := theirs.ToRawKubeConfigLoader().Namespace()
			if namespace != wantNamespace || isNamed != wantNamed || fmt.Sprint(err) != fmt.Sprint(wantErr) {
				t.Errorf("the namespace is %q %t %v, and in kubectl %q %t %v", namespace, isNamed, err, wantNamespace, wantNamed, wantErr)
			}
		})
	}
}

// adding has the method by which kubectl's flags are added.
type adding struct{ *HostFlags }

func (a adding) AddFlags(flags *pflag.FlagSet) { a.addTo(flags) }

// proxyOf is the proxy of a configuration, which is taken out: functions cannot
// be compared.
func proxyOf(t *testing.T, config *rest.Config) string {
	t.Helper()
	if config == nil || config.Proxy == nil {
		return ""
	}
	proxy, err := config.Proxy(&http.Request{URL: &url.URL{Scheme: "https", Host: "c.test"}})
	if err != nil {
		t.Fatal(err)
	}
	config.Proxy = nil
	return proxy.String()
}
