package evaluate

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
)

const (
	// resamples is the number of resamples of a bootstrap. The seed is fixed, so that the same data
	// give the same comparison.
	resamples     = 2000
	bootstrapSeed = 0x10ad71de
	// blockDays is the length of a block: the errors of one week depend on each other.
	blockDays = 7
)

// Comparison says whether one model is better than another one on the same origins.
type Comparison struct {
	Gain      float64 `json:"gain"` // share of the other model's loss that the model saves
	Low       float64 `json:"low"`  // Low to High is the 95 % range of the gain
	High      float64 `json:"high"`
	Origins   int     `json:"origins"` // that both were scored at
	Better    bool    `json:"better"`  // the whole range is above 0
	Worse     bool    `json:"worse"`   // the whole range is below 0
	InWords   string  `json:"verdict"`
	OursWQL   float64 `json:"wql"`
	TheirsWQL float64 `json:"other_wql"`
	// Without is the series that is left out, see CompareReports; empty when none is.
	Without string `json:"without,omitempty"`
}

// Compare compares the losses of two models by a paired block bootstrap (Politis and Romano 1992,
// circular blocks) over the origins that both models were scored at. The same blocks are drawn for
// both models, so that an origin that is hard for both does not blur the difference. Blocks
// continue from the last origin to the first: otherwise the origins at the ends would be drawn too
// rarely, and the range of a short test would be too narrow.
//
// The error says that the models share less than two origins.
func Compare(ours, theirs []Loss) (Comparison, error) {
	a, b := paired(ours, theirs)
	if len(a) < 2 {
		return Comparison{},
			fmt.Errorf("only %d origins are shared by both models: widen the test range", len(a))
	}
	block := blockLength(a)
	rng := rand.New(rand.NewPCG(bootstrapSeed, uint64(len(a))))
	gains := make([]float64, resamples)
	for i := range gains {
		var x, y float64
		for n := 0; n < len(a); {
			start := rng.IntN(len(a))
			for k := start; k < start+block && n < len(a); k++ {
				x += a[k%len(a)].Pinball
				y += b[k%len(a)].Pinball
				n++
			}
		}
		gains[i] = gain(x, y)
	}
	slices.Sort(gains)
	v := Comparison{Low: quantile(gains, 0.025), High: quantile(gains, 0.975), Origins: len(a)}
	var x, y, actual float64
	for i := range a {
		x, y, actual = x+a[i].Pinball, y+b[i].Pinball, actual+a[i].Actual
	}
	v.Gain = gain(x, y)
	if actual > 0 {
		v.OursWQL, v.TheirsWQL = x/actual, y/actual
	}
	v.Better, v.Worse = v.Low > 0, v.High < 0
	v.InWords = v.words()
	return v, nil
}

func gain(ours, theirs float64) float64 {
	if theirs == 0 {
		return 0
	}
	return 1 - ours/theirs
}

func (v Comparison) words() string {
	span := fmt.Sprintf("95 %%: %+.1f .. %+.1f %%, %d origins", 100*v.Low, 100*v.High, v.Origins)
	switch {
	case v.Better:
		return fmt.Sprintf("better by %.1f %% (%s)", 100*v.Gain, span)
	case v.Worse:
		return fmt.Sprintf("worse by %.1f %% (%s)", -100*v.Gain, span)
	default:
		return fmt.Sprintf("no sure difference, %+.1f %% (%s)", 100*v.Gain, span)
	}
}

// paired keeps the origins of both models, in the order of ours.
func paired(ours, theirs []Loss) (a, b []Loss) {
	other := make(map[int64]Loss, len(theirs))
	for _, l := range theirs {
		other[l.Second] = l
	}
	for _, l := range ours {
		if o, ok := other[l.Second]; ok {
			a, b = append(a, l), append(b, o)
		}
	}
	return a, b
}

// blockLength is the number of origins in blockDays, at most an eighth of all origins: fewer blocks
// say too little about their spread.
func blockLength(a []Loss) int {
	step := max((a[len(a)-1].Second-a[0].Second)/int64(len(a)-1), 1)
	return int(min(max(blockDays*meter.DaySeconds/step, 1), int64(max(len(a)/8, 1))))
}
