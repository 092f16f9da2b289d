#!/usr/bin/env bash
# Runs make targets one after the other, each timed, and prints a table of their times at the end:
#
#	steps.sh TARGET...
#
# A target that fails does not stop the ones behind it. The exit code is 1 when one has failed.
set -uo pipefail
cd "$(dirname "$0")/.."

table='' failed=0
for target in "$@"; do
  echo "=== make $target"
  before=$SECONDS
  outcome=passed
  make --no-print-directory "$target" || { outcome=FAILED; failed=1; }
  took=$((SECONDS - before))
  line=$(printf '%-20s %-7s %3d m %02d s' "$target" "$outcome" $((took / 60)) $((took % 60)))
  echo "--- $line"
  table+=$line$'\n'
done
echo
printf '%s' "$table"
printf '%-20s %-7s %3d m %02d s\n' 'all steps' '' $((SECONDS / 60)) $((SECONDS % 60))
exit "$failed"
