#!/usr/bin/env bash
# Walks through the guide's first example on a real fleet, and ends with an
# error if any step did not come true. Run it with: make demo
set -euo pipefail
cd "$(dirname "$0")/.."

example=examples/application/gitrepo-kustomization-demo.yaml
application=gitrepo-kustomization-demo

lab=${DEMO_LAB:-.lab}

say() { printf '\n\033[1m# %s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n# %s\n' "$*"; }

# Shows a command, runs it, and leaves what it printed in $output. Nobody is
# there to answer a question: what it prints is not seen before it ends.
run() {
	printf '$ %s\n' "$*"
	local code=0
	output=$("$@" 2>&1 </dev/null) || code=$?
	printf '%s\n' "$output"
	[ $code = 0 ] || fail "it should have ended with exit code 0, and did with $code"
}

fail() {
	printf '\ndemo: this did not come true: %s\n' "$*" >&2
	printf 'demo: the lab is still up for a look: %s\n' "export KUBECONFIG=$KUBECONFIG" >&2
	exit 1
}

# Waits, at most a minute, until a condition holds.
until_true() {
	local what=$1
	shift
	for _ in $(seq 120); do
		if "$@"; then return; fi
		sleep 0.5
	done
	fail "$what"
}

pods() { kubectl fleetapp get pods --all-clusters -A --no-headers 2>/dev/null; }

# Each member has two podinfo in default, and backend and frontend in webapp,
# all of them Running, and no pod else.
all_running() {
	local found
	found=$(pods | awk '{ split($3, name, "-"); print $1, $2, name[1], $4, $5 }' | sort | uniq -c | awk '{ $1 = $1; print }')
	[ "$found" = "$(for member in kurator-member1 kurator-member2; do
		printf '2 %s default podinfo 1/1 Running\n' $member
		printf '1 %s webapp backend 1/1 Running\n' $member
		printf '1 %s webapp frontend 1/1 Running\n' $member
	done)" ]
}

no_pods() { [ -z "$(pods)" ]; }

# The namespace is the example's own, and must be gone before it can be
# deployed again.
no_webapp() { ! kubectl fleetapp get namespaces --all-clusters 2>/dev/null | grep -q webapp; }

say 'A host and two members: real API servers, with Flux, on this machine'
bin/fleetlab up --dir "$lab" --members 2 >/dev/null
lab=$(cd "$lab" && pwd)
export KUBECONFIG=$lab/host.kubeconfig PATH=$PWD/bin:$PWD/bin/lab:$PATH
top=$PWD
cd "$lab"

say "The fleet, as Kurator's objects on the host describe it"
run kubectl get fleets,attachedclusters -o name

say 'The members before: nothing runs'
run kubectl fleetapp get pods --all-clusters -A
no_pods || fail 'this lab is not empty; delete what you deployed to it, or end it with make demo-down'

say "Deploy the guide's first example to both, by server-side apply"
run kubectl fleetapp deploy -f $example

say 'Flux syncs it: the pods of the whole fleet, in one table'
until_true 'podinfo twice in default, backend and frontend in webapp, on both members, all Running' all_running
run kubectl fleetapp get pods --all-clusters -A

say 'Is it healthy, everywhere, and at which revision?'
until_true "$application is ready on both members" kubectl fleetapp status $application >/dev/null 2>&1
run kubectl fleetapp status
run kubectl fleetapp status $application

say 'Deploy the same again: nothing changes'
run kubectl fleetapp deploy -f $example
[ "$(grep -c ' unchanged (' <<<"$output")" = 6 ] || fail 'all six objects are unchanged'

say 'Delete it: Flux removes the workloads, then nothing is left'
run kubectl fleetapp delete $application
until_true 'no pod is left' no_pods
until_true 'no namespace webapp is left' no_webapp
run kubectl fleetapp get pods --all-clusters -A
for type in gitrepositories kustomizations; do
	[ -z "$(kubectl fleetapp get $type --all-clusters -A --no-headers 2>/dev/null)" ] || fail "no $type are left"
done
[ -z "$(kubectl get secrets -A -o name | grep fleetapp)" ] || fail 'no inventory is left on the host'

say 'Done. The lab is still up; try it yourself, and end it with make demo-down:'
printf 'export KUBECONFIG=%s\n' "$KUBECONFIG"
printf 'export PATH=%s/bin:%s/bin/lab:$PATH\n' "$top" "$top"
printf 'cd %s && kubectl fleetapp deploy -f %s\n' "$lab" $example
