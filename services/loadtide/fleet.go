package main

import (
	"context"
	"sync"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

const (
	// fleetEvery is the pause between two counts of the series, and fleetShare bounds the share of
	// the time that counting takes.
	fleetEvery = time.Minute
	fleetShare = 50
	// fleetTimeout bounds one count.
	fleetTimeout = time.Minute

	firstReach, longReach = 35 * 24 * time.Hour, 60 * 24 * time.Hour
)

// fleet counts the series of the forecasters by their interval and how far they reach back.
type fleet struct {
	conn *bus.Conn
	now  func() time.Time

	mu      sync.Mutex
	known   bool
	reaches map[time.Duration]engine.Reach
	due     time.Time // of the next count
}

// enough reports whether there is enough history for a model. Before any forecaster has answered,
// only the model of hours is worth a try.
func (f *fleet) enough(ctx context.Context, model string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if began := f.now(); !began.Before(f.due) {
		if reaches, err := f.count(ctx); err == nil { // else the last count holds
			f.known, f.reaches = true, reaches
		}
		f.due = f.now().Add(max(fleetEvery, fleetShare*f.now().Sub(began)))
	}
	if !f.known {
		return model == registry.DefaultModel
	}
	interval, _ := registry.ModelInterval(model)
	return plentyOf(f.reaches[interval])
}

// count asks the owners of all partitions.
func (f *fleet) count(ctx context.Context) (map[time.Duration]engine.Reach, error) {
	ctx, cancel := context.WithTimeout(ctx, fleetTimeout)
	defer cancel()
	o := &owners{Conn: f.conn}
	var err error
	if o.partitions, err = topology.Partitions(ctx, f.conn.JetStream()); err != nil {
		return nil, err
	}
	reaches := map[time.Duration]engine.Reach{}
	err = o.all(ctx, func(s streams.SeriesSummary) error {
		add(reaches, &s)
		return nil
	})
	return reaches, err
}

// add counts a series that a model of its interval can learn from. One whose readings come at an
// interval that is not forecast has no source.
func add(reaches map[time.Duration]engine.Reach, s *streams.SeriesSummary) {
	if s.Since.IsZero() || s.Source == meter.SourceNone {
		return
	}
	r := reaches[time.Duration(s.Interval)]
	reach := s.Origin.Sub(s.Since)
	if reach >= firstReach {
		r.Over35Days++
	}
	if reach >= longReach {
		r.Over60Days++
	}
	reaches[time.Duration(s.Interval)] = r
}
