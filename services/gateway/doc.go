// Package gateway answers HTTP: which series there are, and the newest forecast of each.
//
//	FORECASTS --log, newest per subject--> View --> GET /v1/series
//	FORECASTS --direct get-------------------------> GET /v1/series/{site}/{meter}/forecast
//
// Start with Service; routes.go is the table of all routes, from which the OpenAPI document is
// made. The commands gateway and up run it. It keeps of each series where its newest forecast is
// and by what, never the forecast itself: that is read from the stream and handed on byte for byte.
// The gateway must never write to a stream, and never show a forecast without its source.
package gateway
