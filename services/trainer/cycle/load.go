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
)

// load reads history and cuts time.
func (a *attempt) load(ctx context.Context) error {
	b := dataset.NewBuilder()
	if err := a.Source.Load(ctx, b); err != nil {
		return err
	}
	count, first, last := b.Span()
	if count == 0 {
		return errors.New("there are no readings to train on: publish some, or name files that " +
			"hold some")
	}
	cut, err := a.Cut(first, last)
	if err != nil {
		return err
	}
	if err := inside(cut, first, last); err != nil {
		return err
	}
	all := b.Build()
	if len(all) == 0 && b.Coarse() != "" {
		return errors.New(b.Coarse() + ": give readings that come at least once an hour")
	}
	a.cut, a.histories = cut, sample(all, a.Config.MaxSeries)
	hours := (last-first)/meter.IntervalSeconds + 1
	a.tell(Event{Kind: Loaded, Series: count, Hours: hours, Cut: cut})
	a.remark(b, first, last)
	return nil
}

// inside refuses a cut that lies outside of the data.
func inside(cut dataset.Cut, first, last int64) error {
	end := last + meter.IntervalSeconds
	if cut.TestFrom >= end && cut.TestUntil > cut.TestFrom || cut.ValidUntil > end ||
		cut.ValidUntil <= first {
		return fmt.Errorf("%s: that lies outside of the data, which reach from %s to %s", cut,
			date(first), date(last))
	}
	return nil
}

func date(second int64) string { return time.Unix(second, 0).UTC().Format(time.DateOnly) }

// remark tells what a person should know of the data.
func (a *attempt) remark(b *dataset.Builder, first, last int64) {
	var texts []string
	for _, text := range []string{b.RepeatsRemark(), b.Coarse()} {
		if text != "" {
			texts = append(texts, text)
		}
	}
	from, _ := testRange(a.cut)
	texts = append(texts, dataset.Remarks(a.histories, from)...)
	if gaps := a.Ahead.Gaps(a.histories, a.Ahead.Names(), first,
		last+meter.IntervalSeconds); gaps != "" {
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
