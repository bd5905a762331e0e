package cmd

import (
	"os"

	"golang.org/x/sys/windows"
)

// interprets has a console take escape sequences, and tells whether it does: those
// before Windows 10 do not. Source: "Console Virtual Terminal Sequences" in
// Microsoft's documentation of the console.
func interprets(console *os.File) bool {
	var mode uint32
	handle := windows.Handle(console.Fd())
	if err := windows.GetConsoleMode(handle, &mode); err != nil {
		return false
	}
	return windows.SetConsoleMode(handle, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
