package gateway

import (
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

// The types of this file are the API's messages; their tags become the OpenAPI document.

// seriesPath names a series in a path.
type seriesPath struct {
	Site  string `path:"site" pattern:"^[A-Za-z0-9_-]{1,64}$" patternDescription:"1 to 64 letters, digits, '_' or '-'" doc:"First part of the series' name." example:"north"`
	Meter string `path:"meter" pattern:"^[A-Za-z0-9_-]{1,64}$" patternDescription:"1 to 64 letters, digits, '_' or '-'" doc:"Second part of the series' name." example:"m17"`
}

// listInput asks for a page of series.
type listInput struct {
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"Most series in the answer."`
	After string `query:"after" maxLength:"129" doc:"Series behind this name; give the next of the page before." example:"north.m17"`
}

type listOutput struct {
	CacheControl string `header:"Cache-Control" hidden:"true"`
	Body         seriesList
}

type seriesList struct {
	_      struct{}     `json:"-" additionalProperties:"true"`
	Series []seriesItem `json:"series" nullable:"false" doc:"Series that have a forecast, in order of their names."`
	Next   *string      `json:"next" doc:"Give it as after for the next page; null on the last one."`
}

type seriesItem struct {
	_        struct{}     `json:"-" additionalProperties:"true"`
	Series   string       `json:"series" doc:"Name, <site>.<meter>." example:"north.m17"`
	Origin   time.Time    `json:"origin" doc:"End of the last interval that the newest forecast knows."`
	Interval string       `json:"interval" doc:"From one lead of the newest forecast to the next." example:"15m"`
	Source   meter.Source `json:"source" doc:"What made the newest forecast." example:"lstm"`
	Quality  string       `json:"quality" doc:"Quality of the newest interval." example:"OK"`
}

// forecastOutput hands a message on as it was published.
type forecastOutput struct {
	ContentType  string `header:"Content-Type" hidden:"true"`
	CacheControl string `header:"Cache-Control" hidden:"true"`
	Body         []byte
}

// forecastMessage describes the message of a forecast for the OpenAPI document, and is the answer
// for a series that has none yet.
type forecastMessage struct {
	_         struct{}     `json:"-" additionalProperties:"true"`
	Schema    int          `json:"schema" doc:"Version of the message." example:"1"`
	Series    string       `json:"series" doc:"Name, <site>.<meter>." example:"north.m17"`
	Origin    *time.Time   `json:"origin,omitempty" doc:"End of the last known interval."`
	Interval  string       `json:"interval,omitempty" doc:"From one lead to the next: 5m, 10m, 15m, 20m, 30m or 1h." example:"1h"`
	Unit      string       `json:"unit,omitempty" doc:"Unit of the values." example:"kWh"`
	Issued    *time.Time   `json:"issued,omitempty" doc:"When the reading that caused the forecast arrived."`
	Revision  int          `json:"revision,omitempty" doc:"Accepted inputs that changed the series since its origin was first forecast."`
	Source    meter.Source `json:"source" enum:"lstm,mix,seasonal_naive,persistence,previous,none" doc:"What made the forecast; none: there are readings, but no forecast yet."`
	Quality   string       `json:"quality,omitempty" enum:"OK,ESTIMATED,MISSING,BAD" doc:"Quality of the newest interval."`
	Model     *modelName   `json:"model,omitempty" doc:"Model that took part."`
	InputSeq  uint64       `json:"input_seq,omitempty" doc:"Place in its log of the reading that caused the forecast."`
	Levels    []float64    `json:"levels,omitempty" doc:"Probabilities of the quantiles." example:"[0.1,0.25,0.5,0.75,0.9]"`
	Quantiles [][]float64  `json:"quantiles" nullable:"false" doc:"For each lead a value for each level; lead k is the interval that starts at origin + (k-1) x interval."`
}

type modelName struct {
	_       struct{} `json:"-" additionalProperties:"true"`
	Name    string   `json:"name" example:"load-1h"`
	Version string   `json:"version" example:"7"`
	Digest  string   `json:"digest" example:"sha256:3f2a91c0"`
}

// The states of the registry, in the field `registry`.
const (
	registryAnswers = "ok"
	registryAway    = "away"
)

type modelsInput struct {
	Limit int `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"Most versions in the answer, the newest."`
}

type modelsOutput struct {
	CacheControl string `header:"Cache-Control" hidden:"true"`
	Body         modelList
}

type modelList struct {
	_        struct{}    `json:"-" additionalProperties:"true"`
	Name     string      `json:"name,omitempty" doc:"Model of all versions; absent when they are of several models." example:"load-1h"`
	Registry string      `json:"registry" enum:"ok,away" doc:"away: it does not answer now, and the list is that of as_of."`
	AsOf     *time.Time  `json:"as_of,omitempty" doc:"When the registry was asked for this list; absent when it has not answered yet."`
	Broken   string      `json:"broken,omitempty" doc:"Versions that cannot be served, and why."`
	Versions []modelItem `json:"versions" nullable:"false" doc:"Newest first."`
}

type modelItem struct {
	_           struct{}           `json:"-" additionalProperties:"true"`
	Name        string             `json:"name" doc:"Model; its name says the interval of the series that it serves." example:"load-15m"`
	Version     string             `json:"version" example:"7"`
	Digest      string             `json:"digest" doc:"Of the model file." example:"sha256:3f2a91c0"`
	Created     time.Time          `json:"created" doc:"When it was registered."`
	Aliases     []string           `json:"aliases" nullable:"false" doc:"champion is the version that serves." example:"[\"champion\"]"`
	Verdict     string             `json:"verdict,omitempty" doc:"Of the gate: first, passed or refused." example:"passed"`
	Description string             `json:"description,omitempty" doc:"The verdict in words."`
	Metrics     map[string]float64 `json:"metrics" doc:"On the time that it was judged by."`
	Tags        map[string]string  `json:"tags" doc:"What the gate said of each check, the run that made it, and others."`
}

type statusOutput struct {
	CacheControl string `header:"Cache-Control" hidden:"true"`
	Body         struct {
		_      struct{} `json:"-" additionalProperties:"true"`
		Status string   `json:"status" example:"ok"`
	}
}

type versionOutput struct {
	Body struct {
		_       struct{} `json:"-" additionalProperties:"true"`
		Name    string   `json:"name" example:"loadtide"`
		Version string   `json:"version" example:"0.1.0"`
	}
}
