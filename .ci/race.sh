#!/usr/bin/env bash
# Runs the tests of the packages that start goroutines under the race detector: elsewhere the
# detector finds nothing. The tests of services/endtoend and services/loadtide start processes and
# are left out.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v "$(go env CC)" >/dev/null ||
  { echo 'the race detector needs a C compiler: apt-get install gcc' >&2; exit 1; }
# A suite of tests counts for the package above it.
mapfile -t packages < <(
  grep -rlE --include='*.go' 'go func\(|\.Go\(|^[[:space:]]*go [a-zA-Z_.]+\(' pkg services streams |
    xargs -n1 dirname | sed -E "s|^(.+/.+)/[a-z]*test\$|\1|; s|^|./|" | sort -u |
    grep -vE '^\./services/(endtoend|loadtide)$'
)
LOADTIDE_TESTS=servers CGO_ENABLED=1 go test -race -timeout 20m "${packages[@]}"
