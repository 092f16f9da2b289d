#!/usr/bin/env bash
# Starts or stops Loadtide and its neighbours in containers: compose.sh up|down
set -euo pipefail
cd "$(dirname "$0")/.."

docker compose version >/dev/null 2>&1 || {
  echo 'Docker Compose is not installed; without it: make run' >&2
  echo 'https://docs.docker.com/compose/install/' >&2
  exit 1
}
if [ "$1" = down ]; then
  exec docker compose --profile '*' down
fi
if [ ! -e .env ]; then
  umask 077
  while IFS= read -r line; do
    case $line in
      *=replace-me*) echo "${line%%=*}=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')" ;;
      *) echo "$line" ;;
    esac
  done < .env.example > .env
  echo 'made .env with secrets of its own'
fi
docker compose up --build --detach
cat <<'END'

Loadtide is starting; docker compose ps shows when all is healthy, within a minute or two.
  Grafana     http://127.0.0.1:3000   user admin, password in .env
  API         http://127.0.0.1:8080
  MLflow      http://127.0.0.1:5000
  Prometheus  http://127.0.0.1:9090
  InfluxDB    http://127.0.0.1:8086   user loadtide, password in .env
  NATS        nats://127.0.0.1:4222   ./bin/loadtide publish meters.csv (make build)
make down stops it and keeps its data.
END
