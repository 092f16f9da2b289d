package engine

import (
	"slices"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/series"
)

// From a day of readings on the base model serves a series, and from a week on the champion, if there
// is one. Before that a rule does. All forecasts have the levels and the leads of the champion, or a
// day of leads.
func TestBaseServesYoungSeries(t *testing.T) {
	t.Parallel()
	base, champion := randomBase(5, 6), randomModel(7, 4).WithVersion("3")
	for name, c := range map[string]struct {
		models []*model.Model
		older  string // version that serves from a week on
		leads  int
	}{
		"no champion":            {[]*model.Model{base}, model.BaseVersion, 24},
		"a champion":             {[]*model.Model{champion, base}, "3", horizon},
		"a champion that is set": {[]*model.Model{base, champion}, "3", horizon},
		"a champion alone":       {[]*model.Model{champion}, "3", horizon},
		"no model":               {nil, "", 24},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEngine(t, c.models...)
			for i := range int64(10 * 24) {
				f := last(t, e, at(i))
				version := ""
				if i+1 >= 24 && slices.Contains(c.models, base) {
					version = model.BaseVersion
				}
				if i+1 >= 7*24 {
					version = c.older
				}
				got := ""
				if f.Model != nil {
					got = f.Model.Version
				}
				if got != version || (version != "") != (f.Source == meter.SourceLSTM) || f.Horizon != c.leads {
					t.Fatalf("after %d hours version %q serves, source %s, %d leads; want version %q, %d leads",
						i+1, got, f.Source, f.Horizon, version, c.leads)
				}
				if d := sound(&f); d != "" {
					t.Fatal(d)
				}
				if e.ModelOf(m17) != f.Model {
					t.Fatalf("the model of the series is %v, of its forecast %v", e.ModelOf(m17), f.Model)
				}
			}
		})
	}
}

// The scale of a young series is made of all its days, after one, two, three and five of them, and
// its states are those of that scale.
func TestScaleOfAYoungSeriesGrows(t *testing.T) {
	t.Parallel()
	e := newEngine(t, randomBase(5, 6))
	changes := []int64{}
	var before float32
	for i := range int64(8 * 24) {
		last(t, e, at(i))
		scale := e.hours().slabs.scale(0)
		if !scale.Ready || scale.Scaler.Center == before {
			continue
		}
		changes, before = append(changes, i+1), scale.Scaler.Center
		h, _ := warmed(e, m17, min(i+1, 96))
		got, _ := e.hours().slabs.halves(e.hours().slabs.live.row(0))
		for k := range h {
			if d := h[k] - got[k]; d > 1e-5 || d < -1e-5 {
				t.Fatalf("after %d hours h is %v, computed anew %v", i+1, got, h)
			}
		}
	}
	if want := []int64{24, 48, 72, 120, 168}; !slices.Equal(changes, want) {
		t.Errorf("the scale changed after %v hours, want %v", changes, want)
	}
}

// A champion of other levels than the base model, or of more leads, serves alone.
func TestBaseOfAnotherFormServesNone(t *testing.T) {
	t.Parallel()
	longer := randomNetwork(7, 4, 72, series.DefaultLayout(true)).WithVersion("2")
	e := newEngine(t, randomBase(5, 6), longer)
	feed(e, 0, 47)
	if f := last(t, e, at(47)); f.Model != nil || f.Horizon != 72 {
		t.Errorf("%v with %d leads serves a series of two days", f.Model, f.Horizon)
	}
	if err := e.SetModel(randomModel(9, 4).WithVersion("4")); err != nil {
		t.Fatal(err)
	}
	if f := last(t, e, at(48)); f.Model == nil || f.Model.Version != model.BaseVersion || f.Horizon != horizon {
		t.Errorf("%v with %d leads serves a series of two days", f.Model, f.Horizon)
	}
}

// The leads of a base model that are published are those of the whole model.
func TestBaseForecastsItsFirstLeads(t *testing.T) {
	t.Parallel()
	whole := randomBase(5, 6)
	e, all := newEngine(t, whole), newEngine(t, whole.WithVersion("1"))
	feed(e, 0, 200)
	feed(all, 0, 200)
	short, long := last(t, e, at(200)), last(t, all, at(200))
	if short.Horizon != 24 || long.Horizon != 48 ||
		!slices.Equal(short.Quantiles, long.Quantiles[:len(short.Quantiles)]) {
		t.Errorf("%v\n%v", short.Quantiles, long.Quantiles)
	}
}

// The state of a series goes on in an engine whose states are wider or narrower, for a base model with
// more units than the champion is there or not.
func TestStateGoesOnWhereStatesAreOfAnotherWidth(t *testing.T) {
	t.Parallel()
	champion := randomModel(7, 4).WithVersion("3")
	champion.Digest = "sha256:champion"
	from := newEngine(t, champion)
	feed(from, 0, 10*24)
	want := last(t, newEngineOf(t, from, champion), at(10*24))
	for range 2 {
		for _, models := range [][]*model.Model{{champion, randomBase(5, 6)}, {champion}} {
			next := newEngineOf(t, from, models...)
			got := last(t, next, at(10*24))
			if d := differ(&want, &got); d != "" {
				t.Errorf("%d models: %s", len(models), d)
			}
			from = newEngineOf(t, from, models...)
		}
	}
}

// newEngineOf is a new engine with the state that m17 has in another one; its hidden states are warm.
func newEngineOf(t *testing.T, from *Engine, models ...*model.Model) *Engine {
	t.Helper()
	state, curve, ok := from.Extract(m17)
	if !ok {
		t.Fatal("m17 has no state")
	}
	p, err := ReadState(state, curve)
	if err != nil {
		t.Fatal(err)
	}
	e := newEngine(t, models...)
	if warm, err := e.Insert(p, models[0].Digest, false); err != nil || !warm {
		t.Fatalf("warm %v, %v", warm, err)
	}
	return e
}
