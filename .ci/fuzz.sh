#!/usr/bin/env bash
# Runs every fuzz target for a time: fuzz.sh 5s
set -euo pipefail
cd "$(dirname "$0")/.."

grep -rnoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' pkg services streams |
  sed -E 's|/[^/]+:[0-9]+:func | |' | sort -u |
  while read -r dir target; do
    echo "fuzz $target in $dir"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$1" "./$dir"
  done
