package forecaster

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

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
	Model     string // "load-15m v2, load-1h v1", "" while rules serve
	First     string // series and source of the first forecast, "" before
	FirstLSTM string // the first series with a published forecast of the network

	// Refusals are what was refused and published since the start, by reason.
	Refusals map[meter.Reason]Refusal
	// Histories counts the series of each interval that reach far back.
	Histories map[time.Duration]engine.Reach
}

// board gathers what the partitions report.
type board struct {
	mu      sync.Mutex
	parts   []partStatus
	status  Status
	serving map[time.Duration]servingModel // of the partition that reported last

	refusals map[meter.Reason]Refusal
}

type partStatus struct {
	series   int
	behind   uint64
	ready    bool
	census   census
	position uint64 // of the log that the models in force are as of, or later
	serving  []servingModel
}

// servingModel is a model in force.
type servingModel struct {
	model *model.Model
	since time.Time // when it was written into the log; zero when that is not known
}

// census is the count of series by state.
type census struct {
	engine.Census
	behind bool // the partition lags, so no series counts as current
}

// addReach adds the series that reach far back to those of other partitions.
func (c *census) addReach(to map[time.Duration]engine.Reach) {
	for i, one := range c.Reach {
		if one != (engine.Reach{}) {
			interval := time.Duration(engine.IntervalAt(i)) * time.Second
			all := to[interval]
			all.Over35Days += one.Over35Days
			all.Over60Days += one.Over60Days
			to[interval] = all
		}
	}
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

// refused adds a rejected message that is published.
func (b *board) refused(r *Refusal) {
	if r == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refusals == nil {
		b.refusals = map[meter.Reason]Refusal{}
	}
	all := *r
	all.Readings += b.refusals[r.Reason].Readings
	b.refusals[r.Reason] = all
}

// restored adds the series that a partition restored from its checkpoint.
func (b *board) restored(series int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status.Restored += series
}

func (b *board) turn(
	partition int, position uint64, series int, c census, behind uint64, ready bool,
) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := &b.parts[partition]
	p.position, p.series, p.census = position, series, c
	p.behind, p.ready = behind, ready || p.ready
}

// serve notes the models in force in a partition as of a position of its log.
func (b *board) serve(partition int, position uint64, all []servingModel) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := &b.parts[partition]
	p.position, p.serving = position, all
	if b.serving == nil {
		b.serving = map[time.Duration]servingModel{}
	}
	for _, s := range all {
		b.serving[s.model.Spec.Step()] = s
	}
}

// inForce returns the model that serves the series of an interval in a partition, nil when none
// does, and the position of the log that this is as of.
func (b *board) inForce(partition int, interval time.Duration) (m *model.Model, position uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := &b.parts[partition]
	for _, s := range p.serving {
		if s.model.Spec.Step() == interval {
			m = s.model
		}
	}
	return m, p.position
}

// down notes that a partition is being started again. None of its series counts as current until
// the partition has counted them again.
func (b *board) down(partition int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.parts[partition].ready, b.parts[partition].census.behind = false, true
}

// modelsInForce returns the models that serve, by interval.
func (b *board) modelsInForce() map[time.Duration]servingModel {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.serving)
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

// limitsPassed counts the series of all partitions whose limit is passed.
func (b *board) limitsPassed() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, p := range b.parts {
		n += p.census.LimitPassed
	}
	return n
}

// standing is the state and the source of a series: the labels of the gauge series.
type standing struct{ state, source string }

// stateBehind is the state of current series whose partition lags.
const stateBehind = "behind"

func (b *board) now() Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.status
	s.Refusals = maps.Clone(b.refusals)
	s.Histories = map[time.Duration]engine.Reach{}
	s.Ready = len(b.parts) > 0
	for _, p := range b.parts {
		s.Series += p.series
		s.Warm += p.census.Warm
		p.census.addReach(s.Histories)
		s.Behind += p.behind
		s.Ready = s.Ready && p.ready
	}
	s.Model = b.servingNames()
	return s
}

// servingNames names the models in force, from the finest interval on. The caller holds the lock.
func (b *board) servingNames() string {
	var names []string
	for _, interval := range slices.Sorted(maps.Keys(b.serving)) {
		m := b.serving[interval].model
		names = append(names, m.Spec.Name+" v"+m.Version)
	}
	return strings.Join(names, ", ")
}
