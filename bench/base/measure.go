package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/model"
)

// protocol is when a set is measured, see the README of the data.
type protocol struct {
	TestFrom  time.Time `json:"test_from"`
	Every     int       `json:"origin_every"`
	PerSeries bool      `json:"per_series"`
}

// testShare is the share of each series that is measured where series cover different years.
const testShare = 0.15

func readProtocol(data string, s source) (protocol, error) {
	for _, folder := range []string{"hourly", "more"} {
		raw, err := os.ReadFile(filepath.Join(data, folder, "protocol.json"))
		if err != nil {
			return protocol{}, err
		}
		var all map[string]protocol
		if err := json.Unmarshal(raw, &all); err != nil {
			return protocol{}, err
		}
		if p, ok := all[s.name]; ok {
			return p, nil
		}
	}
	return protocol{}, fmt.Errorf("%s: no protocol", s.name)
}

// score is how good a model is on a set that it was not trained on, over the first day of leads.
type score struct {
	Set        string        `json:"set"`
	Interval   string        `json:"interval"`
	Kind       string        `json:"kind"`
	Fold       int           `json:"fold"` // 0: the base model itself
	WQL        float64       `json:"wql"`
	Rule       evaluate.Rule `json:"rule"` // the best of the simple rules
	RuleWQL    float64       `json:"rule_wql"`
	Coverage   float64       `json:"coverage80"`
	Interval80 float64       `json:"interval_score80"`
}

// scores are what was measured, by interval and set.
type scores []score

func readFigures(path string) (all scores, err error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return all, json.Unmarshal(raw, &all)
}

// with returns the scores with one more, or another in place of that of its set.
func (all scores) with(one score) scores {
	for i, s := range all {
		if s.Set == one.Set && s.Interval == one.Interval {
			all[i] = one
			return all
		}
	}
	return append(all, one)
}

func (all scores) write(path string) error {
	raw, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(raw, '\n'), 0o644)
}

// measure scores a model on all series of a source, over the first day of its leads.
func (r recipe) measure(
	ctx context.Context, data string, m *model.Model, s source,
) (score, error) {
	histories, err := s.read(data, r.interval)
	if err != nil {
		return score{}, err
	}
	p, err := readProtocol(data, s)
	if err != nil {
		return score{}, err
	}
	groups := [][]*dataset.History{histories}
	if p.PerSeries {
		groups = nil
		for _, h := range histories {
			groups = append(groups, []*dataset.History{h})
		}
	}
	day := histories[0].Len.Day
	var pinball, actual, inside, n, band float64
	rules := map[evaluate.Rule]float64{}
	for _, group := range groups {
		from := p.TestFrom.Unix()
		if p.PerSeries {
			first, last := group[0].Start(group[0].Ring.First()), group[0].Start(group[0].Ring.Newest)
			from = last - int64(testShare*float64(last-first))
			from -= from % group[0].Len.Interval
		}
		cfg := evaluate.Config{
			From: from, Until: math.MaxInt64 / 2, Every: p.Every * day / 24, Horizon: day,
			Workers: r.workers,
		}
		report, err := evaluate.Backtest(ctx, m, group, cfg)
		if errors.Is(err, evaluate.ErrNoOrigins) {
			continue // a series that is too short for a test
		}
		if err != nil {
			return score{}, err
		}
		base, err := evaluate.ScoreRules(ctx, report, group, cfg)
		if err != nil {
			return score{}, err
		}
		sum := 0.0
		for _, l := range report.Losses {
			pinball += l.Pinball
			sum += l.Actual
		}
		actual += sum
		for rule, measures := range base.Overall {
			if sum > 0 { // else the loss of the group has no size to be divided by
				rules[rule] += measures.Pinball * sum
			}
		}
		inside += report.Overall.Coverage80 * float64(report.Overall.N)
		n += float64(report.Overall.N)
		band += report.Overall.IntervalScore80 * sum
	}
	out := score{
		Set: s.name, Interval: m.Spec.Interval, Kind: s.kind, Fold: s.fold, WQL: pinball / actual,
		Coverage: inside / n, Interval80: band / actual, RuleWQL: math.Inf(1),
	}
	for _, rule := range evaluate.Rules() {
		if wql := rules[rule] / actual; wql < out.RuleWQL {
			out.RuleWQL, out.Rule = wql, rule
		}
	}
	return out, nil
}

func (s score) String() string {
	return fmt.Sprintf("%-4s %-14s %-10s wQL %.4f, %s %.4f, ratio %.3f, coverage %.3f", s.Interval, s.Set,
		s.Kind, s.WQL, s.Rule, s.RuleWQL, s.WQL/s.RuleWQL, s.Coverage)
}
