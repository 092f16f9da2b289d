#!/usr/bin/env bash
# Runs the tests of one kind alone: the test functions in the files *_KIND_test.go.
#
#	tests.sh servers|long
set -euo pipefail
cd "$(dirname "$0")/.."

kind=$1
mapfile -t files < <(find pkg services streams bench -name "*_${kind}_test.go" | sort)
[ "${#files[@]}" -gt 0 ] || { echo "no file of tests is named *_${kind}_test.go" >&2; exit 1; }
names=$(sed -nE 's/^func (Test[A-Z]\w*)\(t \*testing\.T\).*/\1/p' "${files[@]}" | paste -sd '|')
mapfile -t packages < <(dirname "${files[@]}" | sort -u | sed 's|^|./|')
# Go's cache of test results knows neither servers nor the program that the tests build.
LOADTIDE_TESTS=$kind go test -count=1 -timeout 20m -run "^($names)\$" "${packages[@]}"
