// Package recorder brings forecasts from the stream FORECASTS into InfluxDB, off the main path.
//
//	FORECASTS --durable consumer--> Fetch -> Points -> write (retry, halve) -> Ack
//
// Start with Service. The commands recorder and up run it, when there is an address of InfluxDB. A message is
// acknowledged only when its points are stored, so nothing is lost while the stream keeps it; points overwrite themselves,
// so a repeat is harmless. InfluxDB being away, slow or wrong never reaches the forecaster: what waits, waits in the
// stream. The package must never drop a message because of a failure that may pass.
package recorder
