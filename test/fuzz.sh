#!/usr/bin/env bash
# Fuzzes every parser of what is not ours, one after the other, each for as long
# as the first argument says, and prints how much of each was tried.
set -euo pipefail
cd "$(dirname "$0")/.."

time=${1:?usage: test/fuzz.sh TIME, such as 1m}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=0 targets=0
# report adds what was done to the file that the harnesses' table is made of.
report() {
	if [ -n "${FLEETAPP_FAULT_REPORT:-}" ]; then
		printf '{"what":"inputs made up by fuzzing","did":%s,"failures":%s}\n' "$1" "$2" >>"$FLEETAPP_FAULT_REPORT"
	fi
}
while IFS=: read -r file name; do
	targets=$((targets + 1))
	package=./$(dirname "$file")
	if go test -run '^$' -fuzz "^$name\$" -fuzztime "$time" "$package" >"$log" 2>&1; then
		tried=$(sed -n 's/^fuzz: elapsed: .*, execs: \([0-9]*\).*/\1/p' "$log" | tail -n 1)
		printf 'fuzz    %-44s %10s tried, nothing found\n' "$package $name" "$tried"
		report "${tried:-0}" 0
	else
		printf 'fuzz    %-44s FAILED\n' "$package $name"
		cat "$log"
		report 0 1
		failed=1
	fi
done < <(grep -ro --include='*_test.go' 'func Fuzz[A-Za-z]*' pkg | sed 's/func //' | sort)
if [ "$targets" = 0 ]; then
	echo 'fuzz    there is nothing to fuzz' >&2
	exit 1
fi
exit $failed
