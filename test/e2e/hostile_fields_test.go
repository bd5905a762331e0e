package e2e

import (
	"fmt"
	"strings"
)

// field is one that a member's kubeconfig must not have, and values of it that
// would do harm, or might confuse.
type field struct {
	name      string
	inCluster bool
	values    []any
}

// refusedFields are all fields of a kubeconfig that would start a program, open a
// file, connect to another address, or change who speaks to whom.
func refusedFields(traps *traps) []field {
	proxy := traps.listen("a proxy")
	fields := []field{
		{"insecure-skip-tls-verify", true, []any{true}},
		{"proxy-url", true, []any{
			"http://" + proxy, "https://" + proxy, "socks5://" + proxy, "socks5h://" + proxy, "HTTP://" + proxy + "/" + canary,
			"http://" + canary + ":" + canary + "@" + proxy, proxy, "://" + canary, "\x1b[31m" + canary, "http://169.254.169.254", " ",
		}},
		{"exec", false, commands2run(traps)},
		{"auth-provider", false, providers(traps)},
		{"username", false, []any{canary, "\u202e" + canary, strings.Repeat("u", 100<<10)}},
		{"password", false, []any{canary, "\x07", strings.Repeat("p", 100<<10)}},
		{"as", false, []any{"system:admin", canary, "\n" + canary}},
		{"as-uid", false, []any{canary, "0"}},
		{"as-groups", false, []any{[]any{"system:masters"}, []any{""}, many(1000, "g")}},
		{"as-user-extra", false, []any{object{"a": []any{canary}}, object{"": []any{}}, object{"scopes": many(1000, "s")}}},
	}
	for name, inCluster := range map[string]bool{
		"certificate-authority": true, "client-certificate": false, "client-key": false, "tokenFile": false,
	} {
		secret := traps.dir + "/secret"
		traps.file(secret, canary, 0o600)
		fields = append(fields, field{name, inCluster, []any{
			traps.fifo(name), secret, "secret", "../secret", "~/" + canary, "file://" + secret, "/dev/zero", "/dev/stdin",
			"/proc/self/environ", traps.dir, "/" + strings.Repeat("x/", 50<<10), "\u202e\x1b[2J" + canary, "\x00", " ",
		}})
	}
	return fields
}

func many(count int, value string) []any {
	all := make([]any, count)
	for i := range all {
		all[i] = fmt.Sprint(value, i)
	}
	return all
}

// commands2run are exec plugins of all API versions there are, and of none.
func commands2run(traps *traps) []any {
	all := []any{
		object{}, object{"command": ""}, object{"apiVersion": "client.authentication.k8s.io/v1"},
		object{
			"apiVersion": "client.authentication.k8s.io/v1beta1", "command": traps.script, "args": many(1000, canary),
			"env":         []any{object{"name": "LD_PRELOAD", "value": canary}, object{"name": "PATH", "value": traps.dir}},
			"installHint": "\x1b[2Jrun " + canary, "provideClusterInfo": true,
		},
	}
	for _, version := range []string{"client.authentication.k8s.io/v1alpha1", "client.authentication.k8s.io/v1beta1", "client.authentication.k8s.io/v1", "", "another/v1"} {
		for _, mode := range []string{"", "Never", "IfAvailable", "Always", "Sometimes"} {
			for _, command := range [][]any{{traps.script, canary}, {"sh", "-c", "echo from sh >>" + traps.mark}} {
				plugin := object{"command": command[0], "args": command[1:]}
				if version != "" {
					plugin["apiVersion"] = version
				}
				if mode != "" {
					plugin["interactiveMode"] = mode
				}
				all = append(all, plugin)
			}
		}
	}
	return all
}

// providers are the auth providers that client-go has or had.
func providers(traps *traps) []any {
	elsewhere := traps.listen("an identity provider")
	return []any{
		object{}, object{"name": ""}, object{"name": canary},
		object{"name": "gcp", "config": object{"cmd-path": traps.script, "cmd-args": canary}},
		object{"name": "azure", "config": object{"environment": "https://" + elsewhere, "access-token": canary}},
		object{"name": "oidc", "config": object{
			"idp-issuer-url": "https://" + elsewhere, "client-id": canary, "refresh-token": canary, "id-token": canary,
			"idp-certificate-authority": traps.dir + "/secret",
		}},
		object{"name": "openstack", "config": object{"OS_AUTH_URL": "http://" + elsewhere}},
	}
}
