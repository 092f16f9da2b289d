package evaluate

import (
	"cmp"
	"math"
	"slices"

	"github.com/loadtide/loadtide/pkg/accuracy"
)

// Loss is the loss at one origin, of one series or of all series together.
type Loss struct {
	Second  int64   // of the origin
	Pinball float64 // twice the sum of the pinball losses, mean over the levels
	Actual  float64 // sum of the absolute actuals
}

// add adds the loss of one lead.
func (l *Loss) add(levels []float64, actual float64, quantiles []float32) {
	for i, q := range quantiles {
		l.Pinball += pinballShare(levels, i, actual, q)
	}
	l.Actual += math.Abs(actual)
}

// pinballShare is what one quantile adds to the Pinball of a Loss.
func pinballShare(levels []float64, i int, actual float64, quantile float32) float64 {
	return 2 * accuracy.Pinball(levels[i], actual, float64(quantile)) / float64(len(levels))
}

// lossSums adds losses up by origin.
type lossSums map[int64]*Loss

func (s lossSums) add(losses []Loss) {
	for _, l := range losses {
		sum, ok := s[l.Second]
		if !ok {
			sum = &Loss{Second: l.Second}
			s[l.Second] = sum
		}
		sum.Pinball += l.Pinball
		sum.Actual += l.Actual
	}
}

// sorted returns the sums in the order of time.
func (s lossSums) sorted() []Loss {
	all := make([]Loss, 0, len(s))
	for _, l := range s {
		all = append(all, *l)
	}
	slices.SortFunc(all, func(a, b Loss) int { return cmp.Compare(a.Second, b.Second) })
	return all
}
