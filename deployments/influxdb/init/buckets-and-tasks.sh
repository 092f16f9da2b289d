#!/bin/sh
# Run once by the image of InfluxDB, after it has made organisation, bucket and token: the bucket of daily sums and the tasks
# that fill it. A task that cannot be made ends the set-up, and with it the container.
set -eu
influx bucket create --org "$DOCKER_INFLUXDB_INIT_ORG" --name "$DOCKER_INFLUXDB_INIT_BUCKET-daily" --retention 0
for task in /etc/loadtide/influxdb/tasks/*.flux; do
  if [ -e "$task" ]; then
    influx task create --org "$DOCKER_INFLUXDB_INIT_ORG" --file "$task"
  fi
done
