package series

import (
	"fmt"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Names of the features that are read from the ring. Lags are of elapsed time.
const (
	featureZ      = "z"
	featureLag1d  = "lag_1d"
	featureLag2d  = "lag_2d"
	featureLag7d  = "lag_7d"
	featureLag14d = "lag_14d"
	featureMean7d = "mean_7d"
	featureLead   = "lead"
	featureAge    = "known_14d"
)

var (
	inputLags = []string{featureLag1d, featureLag7d}
	leadLags  = []string{featureLag1d, featureLag2d, featureLag7d, featureLag14d, featureMean7d}
	// currentFeatures are z_t, z_(t-1), and the distance of z_t from the same hour of the day
	// before and of the week before.
	currentFeatures = []string{featureZ, "z_previous", "change_1d", "change_7d"}
)

// Layout is the list of the features that a network reads, with the functions that write them.
// Training, backtest and serving call these functions and no others (I5).
type Layout struct {
	calendar   []CalendarFeature
	place      *Place
	covariates []meter.Covariate
	finer      bool // features of intervals shorter than an hour, see Finer
	age        bool // the feature of how much of the past is known, see WithAge
}

// DefaultLayout is the layout of the reference design: a weekly calendar, and where yearly is set
// the day of the year, for more than a year of training data.
func DefaultLayout(yearly bool) Layout {
	n := weekFeatures
	if yearly {
		n = YearCos + 1
	}
	l := Layout{calendar: make([]CalendarFeature, n), place: &Place{}}
	for i := range l.calendar {
		l.calendar[i] = CalendarFeature(i)
	}
	return l
}

// WithHolidays adds the feature of holidays.
func (l Layout) WithHolidays() Layout {
	l.calendar = append(slices.Clone(l.calendar), Holiday)
	return l
}

// WithAge adds the share of the two weeks before the forecast that is known, 0 to 1. It tells a
// network which lags of a young series are their own and which are the nearest known day's.
func (l Layout) WithAge() Layout {
	l.age = true
	return l
}

// At takes the calendar from the clock of a place, instead of from UTC.
func (l Layout) At(p *Place) Layout {
	l.place = p
	return l
}

// LayoutOf is the layout with the names of a model's spec. A name that this release does not know,
// or another order, is an error.
func LayoutOf(inputs, lead, current []string, covariates ...meter.Covariate) (Layout, error) {
	l := Layout{
		place: &Place{}, covariates: covariates, finer: slices.Contains(lead, FeatureAnchor),
		age: slices.Contains(current, featureAge),
	}
	if n := len(inputs) - 1 - len(inputLags) - len(covariates); n > 0 {
		for _, name := range inputs[1 : 1+n] {
			f := slices.Index(calendarNames[:], name)
			if f < 0 {
				return Layout{}, fmt.Errorf("input feature %q is not known to this release; "+
					"train the model anew or update loadtide", name)
			}
			l.calendar = append(l.calendar, CalendarFeature(f))
		}
	}
	for _, c := range []struct {
		what      string
		got, want []string
	}{
		{"input", inputs, l.InputNames()}, {"lead", lead, l.LeadNames()},
		{"current", current, l.CurrentNames()},
	} {
		if !slices.Equal(c.got, c.want) {
			return Layout{}, fmt.Errorf("%s features %q: this release reads %q; "+
				"train the model anew or update loadtide", c.what, c.got, c.want)
		}
	}
	return l, nil
}

func (l Layout) calendarNames() []string {
	names := make([]string, len(l.calendar))
	for i, f := range l.calendar {
		names[i] = calendarNames[f]
	}
	return names
}

// InputNames are the features of one LSTM step, in order.
func (l Layout) InputNames() []string {
	return slices.Concat([]string{featureZ}, l.calendarNames(), inputLags, l.inputCovariateNames())
}

// LeadNames are the features of one lead, in order.
func (l Layout) LeadNames() []string {
	return slices.Concat(leadLags, l.calendarNames(), l.leadCovariateNames(), l.finerLeadNames(),
		[]string{featureLead})
}

// CurrentNames are the features that all leads share, in order.
func (l Layout) CurrentNames() []string {
	names := slices.Concat(currentFeatures, l.finerCurrentNames())
	if l.age {
		names = append(names, featureAge)
	}
	return names
}

// Window is the past of one series in scaled units, as the features read it.
type Window struct {
	Z     []float32 // oldest first; the last one is z_t
	Known int       // how many of the newest are known; older lags use the nearest known day
	// Start is the Unix second at which the interval of z_t starts, Interval its length in seconds.
	Start, Interval int64
	// Ahead is what is known of the hours of the window and of those after it. A layout without
	// covariates needs none.
	Ahead Ahead
}

// WindowOf scales the len(dst) cells of r that end with cell end into dst, within bounds: see
// bounded. Known counts those that the ring has. The window keeps dst.
func WindowOf(dst []float32, r *Ring, s Scaler, end, phase, interval int64) Window {
	known := min(len(dst), int(end-r.First())+1)
	z := dst[len(dst)-known:]
	r.copyTo(z, end)
	far := false
	for i, v := range z {
		v = s.Forward(v)
		z[i] = v
		far = far || v > farthest || v < -farthest
	}
	if far {
		boundAll(z, r, s, end, int(meter.DaySeconds/interval))
	}
	return Window{Z: z, Known: known, Start: end*interval + phase, Interval: interval}
}

// day is the number of cells of a day.
func (w *Window) day() int { return int(meter.DaySeconds / w.Interval) }

// Back is the window n cells earlier.
func (w Window) Back(n int) Window {
	w.Z = w.Z[:len(w.Z)-n]
	w.Known -= n
	w.Start -= int64(n) * w.Interval
	return w
}

// at is z at index i. Where i lies before the known cells or after z_t, at moves it by whole days
// to the nearest known cell.
func (w *Window) at(i int) float32 {
	day := w.day()
	first, last := len(w.Z)-w.Known, len(w.Z)-1
	if i > last {
		i -= (i - last + day - 1) / day * day
	}
	if i < first {
		i += (first - i + day - 1) / day * day
		if i > last {
			i = last
		}
	}
	return w.Z[i]
}

// Input writes x_t: z_t, the calendar of t, the values a day and a week before the next interval,
// and the covariates of t. len(dst) is the number of InputNames.
func (l Layout) Input(dst []float32, w *Window) {
	t, day := len(w.Z)-1, w.day()
	dst[0] = w.Z[t]
	c := len(l.calendar)
	writeCalendar(dst[1:1+c], l.calendar, l.place, w.Start)
	dst[1+c] = w.at(t + 1 - day)
	dst[2+c] = w.at(t + 1 - 7*day)
	l.writeInputCovariates(dst[3+c:], w.Ahead, w.Start)
}

// Current writes the features that all leads share. len(dst) is the number of CurrentNames.
func (l Layout) Current(dst []float32, w *Window) {
	t, day := len(w.Z)-1, w.day()
	z := w.Z[t]
	dst[0] = z
	dst[1] = w.at(t - 1)
	dst[2] = z - w.at(t-day)
	dst[3] = z - w.at(t-7*day)
	if l.finer {
		writeFinerCurrent(dst[len(currentFeatures):], w)
	}
	if l.age {
		dst[len(dst)-1] = min(float32(w.Known)/float32(featureDays*day), 1)
	}
}

// Lead writes the features of leads 1..horizon after z_t, [horizon][LeadNames]. The feature "lead"
// is the lead in days. A lead beyond a day reads its lags at the nearest known multiple of a day.
func (l Layout) Lead(dst []float32, w *Window, horizon int) {
	t, day := len(w.Z)-1, w.day()
	calendarEnd := len(leadLags) + len(l.calendar)
	covariatesEnd := calendarEnd + leadCovariates*len(l.covariates)
	width := covariatesEnd + len(l.finerLeadNames()) + 1
	for k := 1; k <= horizon; k++ {
		row := dst[(k-1)*width : k*width]
		tau := t + k
		near := tau - (k-1)/day*day
		row[0] = w.at(near - day)
		row[1] = w.at(near - 2*day)
		row[2] = w.at(tau - 7*day)
		row[3] = w.at(tau - 14*day)
		row[4] = w.mean7d(near, day)
		writeCalendar(row[5:calendarEnd], l.calendar, l.place, w.Start+int64(k)*w.Interval)
		row[width-1] = float32(k) / float32(day)
	}
	for i := range l.covariates {
		l.writeLeadCovariates(dst, i, calendarEnd+leadCovariates*i, width, w, horizon)
	}
	if l.finer {
		writeFinerLead(dst, covariatesEnd, width, w, horizon)
	}
}
