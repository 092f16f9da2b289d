package tabular

// instants reads the times of a column of the sample, line by line; ok is false where there is none.
func (s *sample) instants(c *sampleColumn) (at []int64, ok []bool) {
	order := c.calendar()
	if order == numeric {
		order = dayFirst
		for text := range c.distinct {
			if d, _, ok := readDate([]byte(text)); ok && d.second > 12 {
				order = monthFirst
			}
		}
	}
	at, ok = make([]int64, len(s.cells)), make([]bool, len(s.cells))
	for i, row := range s.cells {
		if t, read := parseInstant(row[c.index], order); read {
			at[i], ok[i] = t.local, true
		}
	}
	return at, ok
}

// length is the time from the times of one column to those of another one, in seconds, when it is the
// same in most lines and as long as the step from line to line: one column is the start of intervals
// then, and the other one their end. It is 0 otherwise, and below 0 when the other column is the start.
func (s *sample) length(a, b *sampleColumn) int64 {
	from, ok := s.instants(a)
	to, also := s.instants(b)
	lengths, steps, n := map[int64]int{}, map[int64]int{}, 0
	last := int64(-1)
	for i := range from {
		if !ok[i] || !also[i] {
			continue
		}
		n++
		lengths[to[i]-from[i]]++
		if last >= 0 && from[i] != last {
			steps[max(from[i]-last, last-from[i])]++
		}
		last = from[i]
	}
	length, step := commonest(lengths), commonest(steps)
	if n < 3 || 5*lengths[length] < 4*n || length != step && length != -step {
		return 0
	}
	return length
}

// commonest is the key with the highest count, the smallest of several.
func commonest(counts map[int64]int) (key int64) {
	for k, n := range counts {
		if n > counts[key] || n == counts[key] && k < key {
			key = k
		}
	}
	return key
}
