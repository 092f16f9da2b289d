package forecaster

import (
	"sync"

	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
)

// Status is the state of the forecaster, for a person who watches it.
type Status struct {
	Ready     bool // every partition has read its log up to the end that it had at the start
	Series    int
	Restored  int    // series that came from checkpoints at the start
	Readings  uint64 // applied since the start
	Forecasts uint64 // published since the start
	Warm      int    // series whose hidden state is the network's
	Rejected  uint64
	Behind    uint64 // messages not read yet
	Model     string // "load-1h v1", "" while rules serve
	First     string // series and source of the first forecast, "" before
	FirstLSTM string // the first series with a published forecast of the network

	Over35Days, Over60Days int // series that reach back so far
}

// board gathers what the partitions report.
type board struct {
	mu       sync.Mutex
	parts    []partStatus
	status   Status
	modelOne *model.Model
}

type partStatus struct {
	series int
	behind uint64
	ready  bool
	census census
}

// census is the count of series by state.
type census struct {
	engine.Census
	behind bool // the partition lags, so no series counts as current
}

// open makes room for what the partitions report.
func (b *board) open(partitions int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.parts = make([]partStatus, partitions)
}

// stepped adds one batch.
func (b *board) stepped(r *Result) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status.Readings += uint64(r.Applied)
	for _, n := range r.Rejections {
		b.status.Rejected += uint64(n)
	}
	for i := range r.Outputs {
		out := &r.Outputs[i]
		if out.To != ToForecasts {
			continue
		}
		b.status.Forecasts++
		if b.status.First == "" {
			b.status.First = out.Series.String() + " by source " + string(out.Source)
		}
		if b.status.FirstLSTM == "" && out.Source == meter.SourceLSTM {
			b.status.FirstLSTM = out.Series.String()
		}
	}
}

// restored adds the series that a partition restored from its checkpoint.
func (b *board) restored(series int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status.Restored += series
}

func (b *board) turn(partition, series int, c census, behind uint64, ready bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.parts[partition] = partStatus{
		series: series,
		census: c,
		behind: behind,
		ready:  ready || b.parts[partition].ready,
	}
}

func (b *board) model(m *model.Model) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.modelOne = m
}

// down notes that a partition is being started again. None of its series counts as current until
// the partition has counted them again.
func (b *board) down(partition int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.parts[partition].ready, b.parts[partition].census.behind = false, true
}

func (b *board) modelInForce() *model.Model {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.modelOne
}

// standing counts the series of all partitions by state and source.
func (b *board) standing() map[standing]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := map[standing]int{}
	for _, p := range b.parts {
		for i, n := range p.census.By {
			s := engine.StandingAt(i)
			state := string(s.State)
			if s.State == engine.Current {
				all[standing{stateBehind, string(s.Source)}] += 0 // a gauge of 0
				if p.census.behind {
					state = stateBehind
				}
			}
			all[standing{state, string(s.Source)}] += n
		}
	}
	return all
}

// standing is the state and the source of a series: the labels of the gauge series.
type standing struct{ state, source string }

// stateBehind is the state of current series whose partition lags.
const stateBehind = "behind"

func (b *board) now() Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.status
	s.Ready = len(b.parts) > 0
	for _, p := range b.parts {
		s.Series += p.series
		s.Warm += p.census.Warm
		s.Over35Days += p.census.Over35Days
		s.Over60Days += p.census.Over60Days
		s.Behind += p.behind
		s.Ready = s.Ready && p.ready
	}
	if b.modelOne != nil {
		s.Model = b.modelOne.Spec.Name + " v" + b.modelOne.Version
	}
	return s
}
