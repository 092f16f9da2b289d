// Package influx writes points to InfluxDB 2 and reads them back, through influxdb-client-go.
//
// Start with Writer: one call writes one batch and answers whether it is stored, may be tried again, or is refused for
// good; services/recorder calls it. Reader reads a measurement by Flux; the trainer takes history from it. The package never retries, buffers or drops anything by itself: what happens to
// a batch that was not stored is its caller's decision, and the token is never printed.
package influx
