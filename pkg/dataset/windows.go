package dataset

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// WindowConfig is the shape of training windows.
type WindowConfig struct {
	Layout    series.Layout
	Ahead     *Covariates // the covariates of the layout; may be nil
	Horizon   int
	Steps     int // cells of a window
	BurnIn    int // cells at the start of a window without a loss
	Positions int // loss positions that are drawn from the other cells
	Batch     int // windows in a batch
	// Near is the weight in the loss that a lead has beside its own weight of 1 when its time comes
	// at once. It falls with the time to the target, by a factor e in NearHours.
	Near, NearHours float64
	// Weighed is the number of leads that have a weight in the loss; 0 is all.
	Weighed int
	// Young is the share of windows that stand for a series whose first reading is the first cell of
	// the window: nothing before it is known, and the scale is that of its first day to week, up to
	// which no target counts. BurnIn must be a day at most then.
	Young float64
	// Share is the share of the windows that a history has, relative to the shares of the others. It
	// is above 0. Without it all histories have the same share.
	Share func(*History) float64
}

// leadWeight is the weight of lead k, counted from 1, in the loss.
func (c *WindowConfig) leadWeight(k int, interval int64) float32 {
	switch {
	case c.Weighed > 0 && k > c.Weighed:
		return 0
	case c.Near == 0:
		return 1
	}
	hours := float64(k) * float64(interval) / meter.HourSeconds
	return float32(1 + c.Near*math.Exp(-hours/c.NearHours))
}

// hiddenShare is the share of windows whose older lags are hidden, so that the network learns to
// serve a series of one week.
const hiddenShare = 0.1

// Sampler draws batches of windows at random. Two samplers of the same seed draw the same windows.
type Sampler struct {
	cfg    WindowConfig
	ranges []startRange
	shares []float64 // of the ranges up to each, the last one 1; nil when all have the same
	rng    *rand.Rand
	len    series.Lengths // of all histories
	z      []float32
	drawn  []*History // of the windows of the newest batch
}

// startRange is a history and the range of cells at which its windows may start.
type startRange struct {
	history     *History
	first, last int64
}

// ErrNoWindows says that no history is long enough for one window.
var ErrNoWindows = errors.New("no series has enough readings in the training range: each needs a " +
	"week of readings to find its scale and then a whole window; add history or more series")

// NewSampler returns a sampler of windows whose loss positions and targets lie in [from, until), in
// Unix seconds. Windows may begin before from. The error is ErrNoWindows.
func NewSampler(
	cfg WindowConfig, histories []*History, from, until int64, seed uint64,
) (*Sampler, error) {
	s := &Sampler{cfg: cfg, rng: rand.New(rand.NewPCG(seed, 0x10ad71de))}
	for _, h := range histories {
		ready, ok := h.firstReady()
		if !ok {
			continue
		}
		// The first loss position needs a scaler and a week behind it.
		first := max(max(ready, h.Cell(from), h.Own)-int64(cfg.BurnIn), h.Ring.First())
		last := min(h.Ring.Newest, h.Cell(until-1)) - int64(cfg.Steps-1+cfg.Horizon)
		if last >= first {
			s.ranges = append(s.ranges, startRange{h, first, last})
		}
	}
	if len(s.ranges) == 0 {
		return nil, ErrNoWindows
	}
	s.share()
	s.len = s.ranges[0].history.Len
	s.z = make([]float32, s.len.Features+cfg.Steps+cfg.Horizon)
	return s, nil
}

// share adds up the shares of the ranges.
func (s *Sampler) share() {
	if s.cfg.Share == nil {
		return
	}
	sum := 0.0
	for _, r := range s.ranges {
		sum += s.cfg.Share(r.history)
		s.shares = append(s.shares, sum)
	}
	for i := range s.shares {
		s.shares[i] /= sum
	}
}

// draw draws a range by its share.
func (s *Sampler) draw() *startRange {
	if s.shares == nil {
		return &s.ranges[s.rng.IntN(len(s.ranges))]
	}
	i := sort.SearchFloat64s(s.shares, s.rng.Float64())
	return &s.ranges[min(i, len(s.ranges)-1)]
}

// Series is the number of histories that windows are drawn from.
func (s *Sampler) Series() int { return len(s.ranges) }

// firstReady is the first cell with a scaler; ok is false when there is none.
func (h *History) firstReady() (cell int64, ok bool) {
	if len(h.scalers) == 0 {
		return 0, false
	}
	return h.scalers[0].cell, true
}

// Next fills b with new windows. It makes the slices of b when they have another size.
func (s *Sampler) Next(b *Batch) {
	b.resize(s.cfg)
	s.drawPositions(b.Positions)
	s.drawn = s.drawn[:0]
	for w := range b.B {
		p := s.draw()
		start := p.first + s.rng.Int64N(p.last-p.first+1)
		s.drawn = append(s.drawn, p.history)
		s.fill(b, w, s.window(p.history, start))
	}
}

