// Package recorder brings readings, forecasts, scores and events from their streams into InfluxDB, off the main path.
//
//	R0, R1, …  --durable consumer--> Fetch -> points -+
//	FORECASTS  --durable consumer--> Fetch -> points -+-> sink (retry, halve) -> InfluxDB, then Ack
//	SCORES, EVENTS            likewise                +       |
//	                                                          +-> refused points -> REJECTED
//
// Start with Service. The commands recorder and up run it, when there is an address of InfluxDB. Each stream is a lane of its
// own: fetch, translate, write, acknowledge, one batch after another. A message is acknowledged only when its points are
// stored or listed as refused, so nothing is lost while the stream keeps it; points overwrite themselves, so a repeat is
// harmless. InfluxDB being away, slow or wrong never reaches the forecaster: what waits, waits in the streams. The package
// must never drop a message because of a failure that may pass.
package recorder
