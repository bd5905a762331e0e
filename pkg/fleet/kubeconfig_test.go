package fleet

import (
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

func TestAllowedFieldsAreTakenOver(t *testing.T) {
	config := kubeconfig{
		server:  "https://api.example.com:6443/prefix",
		cluster: "tls-server-name: other.example.com, certificate-authority-data: Q0E=",
		user:    "client-certificate-data: Q0VSVA==, client-key-data: S0VZ",
		token:   "secret-token",
	}
	got, err := parseKubeconfig([]byte(config.String()))
	if err != nil {
		t.Fatal(err)
	}
	if got.server.String() != config.server || got.serverName != "other.example.com" ||
		string(got.ca) != "CA" || string(got.cert) != "CERT" || string(got.key) != "KEY" || got.token != "secret-token" {
		t.Errorf("got %+v", got)
	}
}

func TestFieldsThatAreRefused(t *testing.T) {
	for field, config := range map[string]kubeconfig{
		"certificate-authority":    {cluster: "certificate-authority: /" + canary},
		"insecure-skip-tls-verify": {cluster: "insecure-skip-tls-verify: true"},
		"proxy-url":                {cluster: "proxy-url: 'http://" + canary + "'"},
		"exec":                     {user: "exec: {apiVersion: client.authentication.k8s.io/v1, command: " + canary + ", interactiveMode: Never}"},
		"auth-provider":            {user: "auth-provider: {name: " + canary + "}"},
		"tokenFile":                {user: "tokenFile: /" + canary},
		"client-certificate":       {user: "client-certificate: /" + canary},
		"client-key":               {user: "client-key: /" + canary},
		"username":                 {user: "username: " + canary},
		"password":                 {user: "password: " + canary},
		"as":                       {user: "as: " + canary},
		"as-uid":                   {user: "as-uid: " + canary},
		"as-groups":                {user: "as-groups: [" + canary + "]"},
		"as-user-extra":            {user: "as-user-extra: {a: [" + canary + "]}"},
	} {
		t.Run(field, func(t *testing.T) {
			_, err := parseKubeconfig([]byte(config.String()))
			checkError(t, err, "the kubeconfig holds "+field+", which is refused: it must be self-contained", reason.BadKubeconfig)
			noCanary(t, err)
		})
	}
}

// Inline data beside a path does not make the path harmless.
func TestFieldsAreRefusedBesideInlineData(t *testing.T) {
	config := kubeconfig{cluster: "certificate-authority: /etc/passwd, certificate-authority-data: Q0E="}
	_, err := parseKubeconfig([]byte(config.String()))
	checkError(t, err, "the kubeconfig holds certificate-authority, which is refused: it must be self-contained", reason.BadKubeconfig)
}

// What the current context does not name is not used, and does no harm.
func TestOtherUsersMayHoldAnything(t *testing.T) {
	config := kubeconfig{}.String() + "# a user nobody uses\n"
	config = strings.Replace(config, "users: [", "users: [{name: admin, user: {exec: {command: sh}}}, ", 1)
	if _, err := parseKubeconfig([]byte(config)); err != nil {
		t.Error(err)
	}
}

func TestServersThatAreRefused(t *testing.T) {
	for name, server := range map[string]string{
		"http":          "http://" + canary + ".example.com",
		"none":          "''",
		"no scheme":     canary + ".example.com:6443",
		"no host":       "https:///" + canary,
		"only a port":   "https://:6443",
		"user":          "https://" + canary + ":" + canary + "@example.com",
		"unix":          "unix:///" + canary,
		"not an url":    "https://exa mple.com:" + canary,
		"bad port":      "https://example.com:" + canary,
		"control":       "https://example.com/\x01" + canary,
		"upper scheme?": "HTTP://" + canary,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseKubeconfig([]byte(kubeconfig{server: server}.String()))
			checkError(t, err, "the kubeconfig's server is not an https address", reason.BadKubeconfig)
			noCanary(t, err)
		})
	}
}

