// Package influx writes points to InfluxDB 2 through influxdb-client-go.
//
// Start with Writer: one call writes one batch and answers whether it is stored, may be tried again, or is refused for
// good. Only services/recorder calls it. The package never retries, buffers or drops anything by itself: what happens to
// a batch that was not stored is its caller's decision, and the token is never printed.
package influx
