package forecaster

import (
	"testing"

	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
)

// Series of a partition that lags, or is being started again, are behind.
func TestStanding(t *testing.T) {
	t.Parallel()
	b := &statusBoard{}
	b.open(2)
	var c census
	for i := range c.By {
		if engine.StandingAt(i) == (engine.Standing{State: engine.Current, Source: meter.SourceLSTM}) {
			c.By[i] = 3
		}
	}
	counts := func() (current, behind int) {
		all := b.standing()
		return all[standing{"current", "lstm"}], all[standing{stateBehind, "lstm"}]
	}
	b.update(0, 1, 3, c, 0, true)
	b.update(1, 1, 3, c, 0, true)
	if current, behind := counts(); current != 6 || behind != 0 {
		t.Errorf("%d current, %d behind", current, behind)
	}
	b.setDown(1)
	if current, behind := counts(); current != 3 || behind != 3 {
		t.Errorf("one down: %d current, %d behind", current, behind)
	}
	late := c
	late.behind = true
	b.update(0, 1, 3, late, 9, true)
	b.update(1, 1, 3, c, 0, true)
	if current, behind := counts(); current != 3 || behind != 3 {
		t.Errorf("one late: %d current, %d behind", current, behind)
	}
}
