package e2e

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	kyaml "sigs.k8s.io/yaml"
)

// servers are addresses that are no API server's.
func (l *lures) servers() {
	good, _ := url.Parse(l.good)
	trap := strings.TrimPrefix(l.listed, "https://")
	for _, server := range []string{
		"", " ", "http://" + trap, "HTTP://" + trap, "//" + trap, trap, "127.0.0.1", "unix://" + l.traps.dir + "/socket", "unix:///" + canary,
		"file://" + l.traps.dir + "/secret", "ftp://" + trap, "ws://" + trap, "https:" + trap, "https:///" + canary, "https://:6443", "https://",
		"https://" + canary + ":" + canary + "@" + trap, "https://user@" + trap, "https://@" + trap, "https://" + canary + "%2f@" + trap,
		"https://exa mple.com", "https://127.0.0.1:port", "https://127.0.0.1:-1", "https://[::1", "https://[fe80::1%lo]:6443",
		"https://127.0.0.1/\x01" + canary, "https://\u202e" + canary + "%zz", "javascript:alert(1)", "data:text/plain," + canary, "\nhttps://" + trap,
	} {
		l.add(fmt.Sprintf("server %q", server), l.config(server, nil, nil), refused, "the kubeconfig's server is not an https address")
	}
	for _, host := range []string{
		"169.254.169.254", "169.254.0.1:6443", "169.254.170.2", "[fe80::1]:6443", "[fe80::1%25lo]:6443", "[fe80::1%25eth0]", "[::ffff:169.254.169.254]",
		"[::ffff:a9fe:a9fe]:80", "[0:0:0:0:0:ffff:a9fe:a9fe]", "0.0.0.0:6443", "[::]:6443", "[::ffff:0.0.0.0]", "224.0.0.1", "239.255.255.255", "[ff02::1]", "[ff02::1%25lo]:6443",
	} {
		l.add("server at "+host, l.config("https://"+host, nil, nil), refused, "the kubeconfig's server is at ")
	}
	for _, server := range []string{
		"https://2852039166", "https://0xa9fea9fe", "https://0251.0376.0251.0376", "https://169.254.43518", "https://0xa9.254.169.254:80",
		"https://[fd00:ec2::254]", "https://[64:ff9b::a9fe:a9fe]", "https://255.255.255.255", "https://100.100.100.200:1", "https://192.0.2.1:1",
		"https://metadata.google.internal", "https://nowhere.invalid", "https://xn--" + strings.Repeat("a", 300) + ".invalid",
		"https://127.0.0.1:0", "https://127.0.0.1:99999", "https://127.0.0.1.:" + good.Port(), "https://2130706433:" + good.Port(), "https://127.1:" + good.Port(),
		"https://localhost:" + good.Port(), "HTTPS://" + good.Host, l.good + "/../../" + canary, l.good + "?a=" + canary + "#b", l.good + "//" + canary + "%2f..", l.good + "/%0d%0aHost:%20x",
		"https://a\u202eb:1", "https://\u3002:1", "https://127.0.0.1\u3002:" + good.Port(), "https://" + strings.Repeat("1", 10_000),
	} {
		l.add(fmt.Sprintf("server %.60q", server), l.config(server, nil, nil), whatever)
	}
}

// What a refusal says of a kubeconfig that has no fields to name.
const (
	unparsed  = "the kubeconfig cannot be parsed"
	aliased   = "the kubeconfig uses YAML aliases"
	contextOf = "current-context names no context"
	clusterOf = "current context names no cluster"
	userOf    = "current context names no user"
	tooLarge  = "the kubeconfig is larger than"
	tooMany   = "the kubeconfig holds more than 10000 values"
	authority = "certificate-authority-data holds no certificate"
	pair      = "client-certificate-data and client-key-data are not a pair"
)

// shapes are kubeconfigs that are broken, ambiguous or large.
func (l *lures) shapes() {
	good := l.yaml(l.config(l.good, nil, nil))
	evil := l.yaml(l.config(l.good, nil, object{"exec": object{"apiVersion": "client.authentication.k8s.io/v1", "command": l.traps.script, "interactiveMode": "Never"}}))
	for what, text := range map[string]string{
		"two documents, the second hostile": good + "---\n" + evil,
		"a hostile one in a comment":        good + "# " + strings.ReplaceAll(evil, "\n", "\n# ") + "\n",
		"anchors that nobody uses":          strings.Replace(good, "kind: Config", "kind: &"+canary+" Config", 1),
		"marks of a document":               "%YAML 1.1\n---\n" + good + "...\n",
	} {
		l.text(what, text, harmless)
	}
	for what, text := range map[string]string{
		"two documents, the first hostile": evil + "---\n" + good, "a hostile one with a mark": "\ufeff" + evil, "a hostile one of CRLF": strings.ReplaceAll(evil, "\n", "\r\n"),
	} {
		l.text(what, text, refused, "the kubeconfig holds exec,")
	}
	for what, text := range map[string]string{
		"a key twice, the last one null": strings.Replace(evil, "    exec:", "    exec: null\n    exec:", 1), "a key twice, the first one null": evil + "users: []\n",
		"the whole list twice": good + evil, "a tag of a program": strings.Replace(good, "token: ", "token: !!python/object/apply:os.system ", 1),
		"a binary tag": strings.Replace(good, "token: ", "token: !!binary ", 1), "UTF-16": utf16(evil), "tabs": strings.ReplaceAll(evil, "  ", "\t"),
		"a key that is a list": good + "? [a, b]\n: c\n", "numbers without bound": good + "extensions: [{name: a, extension: {b: 1e999999999, c: " + strings.Repeat("9", 50_000) + "}}]\n",
	} {
		l.text(what, text, whatever)
	}
	l.broken(good)
	l.large(good)
}

