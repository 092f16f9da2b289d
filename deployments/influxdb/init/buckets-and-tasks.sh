#!/bin/sh
# Makes the bucket of daily sums and the tasks that fill it. The image of InfluxDB runs this script
# once, after it has made organisation, bucket and token. When a task cannot be made, the set-up
# ends, and the container with it.
set -eu
influx bucket create --org "$DOCKER_INFLUXDB_INIT_ORG" --name "$DOCKER_INFLUXDB_INIT_BUCKET-daily" --retention 0
for task in /etc/loadtide/influxdb/tasks/*.flux; do
  if [ -e "$task" ]; then
    influx task create --org "$DOCKER_INFLUXDB_INIT_ORG" --file "$task"
  fi
done