func TestKubeconfigsThatLeadNowhere(t *testing.T) {
	valid := kubeconfig{}.String()
	for name, test := range map[string]struct{ config, want string }{
		"empty":            {"", "the kubeconfig's current-context names no context"},
		"no context":       {strings.Replace(valid, "current-context: at", "current-context: "+canary, 1), "the kubeconfig's current-context names no context"},
		"no current":       {strings.Replace(valid, "current-context: at", "", 1), "the kubeconfig's current-context names no context"},
		"no cluster":       {strings.Replace(valid, "cluster: there", "cluster: "+canary, 1), "the kubeconfig's current context names no cluster"},
		"no user":          {strings.Replace(valid, "user: me", "user: "+canary, 1), "the kubeconfig's current context names no user"},
		"not YAML":         {"a: b: " + canary, "the kubeconfig cannot be parsed"},
		"binary":           {"\x00\x01" + canary, "the kubeconfig cannot be parsed"},
		"wrong type":       {strings.Replace(valid, "users: [{", "users: {", 1), "the kubeconfig cannot be parsed"},
		"a list":           {"[" + canary + "]", "the kubeconfig cannot be parsed"},
		"another kind":     {strings.Replace(valid, "kind: Config", "kind: "+canary, 1), "the kubeconfig cannot be parsed"},
		"other version":    {strings.Replace(valid, "apiVersion: v1", "apiVersion: "+canary+"/v2", 1), "the kubeconfig cannot be parsed"},
		"bad base64":       {kubeconfig{cluster: "certificate-authority-data: '" + canary + "!'"}.String(), "the kubeconfig cannot be parsed"},
		"token is an list": {kubeconfig{token: "[" + canary + "]"}.String(), "the kubeconfig cannot be parsed"},
		"too large":        {valid + strings.Repeat("#", maxKubeconfig), "the kubeconfig is larger than 256 KiB"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseKubeconfig([]byte(test.config))
			checkError(t, err, test.want, reason.BadKubeconfig)
			noCanary(t, err)
		})
	}
}

func TestTheLargestKubeconfigIsRead(t *testing.T) {
	config := kubeconfig{}.String()
	config += strings.Repeat("#", maxKubeconfig-len(config))
	if _, err := parseKubeconfig([]byte(config)); err != nil {
		t.Error(err)
	}
}

// Aliases make a small file a large object. The parser counts nodes, so that
// both many nodes and many times one long text have to be tried.
func TestAliasBombsAreRefused(t *testing.T) {
	nodes := &strings.Builder{}
	nodes.WriteString("a0: &a0 [x]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(nodes, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 10), ","))
	}
	text := "long: &long " + strings.Repeat("x", 4<<10) + "\nmany: [" + strings.Repeat("*long,", 8_000) + "]\n"
	for name, bomb := range map[string]string{"nodes": nodes.String(), "text": text} {
		t.Run(name, func(t *testing.T) {
			const bound = 32 << 20
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := parseKubeconfig([]byte(kubeconfig{}.String() + bomb))
			runtime.ReadMemStats(&after)
			if grown := after.TotalAlloc - before.TotalAlloc; grown > bound {
				t.Errorf("a kubeconfig of %d KiB took %d MiB of memory (error: %v)", len(bomb)>>10, grown>>20, err)
			}
		})
	}
}

// Some kilobytes of empty values take a hundred times as much memory, and where
// they are repeated, seconds.
func TestManyValuesAreRefused(t *testing.T) {
	for name, value := range map[string]string{
		"clusters": "clusters: [{},", "nulls": "x: [~,", "keys": "x: {? a,", "lines": "x:\n- ", "users": "users:\n- {name: a}\n", "blocks": "x:\r- -\r", "tags": "x: [!!str ,",
	} {
		t.Run(name, func(t *testing.T) {
			opening, unit := value[:strings.IndexAny(value, "[{\r\n")+1], value[strings.IndexAny(value, "[{\r\n")+1:]
			config := kubeconfig{}.String() + opening
			config += strings.Repeat(unit, (maxKubeconfig-len(config))/len(unit))
			began := time.Now()
			_, err := parseKubeconfig([]byte(config))
			checkError(t, err, "the kubeconfig holds more than 10000 values", reason.BadKubeconfig)
			if took := time.Since(began); took > 100*time.Millisecond {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func TestAHundredClustersAreNotTooMany(t *testing.T) {
	valid := kubeconfig{cluster: "certificate-authority-data: Q0E=", token: strings.Repeat("a-_b", 250)}.String()
	for i := range 100 {
		valid += fmt.Sprintf("# cluster %d\n%s", i, strings.ReplaceAll("\n"+kubeconfig{token: strings.Repeat("a-_b", 250)}.String(), "\n", "\n# - "))
	}
	if _, err := parseKubeconfig([]byte(valid)); err != nil {
		t.Error(err)
	}
}

func TestDataThatIsNoCertificate(t *testing.T) {
	text := base64.StdEncoding.EncodeToString([]byte(canary))
	for name, test := range map[string]struct {
		config kubeconfig
		want   string
	}{
		"authority": {
			kubeconfig{cluster: "certificate-authority-data: " + text},
			"the kubeconfig's certificate-authority-data holds no certificate",
		},
		"pair": {
			kubeconfig{user: "client-certificate-data: " + text + ", client-key-data: " + text},
			"the kubeconfig's client-certificate-data and client-key-data are not a pair",
		},
		"certificate alone": {
			kubeconfig{user: "client-certificate-data: " + text},
			"the kubeconfig's client-certificate-data and client-key-data are not a pair",
		},
		"key alone": {
			kubeconfig{user: "client-key-data: " + text},
			"the kubeconfig's client-certificate-data and client-key-data are not a pair",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := connect(t, test.config)
			checkError(t, err, test.want, reason.BadKubeconfig)
			noCanary(t, err)
		})
	}
}
