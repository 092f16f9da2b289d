package evaluate

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// losses are those of a model at n origins every five hours: factor times what
// was hard for all, and some luck of its own.
func losses(n int, factor, luck float64, seed uint64) []Loss {
	shared, own := rand.New(rand.NewPCG(1, 1)), rand.New(rand.NewPCG(seed, 2))
	all := make([]Loss, n)
	for i := range all {
		hard := 1 + 3*shared.Float64()
		all[i] = Loss{Second: epoch + int64(i)*5*hour, Pinball: factor*hard +
			luck*own.NormFloat64(), Actual: 10}
	}
	return all
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ours, theirs  []Loss
		gain          float64
		better, worse bool
		words         string
	}{
		"better": {losses(300, 0.9, 0.05, 3), losses(300, 1, 0.05, 4), 0.1, true, false,
			"better by"},
		"worse": {losses(300, 1, 0.05, 3), losses(300, 0.9, 0.05, 4), -0.111, false, true,
			"worse by"},
		"alike": {losses(300, 1, 0.3, 3), losses(300, 1, 0.3, 4), 0, false, false,
			"no sure difference"},
		"the same": {losses(300, 1, 0.3, 3), losses(300, 1, 0.3, 3), 0, false, false,
			"no sure difference"},
		"nothing lost": {losses(30, 0, 0, 3), losses(30, 0, 0, 4), 0, false, false,
			"no sure difference"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := Compare(c.ours, c.theirs)
			if err != nil || v.Better != c.better || v.Worse != c.worse ||
				!strings.Contains(v.InWords, c.words) || v.Origins != len(c.ours) {
				t.Fatalf("%+v, %v", v, err)
			}
			if math.Abs(v.Gain-c.gain) > 0.02 || v.Gain < v.Low-1e-9 || v.Gain > v.High+1e-9 {
				t.Errorf("gain %v in %v to %v, want about %v", v.Gain, v.Low, v.High, c.gain)
			}
			var ours, theirs float64
			for i := range c.ours {
				ours, theirs = ours+c.ours[i].Pinball, theirs+c.theirs[i].Pinball
			}
			if n := float64(10 * len(c.ours)); math.Abs(v.OursWQL-ours/n) > 1e-9 ||
				math.Abs(v.TheirsWQL-theirs/n) > 1e-9 {
				t.Errorf("wQL %v and %v, want %v and %v", v.OursWQL, v.TheirsWQL, ours/n, theirs/n)
			}
			if again, err := Compare(c.ours, c.theirs); err != nil || again != v {
				t.Errorf("once more: %+v, %v", again, err)
			}
		})
	}
}

// Only origins that both were scored at count.
func TestVerdictIsOnSharedOrigins(t *testing.T) {
	t.Parallel()
	ours, theirs := losses(100, 0.9, 0.01, 3), losses(100, 1, 0.01, 4)
	for i := range 50 {
		ours[i].Pinball = 1e9 // at origins that the other does not have
	}
	v, err := Compare(ours, theirs[50:])
	if err != nil || v.Origins != 50 || !v.Better {
		t.Errorf("%+v, %v", v, err)
	}
	for shared, theirs := range map[string][]Loss{"only 0 origins": nil,
		"only 1 origins": theirs[99:]} {
		if _, err := Compare(ours, theirs); err == nil || !strings.Contains(err.Error(), shared) ||
			!strings.Contains(err.Error(), "widen the test range") {
			t.Errorf("%s: %v", shared, err)
		}
	}
}

// Models that are alike are seldom said to differ, however few the origins.
func TestLuckMakesFewVerdicts(t *testing.T) {
	t.Parallel()
	const pairs = 60
	for _, n := range []int{40, 150} {
		sure := 0
		for seed := range uint64(pairs) {
			v, err := Compare(losses(n, 1, 0.3, 10+2*seed), losses(n, 1, 0.3, 11+2*seed))
			if err != nil {
				t.Fatal(err)
			}
			if v.Better || v.Worse {
				sure++
			}
		}
		if sure > pairs/6 { // 95 % would be a twentieth
			t.Errorf("%d of %d pairs of equal models differ surely on %d origins", sure, pairs, n)
		}
	}
}

// Errors of a week hang together: luck that lasts for days makes no verdict.
func TestLastingLuckMakesNoVerdict(t *testing.T) {
	t.Parallel()
	ours, theirs := losses(150, 1, 0, 3), losses(150, 1, 0, 4)
	for i := range ours {
		if i/30%2 == 0 { // six days of luck, six days without
			ours[i].Pinball *= 0.9
		} else {
			ours[i].Pinball *= 1.07
		}
	}
	v, err := Compare(ours, theirs)
	if err != nil || v.Better || v.Worse || v.High-v.Low < 0.05 {
		t.Errorf("%+v, %v", v, err)
	}
}
