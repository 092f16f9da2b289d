// Package gateway answers HTTP: which series there are, and the newest forecast of each.
//
//	FORECASTS --log, newest per subject--> View --> GET /v1/series
//	FORECASTS --direct get-------------------------> GET /v1/series/{site}/{meter}/forecast
//
// Start with Service; routes.go is the table of all routes, from which the OpenAPI document is
// made. The commands gateway and up run it. For each series the gateway keeps the position and the
// source of the newest forecast. It reads the forecast itself from the stream and hands it on byte
// for byte. The gateway must never write to a stream, and never show a forecast without its source.
package gateway
