#!/usr/bin/env bash
# Checks the source without running it: format, vet and go.mod of every module, golangci-lint by
# .golangci.yml, actionlint over the workflows, and that the faults of make soak can be planted.
set -euo pipefail
cd "$(dirname "$0")/.."

unformatted=$(gofmt -l pkg services streams bench grafana .ci)
[ -z "$unformatted" ] || { echo "not formatted, run make fmt:"; echo "$unformatted"; exit 1; }

for module in $(find . -path ./.cache -prune -o -name go.mod -print | sort); do
  # A module of tools alone has no code, and tidy would fetch the tests of all its tools.
  grep -q '^tool ' "$module" && continue
  echo "vet and tidy ${module%/go.mod}"
  (cd "$(dirname "$module")" && go vet ./... && go mod tidy -diff)
done

go tool -modfile=.ci/tools/go.mod golangci-lint run ./...
go tool -modfile=.ci/actionlint/go.mod actionlint .github/workflows/*.yml
go run -C .ci/mutate . -plant
