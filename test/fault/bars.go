// Package fault is what the harnesses share that try to break the plugin: how
// much each has to do, what it reports, and plugins that are broken on purpose,
// to see whether it would notice.
package fault

// bar is how much of one thing a harness has to do.
type bar struct {
	what string
	// full is what issues no doubt; short is what every change has to pass.
	full, short int
}

// bars are in the order of the table that make fault prints.
func bars() []bar {
	return []bar{
		{KillPoints, 1000, 200},
		{RandomRuns, 10000, 300},
		{ModelStates, 10000, 10000},
		{HostileKubeconfigs, 500, 500},
		{HostileMembers, 200, 100},
		{DarkMembers, 200, 20},
		{SecretOutputs, 40, 40},
		{RightsMissed, 70, 70},
		{FuzzedInputs, 1000000, 1000},
	}
}

// What the harnesses do, as the table calls it.
const (
	KillPoints         = "requests at which a run was killed, or its answer lost or cut off"
	RandomRuns         = "random runs of several clients at once"
	ModelStates        = "states of the protocol's model"
	HostileKubeconfigs = "hostile kubeconfigs, each refused"
	HostileMembers     = "ways in which API servers were hostile, each to every command"
	DarkMembers        = "members that were dark, and done by one later run"
	SecretOutputs      = "runs at -v=10 with secrets everywhere, searched for them"
	RightsMissed       = "rights taken away, each of which was missed"
	// FuzzedInputs is also what test/fuzz.sh calls it.
	FuzzedInputs = "inputs made up by fuzzing"
)
