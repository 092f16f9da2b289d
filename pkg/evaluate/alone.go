package evaluate

import (
	"fmt"
	"math"
)

// leastSeries is the least number of series among which one can be told from the others.
const leastSeries = 3

// CompareReports is Compare over the losses of two reports. Losses are sums over series, so a
// series with a large scale may decide alone whether a model is better. When the answer is another
// one without the series whose losses differ most, the comparison is the one without that series:
// Without names it, and InWords says so. With fewer than three series none is left out.
func CompareReports(ours, theirs *Report) (Comparison, error) {
	all, err := Compare(ours.Losses, theirs.Losses)
	if err != nil {
		return all, err
	}
	name, ok := mostApart(ours, theirs)
	if !ok {
		return all, nil
	}
	rest, err := Compare(ours.lossesWithout(name), theirs.lossesWithout(name))
	if err != nil || rest.Better == all.Better {
		return all, nil // the others say nothing, or the same
	}
	rest.Without = name
	rest.InWords = fmt.Sprintf("%s; that is without %s, which alone would make it %s", rest.InWords,
		name, all.InWords)
	return rest, nil
}

// LessLoss reports whether ours has less loss in sum than theirs. When the answer is another one
// without the series whose losses differ most, the answer is the one without that series, and
// without names it.
func LessLoss(ours, theirs *Report) (less bool, without string) {
	less = gap(ours.Losses, theirs.Losses) < 0
	name, ok := mostApart(ours, theirs)
	if !ok {
		return less, ""
	}
	rest := gap(ours.lossesWithout(name), theirs.lossesWithout(name))
	if rest == 0 || rest < 0 == less {
		return less, ""
	}
	return !less, name
}

// gap is what ours lose more than theirs, over the origins of both.
func gap(ours, theirs []Loss) float64 {
	sum := 0.
	a, b := paired(ours, theirs)
	for i := range a {
		sum += a[i].Pinball - b[i].Pinball
	}
	return sum
}

// mostApart is the series whose losses differ most between two reports, over the origins of both.
// ok is false when fewer than leastSeries have such origins.
func mostApart(ours, theirs *Report) (name string, ok bool) {
	other := map[string][]Loss{}
	for _, s := range theirs.PerSeries {
		other[s.Series] = append(other[s.Series], s.Losses...)
	}
	apart := map[string]float64{}
	most := -1.
	for _, s := range ours.PerSeries {
		a, b := paired(s.Losses, other[s.Series])
		if len(a) == 0 {
			continue
		}
		for i := range a {
			apart[s.Series] += math.Abs(a[i].Pinball - b[i].Pinball)
		}
		if sum := apart[s.Series]; sum > most {
			name, most = s.Series, sum
		}
	}
	return name, len(apart) >= leastSeries
}

// lossesWithout are the losses of all series but one, by origin, in the order of time.
func (r *Report) lossesWithout(name string) []Loss {
	sums := lossSums{}
	for _, s := range r.PerSeries {
		if s.Series != name {
			sums.add(s.Losses)
		}
	}
	return sums.sorted()
}
