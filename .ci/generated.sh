#!/usr/bin/env bash
# Fails when a generated file is not what its generator writes; the files stay as they were.
set -euo pipefail
cd "$(dirname "$0")/.."

generated=(pkg/nn/kernel/*.s grafana/dashboards/*.json)
kept=$(mktemp -d)
trap 'cp "$kept"/*.s pkg/nn/kernel; cp "$kept"/*.json grafana/dashboards; rm -rf "$kept"' EXIT
cp "${generated[@]}" "$kept"
make --no-print-directory generate
failed=0
for file in pkg/nn/kernel/*.s grafana/dashboards/*.json; do
  cmp -s "$file" "$kept/${file##*/}" || {
    echo "$file is not what its generator writes: make generate, and commit the file" >&2
    failed=1
  }
done
exit "$failed"
