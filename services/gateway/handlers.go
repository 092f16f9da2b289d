package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

const (
	noStore      = "no-store" // the next reading makes every answer old
	readTimeout  = 3 * time.Second
	retrySeconds = "2"
)

func (s *Service) listSeries(_ context.Context, in *listInput) (*listOutput, error) {
	page, more := s.view.Page(in.After, in.Limit)
	out := &listOutput{CacheControl: noStore}
	out.Body.Series = make([]seriesItem, len(page))
	for i, e := range page {
		out.Body.Series[i] = seriesItem{
			Series: e.Series, Origin: e.Origin, Interval: meter.IntervalName(e.Interval), Source: e.Source,
			Quality: e.Quality,
		}
	}
	if more {
		out.Body.Next = &page[len(page)-1].Series
	}
	return out, nil
}

// newestForecast answers with the message as the stream holds it.
func (s *Service) newestForecast(ctx context.Context, in *seriesPath) (*forecastOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	id := meter.ID{Site: in.Site, Meter: in.Meter}
	m, found, err := s.deps.Store.LastBySubject(ctx, topology.Forecasts, streams.ForecastSubject(id))
	if err != nil {
		return nil, s.unavailable(err)
	}
	out := &forecastOutput{ContentType: streams.ContentTypeJSON, CacheControl: noStore, Body: m.Data}
	if found {
		return out, nil
	}
	known, err := s.hasReadings(ctx, id)
	switch {
	case err != nil:
		return nil, s.unavailable(err)
	case !known:
		return nil, huma.Error404NotFound(fmt.Sprintf(
			"series %s has neither a forecast nor a reading; publish readings on %s, or take a name "+
				"from GET /v1/series",
			id, streams.PublicReadingSubject(id),
		))
	}
	out.Body, err = json.Marshal(forecastMessage{
		Schema: streams.Schema, Series: id.String(), Source: meter.SourceNone, Quantiles: [][]float64{},
	})
	return out, err
}

// hasReadings reports whether the log of the series' partition holds a reading of the series.
func (s *Service) hasReadings(ctx context.Context, id meter.ID) (bool, error) {
	partitions := int(s.partitions.Load())
	if partitions == 0 {
		var err error
		if partitions, err = s.deps.Partitions(ctx); err != nil {
			return false, fmt.Errorf("number of partitions: %w", err)
		}
		s.partitions.Store(int64(partitions))
	}
	p := streams.Partition(id, partitions)
	subjects := []string{streams.ReadingSubject(p, id)}
	if partitions == 1 {
		// the one log takes readings unmapped too
		subjects = append(subjects, streams.PublicReadingSubject(id))
	}
	for _, subject := range subjects {
		_, found, err := s.deps.Store.LastBySubject(ctx, topology.Log(p), subject)
		if found || err != nil {
			return found, err
		}
	}
	return false, nil
}

// unavailable logs why the streams cannot be read, once a minute at most, and returns the answer
// for the client.
func (s *Service) unavailable(err error) error {
	if errors.Is(err, context.Canceled) {
		return huma.NewError(http.StatusServiceUnavailable, "the request was given up")
	}
	now := s.deps.Now()
	if last := s.lastUnavailable.Load(); now.UnixNano()-last > int64(time.Minute) &&
		s.lastUnavailable.CompareAndSwap(last, now.UnixNano()) {
		s.log.Warn().AnErr(service.FieldError, err).Msg("forecasts cannot be served")
	}
	return huma.ErrorWithHeaders(
		huma.Error503ServiceUnavailable(
			"the streams cannot be read right now; try again, and see that NATS and a forecaster run "+
				"(/readyz says what is waited for)",
		),
		http.Header{"Retry-After": {retrySeconds}})
}

// status answers 200 as soon as there is a forecast to serve, of any source.
func (s *Service) status(context.Context, *struct{}) (*statusOutput, error) {
	if s.view.Len() == 0 {
		return nil, huma.ErrorWithHeaders(
			huma.Error503ServiceUnavailable(
				"no forecast is served yet; publish readings, or wait until the first ones are answered",
			),
			http.Header{"Retry-After": {retrySeconds}})
	}
	out := &statusOutput{CacheControl: noStore}
	out.Body.Status = "ok"
	return out, nil
}

func (s *Service) version(context.Context, *struct{}) (*versionOutput, error) {
	out := &versionOutput{}
	out.Body.Name, out.Body.Version = "loadtide", s.deps.Version
	return out, nil
}
