package series

import "math"

// Features of models of an interval shorter than an hour. One short interval says less than an hour
// of them, and the next intervals are close to the newest one. So these features are means over an
// hour, and values that lead from the newest interval to the usual ones of the target's time.
var (
	// finerCurrent are the mean of the last hour and of the last four hours, and the distance of the
	// former from the same hour of the day before and of the week before.
	finerCurrent = []string{"mean_1h", "mean_4h", "mean_change_1d", "mean_change_7d"}
	// finerLead are two decays with the time to the target, the means of the hour around the target
	// a day and a week before, and two simple forecasts: the mean of seven days plus what remains of
	// today's distance from it, and a passage from z_t to the mean of seven days.
	finerLead = []string{
		"decay_1h", "decay_4h", "lag_1d_hour", "lag_7d_hour", FeatureAnchor, "passage",
	}
)

// FeatureAnchor names the feature of a lead that is a forecast by itself. The training of a model
// of a finer interval starts from it.
const FeatureAnchor = "anchor"

// Finer adds the features of intervals shorter than an hour.
func (l Layout) Finer() Layout {
	l.finer = true
	return l
}

func (l Layout) finerCurrentNames() []string {
	if !l.finer {
		return nil
	}
	return finerCurrent
}

func (l Layout) finerLeadNames() []string {
	if !l.finer {
		return nil
	}
	return finerLead
}

// hour is the number of cells of an hour.
func (w *Window) hour() int { return max(w.day()/24, 1) }

// mean is the mean of n cells from index from on.
func (w *Window) mean(from, n int) float32 {
	var sum float32
	for i := range n {
		sum += w.at(from + i)
	}
	return sum / float32(n)
}

// mean7d is the mean of the values 1 to 7 days of so many cells before index i.
func (w *Window) mean7d(i, day int) float32 {
	var sum float32
	for d := 1; d <= 7; d++ {
		sum += w.at(i - d*day)
	}
	return sum / 7
}

// writeFinerCurrent writes finerCurrent.
func writeFinerCurrent(dst []float32, w *Window) {
	day, hour := w.day(), w.hour()
	from := len(w.Z) - hour
	dst[0] = w.mean(from, hour)
	dst[1] = w.mean(len(w.Z)-4*hour, 4*hour)
	dst[2] = dst[0] - w.mean(from-day, hour)
	dst[3] = dst[0] - w.mean(from-7*day, hour)
}

// writeFinerLead writes finerLead of all leads, the first one at column from of rows of a width.
func writeFinerLead(dst []float32, from, width int, w *Window, horizon int) {
	t, day, hour := len(w.Z)-1, w.day(), w.hour()
	z := w.Z[t]
	distance := z - w.mean7d(t, day)
	for k := 1; k <= horizon; k++ {
		row := dst[(k-1)*width+from:]
		near := t + k - (k-1)/day*day
		hours := float64(k) / float64(hour)
		decay1, decay4 := float32(math.Exp(-hours)), float32(math.Exp(-hours/4))
		mean := w.mean7d(near, day)
		around, n := near-hour/2, hour/2*2+1
		row[0], row[1] = decay1, decay4
		row[2], row[3] = w.mean(around-day, n), w.mean(around-7*day, n)
		row[4] = mean + decay4*distance
		row[5] = decay1*z + (1-decay1)*mean
	}
}
