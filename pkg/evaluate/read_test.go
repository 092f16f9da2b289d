package evaluate

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
)

// onTime is every reading when its interval is the newest.
func onTime(all []metered) map[meter.ID][]Arrival {
	feed := map[meter.ID][]Arrival{}
	for _, m := range all {
		for i, v := range m.values {
			if !math.IsNaN(v) {
				feed[m.id()] = append(feed[m.id()],
					Arrival{Second: m.second(i), Value: v, Clock: m.second(i)})
			}
		}
	}
	return feed
}

// A feed that says the truth in time is worth what the histories are.
func TestFeedOfTheTruthIsTheHistories(t *testing.T) {
	t.Parallel()
	all, m, cfg := meters(hours), randomModel(3), config()
	want := measure(t, m, histories(all), cfg)
	cfg.Feed = onTime(all)
	for _, workers := range []int{1, 3} {
		cfg.Workers = workers
		got := measure(t, m, histories(all), cfg)
		if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%d workers: %s", workers, diff)
		}
	}
}

// A register is read at the end of an interval, and its feed is worth what its history is.
func TestFeedOfRegisters(t *testing.T) {
	t.Parallel()
	m, cfg := randomModel(3), config()
	b := dataset.NewBuilder()
	cfg.Feed = map[meter.ID][]Arrival{}
	for _, one := range meters(hours)[:1] {
		count := 5000.0
		for i, v := range one.values {
			count += math.Abs(v)
			at := one.second(i) + hour
			b.AddReading(one.id(), dataset.Reading{
				Kind: meter.Register, Unit: "kWh", Second: at, Value: count,
			})
			cfg.Feed[one.id()] = append(cfg.Feed[one.id()], Arrival{
				Second: at, Value: count, Kind: meter.Register, Clock: at,
			})
		}
	}
	all, onHistories := b.Build(), cfg
	onHistories.Feed = nil
	want, got := measure(t, m, all, onHistories), measure(t, m, all, cfg)
	if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
}

// Where a reading does not come in time the forecast before it stands, counted from the origin;
// what it does not reach is not scored. What is scored against is the truth, whatever came.
func TestFeedScoresTheForecastThatStands(t *testing.T) {
	t.Parallel()
	steady := meters(hours)[:1]
	cfg := Config{From: epoch + from*hour, Until: epoch + (from+horizon)*hour, Every: 1000}
	backtest := func(change func([]Arrival) []Arrival) (Report, engine.Forecast) {
		feed := onTime(steady)
		id := steady[0].id()
		feed[id] = change(feed[id])
		with, last := cfg, engine.Forecast{}
		with.Feed, with.Each = feed, func(f engine.Forecast) { last = f }
		r, err := Backtest(t.Context(), randomModel(4), histories(steady), with)
		if err != nil || r.Forecasts != 1 {
			t.Fatalf("%d forecasts, %v", r.Forecasts, err)
		}
		return r, last
	}
	clean, f := backtest(func(all []Arrival) []Arrival { return all })
	if clean.Overall.N != horizon || f.Origin != cfg.From {
		t.Errorf("clean: %d actuals, origin %d", clean.Overall.N, f.Origin)
	}
	lost, f := backtest(func(all []Arrival) []Arrival {
		return append(all[:from-2:from-2],
			all[from:]...)
	})
	if lost.Overall.N != horizon-2 || f.Origin != cfg.From-2*hour ||
		lost.Losses[0].Second != cfg.From {
		t.Errorf("two lost: %d actuals, origin %d, loss at %d", lost.Overall.N, f.Origin,
			lost.Losses[0].Second)
	}
	late, f := backtest(func(all []Arrival) []Arrival {
		all[from-1].Clock += 2 * hour
		all[from].Clock += 2 * hour
		all[from+1].Clock += hour
		return all
	})
	if late.Overall.N != horizon-1 || f.Origin != cfg.From-hour {
		t.Errorf("late: %d actuals, origin %d", late.Overall.N, f.Origin)
	}
	wrong, _ := backtest(func(all []Arrival) []Arrival {
		all[from-1].Value *= 1000
		return all
	})
	if wrong.Overall.N != horizon || !(wrong.Overall.Pinball > clean.Overall.Pinball) ||
		wrong.Losses[0].Actual != clean.Losses[0].Actual {
		t.Errorf("wrong: wQL %g of actual %g, clean %g of %g", wrong.Overall.Pinball,
			wrong.Losses[0].Actual, clean.Overall.Pinball, clean.Losses[0].Actual)
	}
}