func (l *lures) yaml(config object) string {
	text, err := json.Marshal(config)
	if err != nil {
		l.traps.t.Fatal(err)
	}
	if text, err = kyaml.JSONToYAML(text); err != nil {
		l.traps.t.Fatal(err)
	}
	return string(text)
}

func utf16(text string) string {
	out := "\xff\xfe"
	for _, char := range []byte(text) {
		out += string([]byte{char, 0})
	}
	return out
}

// broken are kubeconfigs that lead nowhere.
func (l *lures) broken(good string) {
	for what, wrong := range map[string]struct{ text, named string }{
		"empty": {" ", contextOf}, "text": {canary, unparsed}, "a list": {"[" + canary + "]", unparsed}, "zeros": {strings.Repeat("\x00", 1000), unparsed},
		"half of it": {good[:len(good)/2] + "{", unparsed}, "another kind": {strings.Replace(good, "kind: Config", "kind: "+canary, 1), unparsed},
		"another version": {strings.Replace(good, "apiVersion: v1", "apiVersion: "+canary+"/v9", 1), unparsed},
		"users as a map":  {strings.Replace(good, "users:\n- ", "users:\n  ", 1), unparsed}, "a token that is a list": {strings.Replace(good, "token: ", "token: [a]\n    x: ", 1), unparsed},
		"a flag that is a text": {strings.Replace(good, "    server:", "    insecure-skip-tls-verify: \"yes\"\n    server:", 1), unparsed},
		"a user twice":          {good + "- name: me\n  user: {exec: {command: " + l.traps.script + "}}\n", unparsed},
		"an alias":              {strings.Replace(good, "token: "+canary, "token: &a "+canary+"\n    x: *a", 1), aliased},
		"a merge":               {"x: &x {exec: {command: " + l.traps.script + "}}\n" + strings.Replace(good, "token: "+canary, "<<: *x", 1), aliased},
		"no current context":    {strings.Replace(good, "current-context: at", "", 1), contextOf}, "a current context that is not there": {strings.Replace(good, "current-context: at", "current-context: "+canary, 1), contextOf},
		"a current context with a blank":   {strings.Replace(good, "current-context: at", "current-context: 'at '", 1), contextOf},
		"a current context that is a list": {strings.Replace(good, "current-context: at", "current-context: [at]", 1), unparsed},
		"no cluster":                       {strings.Replace(good, "cluster: there", "cluster: "+canary, 1), clusterOf}, "no user": {strings.Replace(good, "user: me", "user: "+canary, 1), userOf},
		"an authority that is none":      {strings.Replace(good, "certificate-authority-data: ", "certificate-authority-data: "+base([]byte(canary))+" # ", 1), authority},
		"an authority that is no base64": {strings.Replace(good, "certificate-authority-data: ", "certificate-authority-data: '"+canary+"!' # ", 1), unparsed},
		"a certificate without a key":    {strings.Replace(good, "token: ", "client-certificate-data: "+base([]byte(canary))+"\n    token: ", 1), pair},
		"a key without a certificate":    {strings.Replace(good, "token: ", "client-key-data: "+base([]byte(canary))+"\n    token: ", 1), pair},
	} {
		l.text(what, wrong.text, refused, wrong.named)
	}
}

// large are kubeconfigs that take much memory or time to read.
func (l *lures) large(good string) {
	const most = 256 << 10
	room := most - len(good) - 100
	fill := func(unit string) string { return strings.Repeat(unit, room/len(unit)) }
	l.text("as large as may be", good+"#"+fill("#"), harmless)
	l.text("larger", good+"#"+fill("#")+strings.Repeat("#", 1000), refused, tooLarge)
	l.text("much larger", good+"x: "+strings.Repeat("x", 700<<10), refused, tooLarge)
	for what, text := range map[string]string{
		"nested lists": "x: " + fill("["), "nested lists that end": "x: " + fill("[")[:room/2] + fill("]")[:room/2], "nested objects": "x: " + fill("{a: "),
		"nested blocks": "x:\n  " + fill("- "), "nested keys": "x:\n " + fill("? "), "many lists": "x: [" + fill("[],") + "]", "many objects": "x: [" + fill("{},") + "]",
		"many nulls": "x: [" + fill("~,") + "]", "many numbers": "x: [" + fill("1,") + "]", "many keys": "x: {" + manyKeys(room) + "}", "many tags": "x: [" + fill("!!str ,") + "]",
		"many anchors": "x: [" + fill("&a 1,") + "]", "many documents": fill("---\n"), "many directives": fill("%TAG ! tag:a,b:\n") + "---\n", "one long key": "? " + fill("k") + "\n: 1",
		"many lines": "x: |\n" + fill(" a\n"), "folded lines": "x: >\n" + fill(" a\n\n"), "many escapes": `x: "` + fill(`\x61`) + `"`, "many quotes": "x: '" + fill("''") + "'",
		"many users": "users:\n" + fill("- {name: a}\n"), "many clusters": "clusters: [" + fill("{},") + "]", "bombs": "a: &a [x]\nb: &b [*a,*a]\nx: [" + fill("*b,") + "]",
	} {
		l.text("large: "+what, strings.Replace(good, "kind: Config", "kind: Config\n"+text, 1), whatever)
		l.text("large, at the end: "+what, good+text, whatever)
	}
	for _, open := range []string{"[", `{"a":`, `[{"a":[`} {
		l.text("deep JSON "+open, `{"apiVersion":"v1","kind":"Config","x":`+fill(open), whatever)
	}
}

func manyKeys(room int) string {
	var out strings.Builder
	for i := 0; out.Len() < room-10; i++ {
		fmt.Fprintf(&out, "%x: 1,", i)
	}
	return out.String()
}
