package cmd

import (
	"fmt"
	"os"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/printer"
)

// The values of --color.
const (
	colorAuto   = "auto"
	colorAlways = "always"
	colorNever  = "never"
)

// colors is whether what is printed has colours.
type colors struct{ when string }

func (c *colors) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&c.when, "color", colorAuto, "Print in colours: auto, always or never. Auto is on a terminal, unless NO_COLOR is set.")
}

func (c *colors) validate() error {
	switch c.when {
	case colorAuto, colorAlways, colorNever:
		return nil
	}
	return fmt.Errorf("--color is auto, always or never, not %q", c.when)
}

// on is the terminal with colours as they are asked for.
func (c *colors) on(terminal printer.Terminal) printer.Terminal {
	switch c.when {
	case colorAlways:
		terminal.Colors = true
	case colorNever:
		terminal.Colors = false
	}
	return terminal
}

// terminalOf looks at what a stream leads to. Colours are left out where the
// environment says so. Source: no-color.org.
func terminalOf(stream any) printer.Terminal {
	file, ok := stream.(*os.File)
	if !ok || !isTerminal(stream) {
		return printer.Terminal{}
	}
	width, height, _ := term.GetSize(int(file.Fd())) // 0 where it is not known
	return printer.Terminal{
		Is: true, Width: width, Height: height,
		Colors: printer.Colors(interprets(file) && os.Getenv("NO_COLOR") == ""),
	}
}
