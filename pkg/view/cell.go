package view

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	kjson "sigs.k8s.io/json"
)

// cell is a table's cell as kubectl prints it. It remembers what it was made of,
// because rows that follow each other have many cells in common.
type cell struct {
	text string
	raw  []byte
}

// UnmarshalJSON reads a cell of any type.
func (c *cell) UnmarshalJSON(data []byte) error {
	if bytes.Equal(data, c.raw) {
		return nil
	}
	c.raw = append(c.raw[:0], data...)
	if data[0] == '"' && bytes.IndexByte(data, '\\') < 0 && utf8.Valid(data) {
		c.text = string(data[1 : len(data)-1])
		return nil
	}
	var value any
	if err := kjson.UnmarshalCaseSensitivePreserveInts(data, &value); err != nil {
		return err
	}
	if c.text = ""; value != nil {
		c.text = cut(fmt.Sprint(value))
	}
	return nil
}

// cut leaves the first line.
func cut(text string) string {
	if end := strings.IndexAny(text, "\f\n\r"); end >= 0 {
		return text[:end] + "..."
	}
	return text
}
