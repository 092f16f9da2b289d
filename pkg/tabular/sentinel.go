package tabular

// sentinels are the numbers that stand for a missing value in some files.
var sentinels = [...]float64{-999, -9999, -99999, -999999}

// fewestSentinels is how often such a number stands in a file at least that means no value.
const fewestSentinels = 2

// leaveOutSentinels leaves out the values -9999 and the like of the rows from first on, where they
// cannot be values: one of these numbers stands several times, and no other value is below zero.
// Where another value is below zero they stay, and are pointed out.
func (l *loader) leaveOutSentinels(first int) {
	rows := l.table.rows[first:]
	var counts [len(sentinels)]int
	below := 0
	for _, r := range rows {
		if r.Value < 0 {
			if i := sentinelOf(r.Value); i >= 0 {
				counts[i]++
			} else {
				below++
			}
		}
	}
	sentinel, kinds := 0, 0
	for i, n := range counts {
		if n > 0 {
			sentinel, kinds = i, kinds+1
		}
	}
	value, n := sentinels[sentinel], counts[sentinel]
	switch {
	case kinds != 1 || n < fewestSentinels:
		return
	case below > 0:
		l.warn("%d values are %v, as where no value is there, and %d others are below zero as well: all "+
			"of them count; take the rows out if they are no values", n, value, below)
		return
	}
	kept := rows[:0]
	for _, r := range rows {
		if r.Value != value {
			kept = append(kept, r)
		}
	}
	l.report.LeftOut += n
	l.table.rows = l.table.rows[:first+len(kept)]
	l.warn("%d values of %v stand for no value, as no other value is below zero: they were left out",
		n, value)
}

// sentinelOf is which of the sentinels a number is, -1 for none.
func sentinelOf(value float64) int {
	for i, s := range sentinels {
		if value == s {
			return i
		}
	}
	return -1
}
