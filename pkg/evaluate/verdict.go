package evaluate

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

const (
	// resamples of a bootstrap, and its fixed seed: the same data give the same
	// verdict.
	resamples     = 2000
	bootstrapSeed = 0x10ad71de
	// blockDays is the length of a block: errors of one week hang together.
	blockDays = 7
)

// Loss is what all series together lost at one origin.
type Loss struct {
	Second  int64   // of the origin
	Pinball float64 // twice the sum of pinball losses, mean over the levels
	Actual  float64 // sum of the absolute actuals
}

// Verdict says whether one model is better than another on the same origins.
type Verdict struct {
	Gain      float64 `json:"gain"`    // share of the other's loss that is saved
	Low       float64 `json:"low"`     // 95 % range of the gain
	High      float64 `json:"high"`    //
	Origins   int     `json:"origins"` //
	Better    bool    `json:"better"`  // surely: the whole range is above 0
	Worse     bool    `json:"worse"`   // surely
	InWords   string  `json:"verdict"` //
	OursWQL   float64 `json:"wql"`
	TheirsWQL float64 `json:"other_wql"`
}

// Compare is a paired block bootstrap (Politis and Romano 1992, circular blocks)
// over the origins that both were scored at: the same blocks are drawn for both,
// so that what is hard for both does not blur the difference. Blocks go round
// from the last origin to the first, or those at the ends would be drawn too
// rarely and short tests be too sure.
func Compare(ours, theirs []Loss) (Verdict, error) {
	a, b := paired(ours, theirs)
	if len(a) < 2 {
		return Verdict{}, fmt.Errorf("only %d origins are shared by both models: widen the test range", len(a))
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
	v := Verdict{Low: quantile(gains, 0.025), High: quantile(gains, 0.975), Origins: len(a)}
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

func (v Verdict) words() string {
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

// paired keeps the origins that both have, in the order of time.
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

// blockLength is the number of origins in blockDays, at most an eighth of them:
// fewer blocks say too little about their own spread.
func blockLength(a []Loss) int {
	step := max((a[len(a)-1].Second-a[0].Second)/int64(len(a)-1), 1)
	return int(min(max(blockDays*86400/step, 1), int64(max(len(a)/8, 1))))
}
