package printer

import (
	"bytes"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// escapeJSON writes the dangerous characters of a JSON text as JSON's escapes,
// so that a program reads the same and a terminal shows them. All of them stand
// in strings; encoding/json has done so for most of Cc itself.
func escapeJSON(text []byte) []byte {
	return escapeWithin(text, func(out []byte, char rune) []byte {
		if high, low := utf16.EncodeRune(char); high != utf8.RuneError {
			return fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		}
		return fmt.Appendf(out, `\u%04x`, char)
	})
}

// escapeYAML is escapeJSON for who reads JSON as YAML, which has another escape
// for characters beyond the basic plane.
func escapeYAML(text []byte) []byte {
	return escapeWithin(text, func(out []byte, char rune) []byte {
		if char > 0xffff {
			return fmt.Appendf(out, `\U%08x`, char)
		}
		return fmt.Appendf(out, `\u%04x`, char)
	})
}

func escapeWithin(text []byte, spell func([]byte, rune) []byte) []byte {
	at := toEscape(text)
	if at < 0 {
		return text
	}
	out := make([]byte, 0, len(text)+len(text)/8)
	for at >= 0 {
		char, size := utf8.DecodeRune(text[at:])
		out = spell(append(out, text[:at]...), char)
		text = text[at+size:]
		at = toEscape(text)
	}
	return append(out, text...)
}

// toEscape is where the first character is that must be escaped; -1 for none.
func toEscape(text []byte) int {
	for at := 0; at < len(text); {
		char, size := rune(text[at]), 1
		if char >= utf8.RuneSelf {
			char, size = utf8.DecodeRune(text[at:])
		}
		if mustEscape(char) {
			return at
		}
		at += size
	}
	return -1
}

// mustEscape tells what may not stand in a document as it is: what is dangerous,
// and two characters more that YAML does not allow. Lines and tabs are layout.
func mustEscape(char rune) bool {
	if char < utf8.RuneSelf { // nearly all there is
		return char < ' ' && char != '\n' && char != '\t' || char == 0x7f
	}
	return dangerous(char) || char == 0xfffe || char == 0xffff
}

// maxKey is how long a key may be in a YAML text without being marked as one,
// in bytes. Source: YAML 1.2.2, 7.4.2 (1024 characters).
const maxKey = 1000

// markLongKeys puts the ? of YAML before long keys of an indented JSON text,
// where each line has one key, or one value, or a bracket.
func markLongKeys(text []byte) []byte {
	lines := bytes.SplitAfter(text, []byte("\n"))
	for i, line := range lines {
		indented := bytes.TrimLeft(line, " ")
		if end := stringEnd(indented); end > maxKey && indented[end] == ':' {
			indent := line[:len(line)-len(indented)]
			lines[i] = bytes.Join([][]byte{indent, []byte("? "), indented}, nil)
		}
	}
	return bytes.Join(lines, nil)
}

// stringEnd is where the JSON string ends that a line begins with; 0 if it
// begins with something else.
func stringEnd(line []byte) int {
	if len(line) == 0 || line[0] != '"' {
		return 0
	}
	for i := 1; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}
