package printer

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Escape makes text from outside harmless to a terminal: each control (Cc) and
// format (Cf) character, and each byte that is not UTF-8, is spelled out.
// Otherwise a pod's name could move the cursor or reverse what is read.
func Escape(text string) string {
	if !strings.ContainsFunc(text, dangerous) {
		return text
	}
	var out strings.Builder
	for len(text) > 0 {
		char, size := utf8.DecodeRuneInString(text)
		switch {
		case char == utf8.RuneError && size == 1:
			fmt.Fprintf(&out, `\x%02x`, text[0])
		case !dangerous(char):
			out.WriteRune(char)
		case char == '\n':
			out.WriteString(`\n`)
		case char == '\t':
			out.WriteString(`\t`)
		case char <= 0xff:
			fmt.Fprintf(&out, `\x%02x`, char)
		case char <= 0xffff:
			fmt.Fprintf(&out, `\u%04x`, char)
		default:
			fmt.Fprintf(&out, `\U%08x`, char)
		}
		text = text[size:]
	}
	return out.String()
}

// shorten cuts text off after so many characters.
func shorten(text string, most int) string {
	for at := range text {
		if most == 0 {
			return text[:at] + "…"
		}
		most--
	}
	return text
}

// dangerous also tells the replacement character, which is what a byte that is
// not UTF-8 reads as. Line and paragraph separators break lines in some
// terminals.
func dangerous(char rune) bool {
	if char < utf8.RuneSelf { // nearly all, and the tables below are slow
		return char < ' ' || char == '\x7f'
	}
	return unicode.In(char, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) || char == utf8.RuneError
}
