package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
)

// ages are the hours of readings that a series has when it is forecast.
var ages = []int{2, 6, 12, 24, 48, 72, 120, 168, 336}

const (
	// ageStarts is how many times each series begins anew, and ageSeries how many series of a set do.
	ageStarts, ageSeries = 12, 40
	leadsOfAge           = 24
)

// ageScore is how good forecasts of series of an age are, over a day of leads: wQL of what is served, and
// of two simple rules.
type ageScore struct {
	Set         string  `json:"set"`
	Hours       int     `json:"hours"`
	Served      float64 `json:"wql"`
	Persistence float64 `json:"persistence"`
	Yesterday   float64 `json:"yesterday"`
}

// measureAges serves the series of the sets that no base model saw as if they began anew, with the base
// model of hours, and writes what it measures to a file.
func measureAges(data, path string, m *model.Model) error {
	var all []ageScore
	for _, s := range sources {
		if s.fold != 0 {
			continue
		}
		histories, err := s.read(data, time.Hour)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		scores, err := agesOf(m, s.name, histories)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		all = append(all, scores...)
	}
	raw, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, append(raw, '\n'), 0o644); err != nil {
		return err
	}
	_, err = fmt.Fprint(os.Stdout, agesTable(all))
	return err
}

func readAges(path string) (all []ageScore, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return all, json.Unmarshal(raw, &all)
}

// agesOf are the scores of the series of a set.
func agesOf(m *model.Model, set string, histories []*dataset.History) ([]ageScore, error) {
	sums := make([]ageScore, len(ages))
	actual := make([]float64, len(ages))
	step := max(1, len(histories)/ageSeries)
	for i := 0; i < len(histories); i += step {
		raw := &histories[i].Raw
		last := ages[len(ages)-1] + leadsOfAge
		room := int(raw.Newest-raw.First()) + 1 - last
		for k := range ageStarts {
			if room <= 0 {
				break
			}
			// Not all at the same time of the day.
			start := raw.First() + int64(k*room/ageStarts+7*k)
			if err := life(m, histories[i], start, sums, actual); err != nil {
				return nil, err
			}
		}
	}
	for i := range sums {
		s := &sums[i]
		s.Set, s.Hours = set, ages[i]
		s.Served, s.Persistence, s.Yesterday = s.Served/actual[i], s.Persistence/actual[i], s.Yesterday/actual[i]
	}
	return sums, nil
}

// life serves one series from a cell on, and adds the losses at the ages.
func life(
	m *model.Model, h *dataset.History, start int64, sums []ageScore, actual []float64,
) error {
	e := engine.New()
	if err := e.SetModel(m); err != nil {
		return err
	}
	levels := m.Spec.Levels
	past := make([]float32, 0, ages[len(ages)-1])
	rule := make([]float32, leadsOfAge*len(levels))
	scratch := make([]float32, accuracy.NaiveScratch(cap(past), len(levels)))
	for n := start; len(past) < cap(past); n++ {
		v, q := h.Raw.At(n)
		if !q.Accepted() {
			return nil // the ages are those of readings in a row
		}
		past = append(past, v)
		done := e.Step([]engine.Reading{{
			Series: h.ID, Second: h.Start(n), Value: float64(v), Unit: h.Unit, Kind: meter.Energy,
			Quality: meter.OK,
		}})
		i := slices.Index(ages, len(past))
		if i < 0 {
			continue
		}
		if len(done.Forecasts) != 1 {
			return fmt.Errorf("%s: %d forecasts after %d hours", h.ID, len(done.Forecasts), len(past))
		}
		truth := func(lead int) (float64, bool) {
			v, q := h.Raw.At(n + int64(lead))
			return float64(v), h.Raw.Has(n+int64(lead)) && q == meter.OK
		}
		loss := func(quantiles []float32) float64 { return lossOf(quantiles, levels, truth) }
		sums[i].Served += loss(done.Forecasts[0].Quantiles)
		accuracy.Persistence(rule, past, len(past), leadsOfAge, levels, scratch)
		sums[i].Persistence += loss(rule)
		accuracy.SeasonalNaive(rule, past, len(past), 24, leadsOfAge, levels, scratch)
		sums[i].Yesterday += loss(rule)
		for lead := 1; lead <= leadsOfAge; lead++ {
			if v, ok := truth(lead); ok {
				actual[i] += math.Abs(v)
			}
		}
	}
	return nil
}

// lossOf is twice the mean pinball loss over the levels, summed over the leads.
func lossOf(quantiles []float32, levels []float64, truth func(lead int) (float64, bool)) float64 {
	sum := 0.0
	for lead := 1; lead <= leadsOfAge; lead++ {
		v, ok := truth(lead)
		if !ok {
			continue
		}
		for q, level := range levels {
			forecast := float64(quantiles[(lead-1)*len(levels)+q])
			sum += 2 * accuracy.Pinball(level, v, forecast) / float64(len(levels))
		}
	}
	return sum
}

// agesTable is the ratio of what is served to the better one of the two rules, by set and age, in
// Markdown.
func agesTable(all []ageScore) string {
	var b strings.Builder
	head, line := "| set |", "| --- |"
	for _, hours := range ages {
		name := fmt.Sprintf("%d h", hours)
		if hours%24 == 0 {
			name = fmt.Sprintf("%d d", hours/24)
		}
		head, line = head+" "+name+" |", line+" --- |"
	}
	fmt.Fprintf(&b, "%s\n%s\n", head, line)
	for i, s := range all {
		if i%len(ages) == 0 {
			fmt.Fprintf(&b, "| %s |", s.Set)
		}
		fmt.Fprintf(&b, " %.2f |", s.Served/min(s.Persistence, s.Yesterday))
		if i%len(ages) == len(ages)-1 {
			b.WriteString("\n")
		}
	}
	return b.String()
}
