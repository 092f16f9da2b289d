package series

import (
	"math"

	"github.com/loadtide/loadtide/pkg/meter"
)

const (
	covariatePrefix = "covariate_"
	// dayMeanPrefix marks the mean of the day that ends with an interval: buildings follow the
	// weather slowly.
	dayMeanPrefix = "daymean_"
	// changePrefix marks the change since the same hour of the day before. The network reads the
	// value of that hour, too.
	changePrefix = "change_1d_"
	// covariateClip bounds the values of a broken thermometer, in scales.
	covariateClip = 8
	// leadCovariates is how many features of a lead one covariate makes.
	leadCovariates = 3
)

// MaxCovariateName is the longest name of a covariate in bytes. The name of a feature, which is a
// token, has a prefix before it.
const MaxCovariateName = meter.MaxToken - len(covariatePrefix)

// Hours are the values of one covariate by hour.
type Hours struct {
	First  int64     // the hour since the Unix epoch that Values starts with
	Values []float32 // in the covariate's own unit, NaN where none is known
}

// At is the value of an hour, counted from the epoch. When the hour is not known, At is the value
// of the same hour on the nearest day before, at most two weeks back. When there is no such day, At
// is NaN. At never takes a later day: training knows later days and serving does not.
func (h Hours) At(hour int64) float32 {
	for back := int64(0); back <= int64(Hourly.Features); back += int64(Hourly.Day) {
		if h.Knows(hour - back) {
			return h.Values[hour-back-h.First]
		}
	}
	return float32(math.NaN())
}

// Knows says whether the value of an hour itself is known.
func (h Hours) Knows(hour int64) bool {
	i := hour - h.First
	return i >= 0 && i < int64(len(h.Values)) && !math.IsNaN(float64(h.Values[i]))
}

// Ahead holds the covariates of one series by name. It is never written. A covariate that is not
// there reads 0 in the units of the network, which is its mean in training.
type Ahead map[string]Hours

// WithCovariates adds covariates to the features of an input and of a lead.
func (l Layout) WithCovariates(all []meter.Covariate) Layout {
	l.covariates = all
	return l
}

// Covariates are the covariates of the features.
func (l Layout) Covariates() []meter.Covariate { return l.covariates }

// scaled is the value of an hour in the units of the network, 0 where no value is known.
func scaled(c *meter.Covariate, h Hours, hour int64) float32 {
	z := (h.At(hour) - c.Center) / c.Scale
	if math.IsNaN(float64(z)) {
		return 0
	}
	return min(max(z, -covariateClip), covariateClip)
}

// inputCovariateNames are the features of one LSTM step.
func (l Layout) inputCovariateNames() []string {
	names := make([]string, len(l.covariates))
	for i := range l.covariates {
		names[i] = covariatePrefix + l.covariates[i].Name
	}
	return names
}

// leadCovariateNames are the features of one lead.
func (l Layout) leadCovariateNames() []string {
	var names []string
	for i := range l.covariates {
		name := l.covariates[i].Name
		names = append(names, covariatePrefix+name, dayMeanPrefix+name, changePrefix+name)
	}
	return names
}

// writeInputCovariates writes the features of the interval that starts at a Unix second.
func (l Layout) writeInputCovariates(dst []float32, ahead Ahead, second int64) {
	for i := range l.covariates {
		c := &l.covariates[i]
		dst[i] = scaled(c, ahead[c.Name], hourOf(second))
	}
}

// writeLeadCovariates writes covariate i of the horizon intervals after z_t: leadCovariates columns
// from column at on, in rows of width numbers.
func (l Layout) writeLeadCovariates(dst []float32, i, at, width int, w *Window, horizon int) {
	c := &l.covariates[i]
	values := w.Ahead[c.Name]
	z := func(k int) float32 { return scaled(c, values, hourOf(w.Start+int64(k)*w.Interval)) }
	day := w.day()
	for k := 1; k <= horizon; k++ {
		var sum float32
		for back := range day {
			sum += z(k - back)
		}
		row := dst[(k-1)*width:]
		near := k - (k-1)/day*day - day
		row[at], row[at+1], row[at+2] = z(k), sum/float32(day), z(k)-z(near)
	}
}

// hourOf is the hour, counted from the Unix epoch, that a Unix second lies in.
func hourOf(second int64) int64 { return meter.FloorDiv(second, meter.HourSeconds) }
