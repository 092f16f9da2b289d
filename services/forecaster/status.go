package forecaster

import (
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
)

// Status is the state of the forecaster, for the screen of `loadtide up`.
type Status struct {
	Ready     bool // every partition has read its log up to the end that it had at the start
	Series    int
	Restored  int    // series that came from checkpoints at the start
	Readings  uint64 // applied since the start
	Forecasts uint64 // published since the start
	Warm      int    // series whose hidden state is the network's
	Rejected  uint64
	Behind    uint64 // messages not read yet
	Model     string // the champions, as "load-15m v2, load-1h v1"; "" while there is none
	First     string // series and source of the first forecast, "" before
	FirstLSTM string // the first series with a published forecast of the network

	// Refusals are what was refused and published since the start, by reason.
	Refusals map[meter.Reason]Refusal
	// Histories counts the series of each interval that reach far back.
	Histories map[time.Duration]engine.Reach
}

// statusBoard holds the status of all partitions. It is safe for concurrent use.
type statusBoard struct {
	mu      sync.Mutex
	parts   []partStatus
	status  Status
	serving map[role]servingModel // of the partition that reported last

	refusals map[meter.Reason]Refusal
}

type partStatus struct {
	series   int
	behind   uint64
	ready    bool
	census   census
	position uint64 // position in the log of serving, or a later one
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

// open makes room for the status of each partition.
func (b *statusBoard) open(partitions int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.parts = make([]partStatus, partitions)
}

// addBatch adds the result of one batch.
func (b *statusBoard) addBatch(r *Result) {
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

// addRefusal adds a rejected message that is published. A nil refusal adds nothing.
func (b *statusBoard) addRefusal(r *Refusal) {
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

// addRestored adds the series that a partition restored from its checkpoint.
func (b *statusBoard) addRestored(series int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status.Restored += series
}

// update sets the status of a partition after a turn of its loop.
func (b *statusBoard) update(
	partition int, position uint64, series int, c census, behind uint64, ready bool,
) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := &b.parts[partition]
	p.position, p.series, p.census = position, series, c
	p.behind, p.ready = behind, ready || p.ready
}

// setModels sets the models in force in a partition, at a position of its log.
func (b *statusBoard) setModels(partition int, position uint64, all []servingModel) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := &b.parts[partition]
	p.position, p.serving = position, all
	if b.serving == nil {
		b.serving = map[role]servingModel{}
	}
	for _, s := range all {
		b.serving[roleOf(s.model)] = s
	}
}

// inForce returns the model of a role in a partition, nil when there is none. position is the
// position in the log for which that is known.
func (b *statusBoard) inForce(partition int, r role) (m *model.Model, position uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := &b.parts[partition]
	for _, s := range p.serving {
		if roleOf(s.model) == r {
			m = s.model
		}
	}
	return m, p.position
}

// setDown notes that a partition is being started again. None of its series counts as current until
// the partition has counted them again.
func (b *statusBoard) setDown(partition int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.parts[partition].ready, b.parts[partition].census.behind = false, true
}

// modelsInForce returns the models in force.
func (b *statusBoard) modelsInForce() map[role]servingModel {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.serving)
}

// standing counts the series of all partitions by state and source.
func (b *statusBoard) standing() map[standing]int {
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
func (b *statusBoard) limitsPassed() int {
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

// current returns the status of all partitions.
func (b *statusBoard) current() Status {
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

// servingNames returns the names of the champions in force, from the finest interval on. The caller
// holds the lock.
func (b *statusBoard) servingNames() string {
	var names []string
	for _, interval := range meter.Intervals() {
		if champion, ok := b.serving[role{interval: interval}]; ok {
			names = append(names, champion.model.Title())
		}
	}
	return strings.Join(names, ", ")
}
