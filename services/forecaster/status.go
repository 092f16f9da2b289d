package forecaster

import (
	"sync"

	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/model"
)

// Status is how the forecaster stands, for a person who watches it.
type Status struct {
	Ready     bool // every partition has met the end its log had at the start
	Series    int
	Restored  int    // series that came from checkpoints at the start
	Readings  uint64 // applied since the start
	Forecasts uint64 // published since the start
	Warm      int    // series whose hidden state is the network's
	Rejected  uint64
	Behind    uint64 // messages not read yet
	Model     string // "load-1h v1", "" while rules serve
	First     string // series and source of the first forecast, "" before
	FirstLSTM string // the first series that the network's forecast was published for

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

// census is what takes a look at every series to know.
type census struct {
	warm, over35, over60 int
}

func newBoard(partitions int) *board {
	return &board{parts: make([]partStatus, partitions)}
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
		if b.status.FirstLSTM == "" && out.Source == engine.SourceLSTM {
			b.status.FirstLSTM = out.Series.String()
		}
	}
}

// restored notes what a partition brought back from its checkpoint.
func (b *board) restored(series int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status.Restored += series
}

func (b *board) turn(partition, series int, c census, behind uint64, ready bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.parts[partition] = partStatus{series: series, census: c, behind: behind, ready: ready || b.parts[partition].ready}
}

func (b *board) model(m *model.Model) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.modelOne = m
}

// down says that a partition is being started again.
func (b *board) down(partition int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.parts[partition].ready = false
}

func (b *board) modelInForce() *model.Model {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.modelOne
}

func (b *board) now() Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.status
	s.Ready = true
	for _, p := range b.parts {
		s.Series += p.series
		s.Warm += p.census.warm
		s.Over35Days += p.census.over35
		s.Over60Days += p.census.over60
		s.Behind += p.behind
		s.Ready = s.Ready && p.ready
	}
	if b.modelOne != nil {
		s.Model = b.modelOne.Spec.Name + " v" + b.modelOne.Version
	}
	return s
}