// window is what is known in a training window.
type window struct {
	history *History
	start   int64 // the first cell
	known   int64 // cells that are known, of those up to the last target
	scaler  series.Scaler
	first   int // step before which no target counts
}

// window draws how much is known in the window of h that starts with a cell.
func (s *Sampler) window(h *History, start int64) window {
	cells := s.cfg.Steps + s.cfg.Horizon
	w := window{history: h, start: start, known: int64(s.len.Features + cells)}
	if s.cfg.Young > 0 && s.rng.Float64() < s.cfg.Young {
		age := s.len.Day + s.rng.IntN(s.len.Scale-s.len.Day)
		w.known, w.first, w.scaler = int64(cells), age-1, h.youngScaler(start, age)
		return w
	}
	w.scaler, _ = h.ScalerAt(start + int64(s.cfg.BurnIn))
	if s.rng.Float64() < hiddenShare {
		// Hide all but one to two weeks before the first loss position.
		w.known = int64(cells-s.cfg.BurnIn) + int64(s.len.Scale) + s.rng.Int64N(int64(s.len.Scale))
	}
	return w
}

// youngScaler is the scale that serving has of a series that began with cell start and has so many
// cells.
func (h *History) youngScaler(start int64, cells int) series.Scaler {
	seen := h.Ring.Until(start + int64(cells) - 1)
	seen.Known = min(seen.Known, cells)
	scaling := series.Scaling{Curve: h.curve}
	scaling.First(&seen, &h.Len)
	return scaling.Scaler
}

// Batches draws n batches.
func (s *Sampler) Batches(n int) []*Batch {
	all := make([]*Batch, n)
	for i := range all {
		all[i] = &Batch{}
		s.Next(all[i])
	}
	return all
}

func (s *Sampler) drawPositions(dst []int) {
	perm := s.rng.Perm(s.cfg.Steps - s.cfg.BurnIn)
	for i := range dst {
		dst[i] = s.cfg.BurnIn + perm[i]
	}
	slices.Sort(dst)
}

// fill writes window w of b: the Steps cells from its start on.
func (s *Sampler) fill(b *Batch, w int, of window) {
	cfg, layout, h := s.cfg, s.cfg.Layout, of.history
	end := of.start + int64(cfg.Steps-1+cfg.Horizon)
	// end is inside the history, so the window holds all cells up to end.
	all := series.WindowOf(s.z, &h.Ring, of.scaler, end, h.Phase, h.Len.Interval)
	all.Known = int(min(int64(all.Known), of.known))
	all.Ahead = cfg.Ahead.Of(h.ID)
	at := func(step int) series.Window { return all.Back(cfg.Steps - 1 - step + cfg.Horizon) }

	inputs := len(layout.InputNames())
	for t := range cfg.Steps {
		win := at(t)
		win.Known = max(win.Known, 1)
		layout.Input(b.X[(t*b.B+w)*inputs:][:inputs], &win)
	}
	current, lead := len(layout.CurrentNames()), len(layout.LeadNames())
	for i, t := range b.Positions {
		win, row := at(t), i*b.B+w
		layout.Current(b.Current[row*current:][:current], &win)
		layout.Lead(b.Lead[row*cfg.Horizon*lead:][:cfg.Horizon*lead], &win, cfg.Horizon)
		for k := range cfg.Horizon {
			cell := of.start + int64(t+k+1)
			v, q := h.Ring.At(cell)
			b.Target[row*cfg.Horizon+k] = of.scaler.Forward(v)
			b.Weight[row*cfg.Horizon+k] = 0
			if q.Accepted() && t >= of.first {
				b.Weight[row*cfg.Horizon+k] = cfg.leadWeight(k+1, h.Len.Interval)
			}
		}
	}
}

func (b *Batch) resize(cfg WindowConfig) {
	if b.T == cfg.Steps && b.B == cfg.Batch && b.S == cfg.Positions {
		return
	}
	rows := cfg.Positions * cfg.Batch
	b.T, b.B, b.S = cfg.Steps, cfg.Batch, cfg.Positions
	b.X = make([]float32, b.T*b.B*len(cfg.Layout.InputNames()))
	b.Positions = make([]int, b.S)
	b.Current = make([]float32, rows*len(cfg.Layout.CurrentNames()))
	b.Lead = make([]float32, rows*cfg.Horizon*len(cfg.Layout.LeadNames()))
	b.Target = make([]float32, rows*cfg.Horizon)
	b.Weight = make([]float32, rows*cfg.Horizon)
}
