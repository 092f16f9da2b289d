package tabular

import (
	"cmp"
	"slices"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Summary is what a table holds of one series.
type Summary struct {
	Series      meter.ID
	Terms       meter.Terms
	Readings    int
	First, Last time.Time
	Interval    time.Duration // most frequent step; 0 with less than two moments
	Phase       time.Duration // from a full interval since the epoch to a reading
	Gaps        int           // stretches without a reading
	Missing     int           // intervals in them
	Doubled     int           // readings of a moment that the series has already
	Odd         int           // readings that are off the grid of interval and phase
	Least, Most float64
	Mean        float64
}

// Summaries describes the series of a table, in the order of Table.Series.
func (t *Table) Summaries() []Summary {
	rows := slices.Clone(t.rows)
	slices.SortStableFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Series, b.Series), cmp.Compare(a.Unix, b.Unix))
	})
	all := make([]Summary, 0, len(t.Series))
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && rows[n].Series == rows[0].Series {
			n++
		}
		s := summary(rows[:n])
		s.Series, s.Terms = t.Series[rows[0].Series], t.Terms[rows[0].Series]
		all = append(all, s)
		rows = rows[n:]
	}
	return all
}

// summary describes the rows of one series, in the order of time.
func summary(rows []Row) Summary {
	s := Summary{Readings: len(rows), First: rows[0].Time(), Last: rows[len(rows)-1].Time(),
		Least: rows[0].Value, Most: rows[0].Value}
	times, sum := make([]int64, len(rows)), 0.0
	for i, r := range rows {
		times[i] = r.Unix
		s.Least, s.Most = min(s.Least, r.Value), max(s.Most, r.Value)
		sum += r.Value
	}
	s.Mean = sum / float64(len(rows))
	interval, _, doubled := step(times)
	s.Doubled = doubled
	if interval == 0 {
		return s
	}
	phase := commonPhase(rows, interval)
	s.Interval = time.Duration(interval) * time.Second
	s.Phase = time.Duration(phase) * time.Second
	slack := min(interval/10, 120)
	for i, r := range rows {
		nearest := meter.FloorDiv(r.Unix-phase+interval/2, interval)*interval + phase
		if off := nearest - r.Unix; off > slack || off < -slack {
			s.Odd++
		}
		if i == 0 {
			continue
		}
		if missing := (r.Unix - rows[i-1].Unix + interval/2) / interval; missing > 1 {
			s.Gaps++
			s.Missing += int(missing - 1)
		}
	}
	return s
}

// commonPhase is the most frequent distance from a full interval.
func commonPhase(rows []Row, interval int64) int64 {
	counts := map[int64]int{}
	best := int64(0)
	for _, r := range rows {
		phase := r.Unix - meter.FloorDiv(r.Unix, interval)*interval
		if len(counts) < 10_000 || counts[phase] > 0 {
			counts[phase]++
		}
		if n := counts[phase]; n > counts[best] || n == counts[best] && phase < best {
			best = phase
		}
	}
	return best
}

// Unordered counts the rows that are older than the row of their series before them.
func (t *Table) Unordered() int {
	last, n := make([]int64, len(t.Series)), 0
	for _, r := range t.rows {
		if r.Unix < last[r.Series] {
			n++
		}
		last[r.Series] = r.Unix
	}
	return n
}
