package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/tabular"
)

// limitSets are the sets whose chances of passing a limit are measured, in the order of the table.
var limitSets = []string{"pjm", "vic", "sgsc"}

const (
	bins        = 10
	limitLevel  = 0.9 // the limit of a series is this quantile of its values before the test
	limitChance = 0.2 // that is set, where events are counted
)

// reliability says how often targets passed their limit, by the chance that was forecast.
type reliability struct {
	Chance [bins]float64 `json:"chance"` // mean of the forecast chances in a bin
	Passed [bins]float64 `json:"passed"` // share of the actuals above the limit
	N      [bins]int     `json:"n"`
	// Miss is the mean over all forecasts of the distance between Chance and Passed of their bin.
	Miss  float64 `json:"miss"`
	Brier float64 `json:"brier"`
	Base  float64 `json:"base"` // share of all actuals above the limit
	// Events are passings of a series in 30 days, by the share of limitChance below which a passed
	// limit is cleared.
	Events map[string]float64 `json:"events"`
}

// runLimits measures the chances of limits on their sets. The other figures of a set stay.
func runLimits(
	ctx context.Context, from starts, binary, data, models, document, figures string,
) error {
	results, err := readFigures(figures)
	if err != nil {
		return err
	}
	if models == "" {
		if models, err = os.MkdirTemp("", "loadtide-limits-"); err != nil {
			return err
		}
		defer os.RemoveAll(models)
	}
	for _, name := range limitSets {
		r := results[name]
		r.Name = name
		if r.Limits, err = measureLimits(ctx, from, binary, data, models, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		results[name] = r
		fmt.Fprintf(os.Stderr, "%s: chances are off by %.1f points in the mean\n",
			name, 100*r.Limits.Miss)
	}
	if err := writeFigures(figures, results); err != nil {
		return err
	}
	return writeTables(document, results)
}

// measureLimits measures the chances on one set: a forecast after every reading of the test, with a
// model that is trained when it is not in the folder models.
func measureLimits(
	ctx context.Context, from starts, binary, data, models, name string,
) (*reliability, error) {
	data = filepath.Join(data, "hourly")
	p, err := readProtocol(filepath.Join(data, "protocol.json"), name)
	if err != nil {
		return nil, err
	}
	file, dir := filepath.Join(data, name+".csv.gz"), filepath.Join(models, name)
	if _, err := os.Stat(dir); err != nil {
		args := []string{"train", "--data", file, "--valid-until", p.TestFrom, "--out", dir, "--json"}
		args = append(args, from.flags(name, "1h")...)
		if _, err := command(ctx, binary, args...); err != nil {
			return nil, err
		}
	}
	m, err := model.Load(dir)
	if err != nil {
		return nil, err
	}
	b := dataset.NewBuilder()
	err = dataset.Files{Paths: []string{file}, Options: tabular.Options{}}.Load(ctx, b)
	if err != nil {
		return nil, err
	}
	b.At(int64(m.Spec.Step() / time.Second))
	t := trained{model: m, histories: b.Build()}
	return t.limits(ctx, p)
}

// limits runs the forecasts of the test and sorts their chances into bins.
func (t *trained) limits(ctx context.Context, p protocol) (*reliability, error) {
	from, err := time.Parse(time.RFC3339, p.TestFrom)
	if err != nil {
		return nil, err
	}
	until := int64(math.MinInt64)
	watches := map[meter.ID]*watch{}
	for _, h := range t.histories {
		until = max(until, h.Start(h.Ring.Newest+1))
		watches[h.ID] = newWatch(h, from.Unix())
	}
	var sums binSums
	_, err = evaluate.Backtest(ctx, t.model, t.histories, evaluate.Config{
		From: from.Unix(), Until: until, Every: 1, Workers: runtime.GOMAXPROCS(0),
		Each: func(f engine.Forecast) { watches[f.Series].add(&f, &sums) },
	})
	if err != nil {
		return nil, err
	}
	r := sums.reliability()
	days := float64(until-from.Unix()) / meter.DaySeconds
	for i, share := range clearShares {
		passings := 0
		for _, w := range watches {
			passings += w.passings[i]
		}
		r.Events[share.name] = float64(passings) / float64(len(watches)) / days * 30
	}
	return r, nil
}

// clearShares are the shares of the chance below which a passed limit is cleared, as they are
// compared.
var clearShares = []struct {
	name  string
	share float64
}{{"1", 1}, {"0.75", 0.75}, {"0.5", 0.5}, {"0.25", 0.25}}

// watch is a series with its limit.
type watch struct {
	history  *dataset.History
	limit    float64
	passed   [4]bool // by clearShares
	passings [4]int  // likewise
}

// newWatch takes the limit from the values before the test.
func newWatch(h *dataset.History, from int64) *watch {
	var past []float32
	for n := h.Ring.First(); n < h.Cell(from) && n <= h.Ring.Newest; n++ {
		if v, q := h.Raw.At(n); q.Accepted() {
			past = append(past, v)
		}
	}
	slices.Sort(past)
	w := &watch{history: h, limit: math.Inf(1)}
	if len(past) > 0 {
		w.limit = float64(past[int(limitLevel*float64(len(past)))])
	}
	return w
}

// add holds the chances of a forecast against the actuals.
func (w *watch) add(f *engine.Forecast, sums *binSums) {
	most, n := 0.0, w.history.Cell(f.Origin)
	for k := range f.Horizon {
		quantiles := f.Quantiles[k*len(f.Levels):][:len(f.Levels)]
		chance := accuracy.Above(f.Levels, quantiles, w.limit)
		most = max(most, chance)
		cell := n + int64(k)
		if !w.history.Ring.Has(cell) {
			continue
		}
		if actual, q := w.history.Raw.At(cell); q.Accepted() {
			sums.add(chance, float64(actual) > w.limit)
		}
	}
	for i, share := range clearShares {
		switch {
		case !w.passed[i] && most >= limitChance:
			w.passed[i] = true
			w.passings[i]++
		case w.passed[i] && most < share.share*limitChance:
			w.passed[i] = false
		}
	}
}

// binSums are the sums of a reliability.
type binSums struct {
	chance, passed [bins]float64
	n              [bins]int
	brier          float64
}

func (s *binSums) add(chance float64, passed bool) {
	i, hit := min(int(chance*bins), bins-1), 0.0
	if passed {
		hit = 1
	}
	s.chance[i] += chance
	s.passed[i] += hit
	s.n[i]++
	s.brier += (chance - hit) * (chance - hit)
}

func (s *binSums) reliability() *reliability {
	r := &reliability{N: s.n, Events: map[string]float64{}}
	all := 0.0
	for i, n := range s.n {
		all += float64(n)
		if n > 0 {
			r.Chance[i], r.Passed[i] = s.chance[i]/float64(n), s.passed[i]/float64(n)
		}
		r.Miss += math.Abs(s.chance[i] - s.passed[i])
		r.Base += s.passed[i]
	}
	if all > 0 {
		r.Miss, r.Base, r.Brier = r.Miss/all, r.Base/all, s.brier/all
	}
	return r
}

// limitsTable writes a row for each bin and a column for each set that has results.
func limitsTable(results map[string]result) string {
	var measured []*reliability
	var b strings.Builder
	b.WriteString("| chance |")
	for _, name := range limitSets {
		if r := results[name].Limits; r != nil {
			measured = append(measured, r)
			fmt.Fprintf(&b, " %s |", name)
		}
	}
	fmt.Fprintf(&b, "\n| --- |%s\n", strings.Repeat(" --- |", len(measured)))
	line := func(first string, cell func(*reliability) string) {
		fmt.Fprintf(&b, "| %s |", first)
		for _, r := range measured {
			fmt.Fprintf(&b, " %s |", cell(r))
		}
		b.WriteString("\n")
	}
	for i := range bins {
		line(fmt.Sprintf("%d to %d %%", 100*i/bins, 100*(i+1)/bins), func(r *reliability) string {
			if r.N[i] == 0 {
				return "none"
			}
			return fmt.Sprintf("%.1f %%: %.1f %% of %d", 100*r.Chance[i], 100*r.Passed[i], r.N[i])
		})
	}
	line("all", func(r *reliability) string { return fmt.Sprintf("%.1f %%", 100*r.Base) })
	line("mean distance", func(r *reliability) string {
		return fmt.Sprintf("%.1f points", 100*r.Miss)
	})
	line("Brier score, that of the share of all", func(r *reliability) string {
		return fmt.Sprintf("%s, %s", short(r.Brier), short(r.Base*(1-r.Base)))
	})
	for _, share := range clearShares {
		line("passings, cleared below "+share.name+" of the chance", func(r *reliability) string {
			return fmt.Sprintf("%.1f", r.Events[share.name])
		})
	}
	return b.String()
}
