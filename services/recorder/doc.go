// Package recorder brings readings, forecasts, scores and events from their streams into InfluxDB,
// off the main path.
//
//	R0, R1, …  --durable consumer--> Fetch -> points -+
//	FORECASTS  --durable consumer--> Fetch -> points -+-> sink (retry, halve) -> InfluxDB, then Ack
//	SCORES, EVENTS            the same                +       |
//	                                                          +-> refused points -> REJECTED
//
// Start with Service. The commands recorder and up run it when an address of InfluxDB is
// configured. Each stream has a lane of its own: fetch, translate, write, acknowledge, one batch
// after another. The recorder acknowledges a message only when its points are stored or listed as
// refused, so nothing is lost while the stream keeps it. Points overwrite themselves, so a repeat
// is harmless. A failure of InfluxDB never reaches the forecaster: messages wait in the streams.
// The package must never drop a message because of a failure that may pass.
package recorder
