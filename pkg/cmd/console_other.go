//go:build !windows

package cmd

import "os"

// interprets tells whether a terminal takes escape sequences.
func interprets(*os.File) bool { return os.Getenv("TERM") != "dumb" }
