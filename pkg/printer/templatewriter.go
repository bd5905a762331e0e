package printer

import (
	"bytes"
	"io"
	"slices"
	"unicode/utf8"
)

// runeWriter escapes what is written to it. A template may write a character in
// two parts.
type runeWriter struct {
	out    io.Writer
	escape func([]byte) []byte
	part   []byte
}

func (w *runeWriter) Write(data []byte) (int, error) {
	text := slices.Concat(w.part, data)
	end := len(text)
	for back := 1; back < utf8.UTFMax && back <= len(text); back++ {
		if at := len(text) - back; utf8.RuneStart(text[at]) {
			if !utf8.FullRune(text[at:]) {
				end = at
			}
			break
		}
	}
	w.part = bytes.Clone(text[end:])
	if _, err := w.out.Write(w.escape(text[:end])); err != nil {
		return 0, err
	}
	return len(data), nil
}

// end writes what was the beginning of a character and went no further.
func (w *runeWriter) end() error {
	_, err := w.out.Write(w.escape(w.part))
	return err
}

// escapeLines is Escape, but that lines and tabs are the template's own.
func escapeLines(text []byte) []byte {
	var out []byte
	for len(text) > 0 {
		end := bytes.IndexAny(text, "\n\t")
		if end < 0 {
			return append(out, Escape(string(text))...)
		}
		out = append(append(out, Escape(string(text[:end]))...), text[end])
		text = text[end+1:]
	}
	return out
}
