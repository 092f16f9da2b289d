package tabular

import "slices"

// steps returns the most frequent step between neighbouring times of each series, by index, in
// seconds, and that of most of all: the shorter one of two as frequent, 0 where no series has two
// times. repeats is how many rows have a time that their series has already. The rows may stand in
// any order.
func steps(rows []Row, series int) (each []int64, overall int64, repeats int) {
	ends := make([]int, series+1)
	for _, r := range rows {
		ends[r.Series+1]++
	}
	for s := range series {
		ends[s+1] += ends[s]
	}
	times := make([]int64, len(rows))
	next := slices.Clone(ends)
	for _, r := range rows {
		times[next[r.Series]] = r.Unix
		next[r.Series]++
	}
	each = make([]int64, series)
	counts := map[int64]int{}
	for s := range each {
		var count, again int
		each[s], count, again = step(times[ends[s]:ends[s+1]])
		repeats += again
		if count > 0 {
			counts[each[s]] += count
		}
	}
	most := 0
	for step, count := range counts {
		if count > most || count == most && step < overall {
			most, overall = count, step
		}
	}
	return each, overall, repeats
}

// step returns the most frequent step between times and how often it occurs, and how many times are
// repeats of another one. It uses times up.
func step(times []int64) (step int64, count, repeats int) {
	if len(times) < 2 {
		return 0, 0, 0
	}
	slices.Sort(times)
	for i := range times[1:] {
		times[i] = times[i+1] - times[i]
	}
	times = times[:len(times)-1]
	slices.Sort(times)
	for len(times) > 0 {
		n := 1
		for n < len(times) && times[n] == times[0] {
			n++
		}
		switch {
		case times[0] == 0:
			repeats = n
		case n > count:
			step, count = times[0], n
		}
		times = times[n:]
	}
	return step, count, repeats
}
