package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/evaluate"
)

// scored is measures with the name of what they are of, in one JSON object.
type scored struct {
	key   string
	value any
	accuracy.Measures
}

// MarshalJSON puts the name before the measures.
func (s scored) MarshalJSON() ([]byte, error) {
	head, err := json.Marshal(map[string]any{s.key: s.value})
	if err != nil {
		return nil, err
	}
	tail, err := s.Measures.MarshalJSON()
	if err != nil {
		return nil, err
	}
	return append(append(head[:len(head)-1], ','), tail[1:]...), nil
}

// backtestObject is what --json prints; its names are a contract.
func backtestObject(m, fair *measured, verdict *evaluate.Comparison) any {
	horizon := len(m.report.ByLead)
	out := struct {
		Protocol  map[string]any                      `json:"protocol"`
		Overall   accuracy.Measures                   `json:"overall"`
		ByLead    []scored                            `json:"by_lead"`
		Series    []scored                            `json:"series"`
		Baselines map[evaluate.Rule]accuracy.Measures `json:"baselines"`
		Faults    *scoreboard                         `json:"faults,omitempty"`
		Fair      *fairObject                         `json:"exclude_flagged,omitempty"`
		Compare   *evaluate.Comparison                `json:"compare,omitempty"`
	}{
		Protocol: map[string]any{
			"test_from": stamp(m.config.From), "test_until": stamp(m.config.Until), "origin_every": m.config.Every, "horizon": horizon,
			"interval": m.model.Spec.Interval, "levels": m.model.Spec.Levels, "forecasts": m.report.Forecasts, "series": m.report.Series,
			"model": map[string]string{"name": m.model.Spec.Name, "version": m.model.Version, "digest": m.model.Digest, "scale": m.model.Spec.Scale},
		},
		Overall: m.report.Overall, ByLead: []scored{}, Series: []scored{}, Baselines: m.baselines.Overall, Faults: m.board, Compare: verdict,
	}
	if fair != nil {
		out.Fair = &fairObject{fair.report.Overall, fair.baselines.Overall, m.report.Overall.N - fair.report.Overall.N}
	}
	for k, lead := range m.report.ByLead {
		out.ByLead = append(out.ByLead, scored{"lead", k + 1, lead})
	}
	for _, s := range m.report.PerSeries {
		out.Series = append(out.Series, scored{"series", s.Series, s.Overall})
	}
	return out
}

// fairObject is the second table of --exclude-flagged.
type fairObject struct {
	Overall   accuracy.Measures                   `json:"overall"`
	Baselines map[evaluate.Rule]accuracy.Measures `json:"baselines"`
	LeftOut   int                                 `json:"left_out"` // scores of actuals that cannot be true
}

// ruleWords are what the rules are called before a person.
var ruleWords = map[evaluate.Rule]string{
	evaluate.SeasonalNaiveDay: "same hour yesterday", evaluate.SeasonalNaiveWeek: "same hour last week",
	evaluate.Mean7Days: "mean of 7 days", evaluate.Mix: "mix of simple rules",
}

