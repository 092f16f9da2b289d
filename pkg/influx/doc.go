// Package influx writes points to InfluxDB 2 and reads them back, through influxdb-client-go.
//
// Start with Writer, which services/recorder calls: one call writes one batch and answers whether
// the batch is stored, may be tried again, or is refused for good. Reader reads a measurement by
// Flux; the trainer takes history from it. The package never retries, buffers or drops anything:
// the caller decides what happens to a batch that was not stored. It never prints the token.
package influx
