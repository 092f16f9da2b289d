package series

import "testing"

// The lengths at 1 h, which most tests are at.
const (
	dayCells     = 24
	scaleCells   = 7 * dayCells
	featureCells = 14 * dayCells
	openCells    = 49
	ringCells    = featureCells + openCells
)

func TestLengthsOf(t *testing.T) {
	t.Parallel()
	hourly := Lengths{
		Interval: 3600, Day: dayCells, Week: 168, Late: 48, Open: openCells,
		Features: featureCells, Inputs: 168, Ring: ringCells, Scale: scaleCells,
	}
	if Hourly != hourly {
		t.Errorf("1 h: %+v", Hourly)
	}
	quarters := Lengths{Interval: 900, Day: 96, Week: 672, Late: 192, Open: 193, Features: 1344, Inputs: 672, Ring: 1537, Scale: 672}
	if got := LengthsOf(900); got != quarters {
		t.Errorf("15 min: %+v", got)
	}
}
