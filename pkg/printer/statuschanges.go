package printer

import (
	"bytes"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/status"
)

// StatusChanges prints states again and again, of which it shows only what is not
// as it was before.
type StatusChanges struct {
	out, err io.Writer
	widths   []int
	titled   bool
	// shown are the rows that were printed last, and order is theirs.
	shown map[string][]string
	order []string
	// said is the document that was printed last, or the closing line.
	said []byte
}

// NewStatusChanges makes a printer of changes. The closing lines go to err.
func NewStatusChanges(out, err io.Writer) *StatusChanges {
	return &StatusChanges{out: out, err: err, shown: map[string][]string{}}
}

// Applications prints the applications that are not as they were.
func (c *StatusChanges) Applications(all []Judged, options StatusOptions) error {
	keys, rows := make([]string, len(all)), make([][]string, len(all))
	for i, one := range all {
		keys[i], rows[i] = strings.Join([]string{one.Namespace, one.Name, one.Manager}, "/"), applicationRow(one, options)
	}
	return c.rows(applicationHeader(options), keys, rows, nil, options)
}

// Lines prints the objects of an application that are not as they were, and the
// closing line where it is another one. What need not be shown any more, such as a
// source that has recovered, is shown as it is now, and then no more.
func (c *StatusChanges) Lines(one Judged, options StatusOptions) error {
	keys, rows := make([]string, len(one.Lines)), make([][]string, len(one.Lines))
	hidden := map[string]bool{}
	for i, line := range one.Lines {
		keys[i] = strings.Join([]string{line.At.Member.Kind, line.At.Member.Name, line.Kind, line.Name}, "/")
		rows[i] = lineRow(line, true, options)
		hidden[keys[i]] = !isShown(line, options)
	}
	if err := c.rows(lineHeader(options), keys, rows, hidden, options); err != nil {
		return err
	}
	var closing bytes.Buffer
	StatusClosing(&closing, one)
	return c.changed(c.err, closing.Bytes())
}

// Tree prints the trees of an application if they are not as they were, and the
// closing line after them.
func (c *StatusChanges) Tree(one Judged, options StatusOptions) error {
	var text bytes.Buffer
	if err := Trees(&text, one, options); err != nil || c.hasSaid(text.Bytes()) {
		return err
	}
	if err := c.Document(text.Bytes()); err != nil {
		return err
	}
	StatusClosing(c.err, one)
	return nil
}

// Document prints a document if it is another one than before.
func (c *StatusChanges) Document(text []byte) error { return c.changed(c.out, text) }

func (c *StatusChanges) changed(out io.Writer, text []byte) error {
	if c.hasSaid(text) {
		return nil
	}
	c.said = bytes.Clone(text)
	_, err := out.Write(text)
	return err
}

// hasSaid tells whether a text is what was printed last, but for how long ago a
// container was restarted: that goes on by itself, and moves what stands beside it.
func (c *StatusChanges) hasSaid(text []byte) bool {
	ago := regexp.MustCompile(`( \([0-9a-z]+ ago\))? *`)
	return bytes.Equal(ago.ReplaceAll(text, nil), ago.ReplaceAll(c.said, nil))
}

// rows prints those that differ from what was printed under their key, but for
// the age, and those that are no more. Those that are hidden are printed only where
// another state of theirs stands there.
func (c *StatusChanges) rows(header, keys []string, rows [][]string, hidden map[string]bool, options StatusOptions) error {
	ageAt, readyAt := slices.Index(header, "AGE"), slices.Index(header, "READY")
	var changed [][]string
	for i, key := range keys {
		before, known := c.shown[key]
		switch {
		case known:
			before = slices.Clone(before)
			before[ageAt] = rows[i][ageAt]
		case hidden[key]:
			continue
		default:
			c.order = append(c.order, key)
		}
		if !slices.Equal(before, rows[i]) {
			changed = append(changed, rows[i])
		}
		c.shown[key] = rows[i]
		if hidden[key] {
			delete(c.shown, key)
		}
	}
	for _, key := range c.order {
		if c.shown[key] != nil && !slices.Contains(keys, key) {
			gone := slices.Clone(c.shown[key])
			gone[readyAt] = string(status.Gone)
			changed = append(changed, gone)
			delete(c.shown, key)
		}
	}
	c.order = slices.DeleteFunc(c.order, func(key string) bool { return c.shown[key] == nil })
	if len(changed) == 0 {
		return nil
	}
	c.widths = widen(c.widths, header)
	for i := range changed {
		changed[i] = escaped(changed[i])
		c.widths = widen(c.widths, changed[i])
	}
	if c.titled || options.NoHeaders {
		header = nil
	}
	c.titled = true
	return draw(c.out, c.widths, header, changed)
}
