package cycle

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/series"
)

// load reads history and cuts time.
func (a *attempt) load(ctx context.Context) error {
	b := dataset.NewBuilder()
	if err := a.Source.Load(ctx, b); err != nil {
		return err
	}
	if count, _, _ := b.Span(); count == 0 {
		return errors.New(
			"there are no readings to train on: publish some, or name files that hold some",
		)
	}
	b.At(a.Config.interval())
	b.In(a.Config.Zone)
	all, large := withoutLarge(b.Build())
	a.len = series.LengthsOf(b.Interval())
	if len(all) == 0 {
		return nothingLeft(b, large)
	}
	var err error
	if a.leads, err = a.Config.Horizon.LeadsAt(a.interval(), a.len.Day); err != nil {
		return err
	}
	if a.Config.Model == "" {
		a.Config.Model = registry.ModelName(a.interval())
	}
	used, err := a.divide(all)
	if err != nil {
		return err
	}
	a.histories = sample(all, a.Config.MaxSeries)
	hours := (used.Last-used.First+a.len.Interval-1)/meter.HourSeconds + 1
	a.tell(
		Event{
			Kind:     Loaded,
			Series:   dataset.CountSeries(all),
			Hours:    hours,
			Interval: meter.IntervalName(a.interval()),
			Cut:      a.cut,
		},
	)
	a.remark(b, large, used)
	return nil
}

// divide cuts the time of the histories, and returns that time.
func (a *attempt) divide(all []*dataset.History) (dataset.Span, error) {
	spans := dataset.SpansOf(all)
	used := spans.Around(a.Named, a.len.Interval)
	e := dataset.Extent{
		First: used.First, Last: used.Last, Interval: a.len.Interval,
		Horizon: int64(a.leads) * a.len.Interval,
	}
	if used == spans.Most {
		e.Reach = spans.Reach()
	}
	cut, err := a.Cut(e)
	if err != nil {
		return used, err
	}
	used.First = min(used.First, cut.First)
	if err := inside(cut, used.First, used.Last+a.len.Interval); err != nil {
		return used, err
	}
	a.first = cut.First
	cut.First = min(cut.First, spans.Whole.First) // what is older than the ranges can be trained on
	a.cut = cut
	return used, nil
}

// interval is the interval of the model.
func (a *attempt) interval() time.Duration { return time.Duration(a.len.Interval) * time.Second }

// nothingLeft says why no series can be trained on.
func nothingLeft(b *dataset.Builder, large string) error {
	if large != "" {
		return errors.New(large + ": give readings in a larger unit")
	}
	if b.Interval() == meter.HourSeconds {
		return errors.New(b.Coarse() + ": give readings that come at least once an hour")
	}
	return errors.New(
		b.Coarse() + ": train at the interval of the readings or at a multiple of it; readings must " +
			"come at least once an hour",
	)
}

// largest bounds the values of a series that is trained on. A forecast is at most meter.MaxValue,
// and one of a series near that is replaced by a simple rule: no model is judged by it.
const largest = meter.MaxValue / 10

// withoutLarge leaves out the series with values beyond largest. words tells of them, and is empty
// when there are none.
func withoutLarge(histories []*dataset.History) (kept []*dataset.History, words string) {
	var names []string
	out := map[meter.ID]bool{}
	for _, h := range histories {
		for _, v := range h.Raw.Values {
			if !out[h.ID] && !(v < largest && v > -largest) {
				out[h.ID] = true
				names = append(names, fmt.Sprintf("%s (%.3g)", h.ID, v))
			}
		}
	}
	for _, h := range histories {
		if !out[h.ID] {
			kept = append(kept, h)
		}
	}
	if len(names) > 0 {
		words = fmt.Sprintf(
			"%d of %d series hold values beyond %.0e and are left out: %s",
			len(names),
			dataset.CountSeries(histories),
			float64(largest),
			dataset.SomeOf(names),
		)
	}
	return kept, words
}

// inside refuses a cut that lies outside of the data.
func inside(cut dataset.Cut, first, end int64) error {
	if cut.TestFrom >= end && cut.TestUntil > cut.TestFrom || cut.ValidUntil > end ||
		cut.ValidUntil <= first {
		return fmt.Errorf("%s: that lies outside of the data, which reach from %s to %s", cut,
			date(first), date(end-1))
	}
	return nil
}

func date(second int64) string { return time.Unix(second, 0).UTC().Format(time.DateOnly) }

// remark tells what a person should know of the data.
func (a *attempt) remark(b *dataset.Builder, large string, used dataset.Span) {
	texts := b.LeftOut()
	if large != "" {
		texts = append(texts, large)
	}
	end := used.Last + a.len.Interval
	if later := dataset.Later(a.histories, end); later != "" {
		texts = append(texts, later)
	}
	from, until := testRange(a.cut)
	texts = append(texts, dataset.Remarks(a.histories, from, until)...)
	if gaps := a.Ahead.Gaps(a.histories, a.Ahead.Names(), used.First, end); gaps != "" {
		texts = append(texts, "covariates: "+gaps)
	}
	for _, text := range texts {
		a.tell(Event{Kind: Warning, Text: text})
	}
}

// sample takes at most n histories, evenly over their scales.
func sample(all []*dataset.History, n int) []*dataset.History {
	if len(all) <= n {
		return all
	}
	slices.SortStableFunc(all, func(a, b *dataset.History) int {
		return cmp.Compare(a.MeanAbs(), b.MeanAbs())
	})
	taken := make([]*dataset.History, n)
	for i := range taken {
		taken[i] = all[i*len(all)/n]
	}
	return taken
}
