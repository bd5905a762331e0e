package printer_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
)

// As many characters as there are: each is passed as it is, or spelled out in
// ASCII that can be seen.
func TestEscapeOfAllCharacters(t *testing.T) {
	for char := rune(0); char <= unicode.MaxRune; char++ {
		if unicode.Is(unicode.Cs, char) { // half a character, which UTF-8 cannot hold
			continue
		}
		text := "a" + string(char) + "b"
		got := printer.Escape(text)
		harmful := unicode.In(char, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
		switch {
		case harmful && (got == text || !visible(got) || !strings.HasPrefix(got, "a\\") || !strings.HasSuffix(got, "b")):
			t.Fatalf("%U became %q", char, got)
		case !harmful && got != text && char != unicode.ReplacementChar:
			t.Fatalf("%U became %q", char, got)
		}
	}
}

func visible(text string) bool {
	return !strings.ContainsFunc(text, func(char rune) bool { return char < ' ' || char > '~' })
}

func TestEscape(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "",
		"shop":                    "shop",
		"größe 日本 🚀":              "größe 日本 🚀",
		"a\x1b[31mb":              `a\x1b[31mb`,
		"a\nb\tc\rd":              `a\nb\tc\x0dd`,
		"\x00\x7f\u0085\u009b":    `\x00\x7f\x85\x9b`,
		"\u202eevil\u2066":        `\u202eevil\u2066`,
		"\u200b\ufeff\U000e0001":  `\u200b\ufeff\U000e0001`,
		"\u2028\u2029":            `\u2028\u2029`,
		"ok\xff\xc0\x80é\xe2\x82": `ok\xff\xc0\x80é\xe2\x82`,
		"\xed\xa0\x80":            `\xed\xa0\x80`,
	} {
		if got := printer.Escape(text); got != want {
			t.Errorf("%q became %s, want %s", text, got, want)
		}
	}
}
