package printer

// Terminal is what is known of the terminal that something is printed on. The
// zero value is none: a pipe, or a file.
type Terminal struct {
	// Width and Height are in columns and lines; 0 where they are not known.
	Width, Height int
	// Is says that there is one.
	Is bool
	// Colors says that it shows colours, and that nobody asked for none.
	Colors Colors
}

// Colors paints text, or, where it is false, leaves it as it is. What it paints
// must have passed Escape before.
type Colors bool

// Good is for what is as it should be.
func (c Colors) Good(text string) string { return c.paint("32", text) }

// Busy is for what is on its way, or waits.
func (c Colors) Busy(text string) string { return c.paint("33", text) }

// Bad is for what is wrong.
func (c Colors) Bad(text string) string { return c.paint("31", text) }

// Faint is for what matters less.
func (c Colors) Faint(text string) string { return c.paint("2", text) }

// paint puts text between the sequences that begin and end a rendition. Source:
// ECMA-48, SGR.
func (c Colors) paint(rendition, text string) string {
	if !c || text == "" {
		return text
	}
	return "\x1b[" + rendition + "m" + text + "\x1b[0m"
}
