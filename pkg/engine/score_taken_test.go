package engine

import (
	"fmt"
	"math"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
)

// taken is an engine that goes on with the series that another one has after 60 hours of rules'
// forecasts, or after 200 hours with forecasts of a network, too.
func taken(t *testing.T, hours int64, into *Engine) *Engine {
	t.Helper()
	m := randomModel(38, 4)
	m.Version = "9"
	a := newEngine(t, m)
	feed(a, 0, hours)
	state, curve, _ := a.Extract(m17)
	p, err := ReadState(state, curve)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := into.Insert(p, "", false); err != nil {
		t.Fatal(err)
	}
	return into
}

// The forecasts of rules that wait stay those of rules.
func TestExportTakesForecastsOfRules(t *testing.T) {
	t.Parallel()
	m := randomModel(38, 4)
	m.Version = "9"
	scores := taken(t, 60, newEngine(t, m)).Step([]Reading{at(60)}).Scores
	if len(scores) != 1 || len(scores[0].Leads) == 0 {
		t.Fatalf("scores %+v", scores)
	}
	for _, l := range scores[0].Leads {
		if l.Version != "" || l.InForce || l.Source == meter.SourceLSTM {
			t.Errorf("%+v", l)
		}
	}
}

// The forecasts that wait are dropped where their leads are others, and where no number is left for
// the version of their model.
func TestExportDropsForecasts(t *testing.T) {
	t.Parallel()
	full := newEngine(t, randomModel(38, 4))
	for s := &full.hours().slabs; len(s.versions) < mostVersions; {
		s.versions = append(s.versions, fmt.Sprint("other ", len(s.versions)))
	}
	for name, e := range map[string]*Engine{"other leads": newEngine(t, nil), "no number": full} {
		if scores := taken(t, 200, e).Step([]Reading{at(200)}).Scores; len(scores) > 0 {
			t.Errorf("%s: scores %+v", name, scores)
		}
	}
}

// Beside a forecast of up to a day ahead stands the value of a day before the interval. The loss of
// that value is half of its distance, as levels lie alike around the median. Before there is a
// scale, the usual value is that of all cells.
func TestNaiveValueOfADayAhead(t *testing.T) {
	t.Parallel()
	e := newEngine(t, nil)
	feed(e, 0, 100)
	scores := e.Step([]Reading{at(100)}).Scores
	near := func(got, want float64) bool { return math.Abs(got-want) < 1e-6 }
	if len(scores) != 1 || scores[0].Leads[len(scores[0].Leads)-1].Lead != dayHours {
		t.Fatalf("scores %+v", scores)
	}
	for _, l := range scores[0].Leads {
		if want := math.Abs(load(100)-load(100-dayHours)) / 2; !near(l.Naive, want) {
			t.Errorf("the naive loss of lead %d is %v, want %v", l.Lead, l.Naive, want)
		}
	}
	sum := 0.0
	for i := range int64(101) {
		sum += math.Abs(load(i))
	}
	if got := float64(scores[0].Usual); !near(got, sum/101) {
		t.Errorf("the usual value is %v, want %v", got, sum/101)
	}
}
