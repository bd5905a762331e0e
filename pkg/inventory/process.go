package inventory

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
)

// fate is what is known of the process of a run.
type fate int

const (
	// unknown is the fate of a process that cannot be seen from here.
	unknown fate = iota
	alive
	dead
)

// ThisProcess fills in what tells other runs on this machine whether this
// process is alive.
func ThisProcess(run Run) Run {
	run.PID = os.Getpid()
	run.Machine = machine()
	run.Born = born(run.PID)
	return run
}

// fate looks at the process of a run, from another one. Only where both count
// processes alike does its number say anything.
func (r Run) fate(from Run) fate {
	switch {
	case r.Machine == "" || r.Machine != from.Machine || r.PID <= 0:
		return unknown
	case !exists(r.PID):
		return dead
	}
	return r.fateBy(born(r.PID))
}

// fateBy tells by when the process that has its number now began whether it is
// the same one.
func (r Run) fateBy(is string) fate {
	switch {
	case is == "" || r.Born == "":
		return unknown
	case is != r.Born:
		return dead
	}
	return alive
}

// fingerprint is short, and repeats nothing of what it is made of: a record is
// read by others.
func fingerprint(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:8])
}
