// Command kubectl-fleetapp is a kubectl plugin that deploys applications to a
// fleet of clusters and shows the whole fleet in one table.
package main

import (
	"io"
	"log"
	"os"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/cmd"
)

// version is that of a release, which the linker is told.
var version string

func main() {
	// net/http logs what servers do wrong, a line for each time they do it. Why a
	// member failed is in its error.
	log.SetOutput(io.Discard)
	os.Exit(cmd.Execute(genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}, version, os.Args[1:]))
}
