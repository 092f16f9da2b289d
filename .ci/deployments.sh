#!/usr/bin/env bash
# Checks what deployments/ and docker-compose.yml describe: manifests against the schemas of
# Kubernetes, the Compose file by the reference loader, the Dockerfile by hadolint, Prometheus by
# promtool.
#
#	deployments.sh SCHEMAS VENV
set -euo pipefail
cd "$(dirname "$0")/.."
schemas=$1 venv=$2
. .ci/missing.sh

tool() { go tool -modfile=.ci/tools/go.mod "$@"; }
for shape in base overlays/roles; do
  echo "kustomize build deployments/kubernetes/$shape"
  tool kustomize build "deployments/kubernetes/$shape" |
    tool kubeconform -strict -summary \
      -schema-location "$schemas/{{.ResourceKind}}{{.KindSuffix}}.json"
done

compose=$PWD/docker-compose.yml example=$PWD/.env.example
(cd .ci/compose-check && go run . "$compose" "$example")

if [ -x "$venv/bin/hadolint" ]; then
  echo 'hadolint deployments/Dockerfile'
  "$venv/bin/hadolint" deployments/Dockerfile
else
  missing 'hadolint is not installed: the check of deployments/Dockerfile'
fi

if command -v promtool >/dev/null; then
  promtool check config deployments/prometheus/prometheus.yml
  promtool test rules deployments/prometheus/tests/*.yml
else
  missing 'promtool is not installed (apt-get install prometheus): the check of Prometheus'
fi