// printBacktest is the table of a backtest.
func printBacktest(w io.Writer, m, fair *measured, verdict *evaluate.Comparison) error {
	r := m.report
	fmt.Fprintf(w, "test: %s to %s, an origin every %d h, %d leads, %d series, %d forecasts in %.1f s; the model saw data up to %s\n",
		stamp(m.config.From), stamp(m.config.Until), m.config.Every, len(r.ByLead), r.Series, r.Forecasts, m.took.Seconds(), m.model.Spec.TrainedUntil.Format("2006-01-02"))
	if m.model.Spec.TrainedUntil.Unix() > m.config.From {
		fmt.Fprintln(w, "warn: the model has seen part of this test; its scores are too good")
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	const head = "\tn\tMAE\tWAPE\tMASE\twQL\t80 % BAND\tIS80\tvs DAY\t"
	fmt.Fprintln(t, head)
	day := m.baselines.SeasonalNaive()
	name := m.model.Spec.Name
	if m.model.Version != "" {
		name += " v" + m.model.Version
	}
	for i, lead := range []int{1, len(r.ByLead)} {
		if i == 0 && len(r.ByLead) == 1 {
			continue
		}
		printRow(t, fmt.Sprintf("%s  lead %d", pick(i == 0, name, strings.Repeat(" ", len(name))), lead), r.ByLead[lead-1], m.baselines.ByLead[evaluate.SeasonalNaiveDay][lead-1])
	}
	printRow(t, strings.Repeat(" ", len(name))+"  all", r.Overall, day)
	if m.board != nil {
		printRow(t, strings.Repeat(" ", len(name))+"  on true values", m.board.Clean, day)
	}
	for _, rule := range evaluate.Rules() {
		printRow(t, ruleWords[rule], m.baselines.Overall[rule], day)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if fair != nil {
		fmt.Fprintf(w, "without %d scores of actuals that cannot be true:\n", r.Overall.N-fair.report.Overall.N)
		fmt.Fprintln(t, head)
		printRow(t, name+"  all", fair.report.Overall, fair.baselines.SeasonalNaive())
		for _, rule := range evaluate.Rules() {
			printRow(t, ruleWords[rule], fair.baselines.Overall[rule], fair.baselines.SeasonalNaive())
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintln(w, inWords(m)); err != nil {
		return err
	}
	if m.board != nil {
		if _, err := fmt.Fprintln(w, m.board.words(r.Overall)); err != nil {
			return err
		}
	}
	if verdict != nil {
		_, err := fmt.Fprintf(w, "against the other model: %s\n", verdict.InWords)
		return err
	}
	return nil
}

func pick(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

func printRow(w io.Writer, name string, m, day accuracy.Measures) {
	against := "-"
	if m != day && day.Pinball > 0 {
		against = fmt.Sprintf("%+.0f %%", 100*(1-m.Pinball/day.Pinball))
	}
	fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", name, m.N, digits(m.MAE), percent(m.WAPE), digits(m.MASE), digits(m.Pinball), percent(m.Coverage80), digits(m.IntervalScore80), against)
}

// percent is a share as people read it, - where there is none.
func percent(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*v)
}

// digits is a score with three of them, - where there is none.
func digits(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return fmt.Sprintf("%.3g", v)
}

// inWords is the last line: on how many series the model is better than every
// simple rule, and the worst one. Bad news is not softened.
func inWords(m *measured) string {
	r := m.report
	better, worse, worst, worstSkill := 0, []string{}, "", math.Inf(1)
	for i, s := range r.PerSeries {
		rules := m.baselines.PerSeries[i]
		least := math.Inf(1)
		for _, b := range rules {
			least = min(least, b.Pinball)
		}
		if s.Overall.Pinball < least {
			better++
		}
		day := rules[evaluate.SeasonalNaiveDay].Pinball
		if s.Overall.Pinball > day {
			worse = append(worse, s.Series)
		}
		if skill := 1 - s.Overall.Pinball/day; skill < worstSkill && day > 0 {
			worst, worstSkill = s.Series, skill
		}
	}
	band := fmt.Sprintf("The 80 %% band held %.1f %% of the actuals.", 100*r.Overall.Coverage80)
	if len(worse) > 0 {
		shown := worse
		if len(shown) > 5 {
			shown = append(shown[:5:5], "...")
		}
		return fmt.Sprintf("WORSE than same hour yesterday on %d of %d series: %s. %s", len(worse), len(r.PerSeries), strings.Join(shown, " "), band)
	}
	if worst == "" {
		return fmt.Sprintf("There is nothing to be better at: the same hour yesterday is never wrong, or nothing was used. %s", band)
	}
	return fmt.Sprintf("better than all four simple rules on %d of %d series; worst: %s (%+.0f %% against same hour yesterday). %s", better, len(r.PerSeries), worst, 100*worstSkill, band)
}
