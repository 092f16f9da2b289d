package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/model/base"
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

// print prints the results, as one JSON object or as a table.
func (r *results) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(r.object())
	}
	return r.table(w)
}

// object is what --json prints; its names are a contract.
func (r *results) object() any {
	out := struct {
		Protocol  map[string]any                      `json:"protocol"`
		Overall   accuracy.Measures                   `json:"overall"`
		ByLead    []scored                            `json:"by_lead"`
		ByDay     []scored                            `json:"by_day"`
		Series    []scored                            `json:"series"`
		Baselines map[evaluate.Rule]accuracy.Measures `json:"baselines"`
		RulesDay  map[evaluate.Rule][]scored          `json:"baselines_by_day"`
		Faults    *evaluate.FaultCost                 `json:"faults,omitempty"`
		Fair      *fairObject                         `json:"exclude_flagged,omitempty"`
		Compare   *evaluate.Comparison                `json:"compare,omitempty"`
	}{
		Protocol: r.protocol(), Overall: r.report.Overall, ByLead: []scored{}, Series: []scored{},
		ByDay: byDay(r.report.ByDay), RulesDay: map[evaluate.Rule][]scored{},
		Baselines: r.baselines.Overall, Faults: r.cost, Compare: r.comparison,
	}
	if r.fair != nil {
		out.Fair = &fairObject{r.fair.report.Overall, r.fair.baselines.Overall, r.flagged()}
	}
	for k, lead := range r.report.ByLead {
		out.ByLead = append(out.ByLead, scored{"lead", k + 1, lead})
	}
	for rule, days := range r.baselines.ByDay {
		out.RulesDay[rule] = byDay(days)
	}
	for _, s := range r.report.PerSeries {
		out.Series = append(out.Series, scored{"series", s.Series, s.Overall})
	}
	return out
}

// byDay are measures by the day of the lead, from day 1 on.
func byDay(days []accuracy.Measures) []scored {
	all := make([]scored, len(days))
	for d := range days {
		all[d] = scored{"day", d + 1, days[d]}
	}
	return all
}

// protocol says what was measured, and how.
func (r *results) protocol() map[string]any {
	m := r.model
	return map[string]any{
		"test_from": stamp(r.config.From), "test_until": stamp(r.config.Until),
		"origin_every": r.config.Every, "horizon": len(r.report.ByLead),
		"interval": m.Spec.Interval, "levels": m.Spec.Levels,
		"forecasts": r.report.Forecasts, "series": r.report.Series,
		"model": map[string]string{
			"name": m.Spec.Name, "version": m.Version, "digest": m.Digest, "scale": m.Spec.Scale,
		},
	}
}

// flagged is the number of scores of actuals that cannot be true.
func (r *results) flagged() int { return r.report.Overall.N - r.fair.report.Overall.N }

// fairObject is the second table of --exclude-flagged.
type fairObject struct {
	Overall   accuracy.Measures                   `json:"overall"`
	Baselines map[evaluate.Rule]accuracy.Measures `json:"baselines"`
	// LeftOut is the number of scores of actuals that cannot be true.
	LeftOut int `json:"left_out"`
}

// ruleWords are the names of the rules in tables and charts.
var ruleWords = map[evaluate.Rule]string{
	evaluate.SeasonalNaiveDay:  "same hour yesterday",
	evaluate.SeasonalNaiveWeek: "same hour last week",
	evaluate.Mean7Days:         "mean of 7 days", evaluate.Mix: "mix of simple rules",
}

// trainedOn says what a model was trained on.
func trainedOn(m *model.Model) string {
	if m.Version == base.Version {
		return "the base model was trained on the public series that loadtide models show base names"
	}
	return "the model saw data up to " + m.Spec.TrainedUntil.Format(time.DateOnly)
}

// table prints the results for a person.
func (r *results) table(w io.Writer) error {
	m := r.model
	fmt.Fprintf(
		w,
		"test: %s to %s, an origin every %s, %d leads of %s, %d series, %d forecasts in %.1f s; %s\n",
		stamp(
			r.config.From,
		),
		stamp(r.config.Until),
		stepWords(time.Duration(r.config.Every)*m.Spec.Step()),
		len(r.report.ByLead),
		stepWords(m.Spec.Step()),
		r.report.Series,
		r.report.Forecasts,
		r.took.Seconds(),
		trainedOn(m),
	)
	if m.Version != base.Version && m.Spec.TrainedUntil.Unix() > r.config.From {
		fmt.Fprintln(w, "warn: the model has seen part of this test; its scores are too good")
	}
	name := m.Title()
	if err := r.scores(newTable(w), name); err != nil {
		return err
	}
	if r.fair != nil {
		fmt.Fprintf(w, "without %d scores of actuals that cannot be true:\n", r.flagged())
		t := newTable(w)
		t.row(name+"  all", r.fair.report.Overall, r.fair.baselines.Overall)
		if err := t.rules(r.fair.baselines); err != nil {
			return err
		}
	}
	lines := []string{r.summary()}
	if r.cost != nil {
		lines = append(lines, costWords(r.cost, r.report.Overall))
	}
	if r.comparison != nil {
		lines = append(lines, "against the other model: "+r.comparison.InWords)
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

// scores prints the rows of the model and of the rules.
func (r *results) scores(t scoreTable, name string) error {
	indent := strings.Repeat(" ", len(name))
	rules, last := &r.baselines, len(r.report.ByLead)
	if last > 1 {
		t.row(name+"  lead 1", r.report.ByLead[0], rulesAt(rules.ByLead, 0))
	}
	t.row(fmt.Sprintf("%s  lead %d", indent, last), r.report.ByLead[last-1],
		rulesAt(rules.ByLead, last-1))
	if days := r.report.ByDay; len(days) > 1 {
		for d := range days {
			t.row(fmt.Sprintf("%s  day %d", indent, d+1), days[d], rulesAt(rules.ByDay, d))
		}
	}
	t.row(indent+"  all", r.report.Overall, rules.Overall)
	if r.cost != nil {
		t.row(indent+"  on true values", r.cost.Clean, rules.Overall)
	}
	return t.rules(r.baselines)
}

// ruleMeasures are the measures of the rules by the same actuals.
type ruleMeasures map[evaluate.Rule]accuracy.Measures

// rulesAt are the measures of the rules at one lead, or on one day of the lead.
func rulesAt(all map[evaluate.Rule][]accuracy.Measures, i int) ruleMeasures {
	at := ruleMeasures{}
	for rule, measures := range all {
		at[rule] = measures[i]
	}
	return at
}

// best is the least pinball loss of a rule.
func (r ruleMeasures) best() float64 {
	least := math.Inf(1)
	for _, m := range r {
		least = min(least, m.Pinball)
	}
	return least
}

// scoreTable prints scores in columns.
type scoreTable struct{ *tabwriter.Writer }

func newTable(w io.Writer) scoreTable {
	t := scoreTable{tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)}
	fmt.Fprintln(t, "\tn\tMAE\tWAPE\tMASE\twQL\t80 % BAND\tIS80\tvs DAY\tvs BEST RULE\t")
	return t
}

// row prints the scores of the model, and their gain over the rule "same hour yesterday" and over
// the rule that is the best there.
func (t scoreTable) row(name string, m accuracy.Measures, rules ruleMeasures) {
	t.line(name, m, gain(m, rules[evaluate.SeasonalNaiveDay].Pinball), gain(m, rules.best()))
}

// line prints scores and words about them.
func (t scoreTable) line(name string, m accuracy.Measures, day, best string) {
	fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", name, m.N, digits(m.MAE),
		percent(m.WAPE), digits(m.MASE), digits(m.Pinball), percent(m.Coverage80),
		digits(m.IntervalScore80), day, best)
}

// gain is the gain in pinball loss over another loss, - where there is none.
func gain(m accuracy.Measures, other float64) string {
	if !(other > 0) || math.IsInf(other, 0) {
		return "-"
	}
	return fmt.Sprintf("%+.0f %%", 100*(1-m.Pinball/other))
}

// rules prints the rows of the rules, and ends the table.
func (t scoreTable) rules(b evaluate.Baselines) error {
	for _, rule := range evaluate.Rules() {
		day := "-"
		if rule != evaluate.SeasonalNaiveDay {
			day = gain(b.Overall[rule], b.SeasonalNaive().Pinball)
		}
		t.line(ruleWords[rule], b.Overall[rule], day, "-")
	}
	return t.Flush()
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
	return significant(v, 3)
}

// maxWorse is how many series the last line names.
const maxWorse = 5

// summary is the last line: on how many series the model is better than every simple rule, and the
// worst series. Bad news is not softened.
func (r *results) summary() string {
	better, worse, worst, worstSkill := 0, []string{}, "", math.Inf(1)
	for i, s := range r.report.PerSeries {
		rules := r.baselines.PerSeries[i]
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
	all := len(r.report.PerSeries)
	band := fmt.Sprintf("The 80 %% band held %.1f %% of the actuals.",
		100*r.report.Overall.Coverage80)
	if n := len(worse); n > 0 {
		if n > maxWorse {
			worse = append(worse[:maxWorse:maxWorse], "...")
		}
		return fmt.Sprintf("WORSE than same hour yesterday on %d of %d series: %s. %s", n, all,
			strings.Join(worse, " "), band)
	}
	if worst == "" {
		return "There is nothing to be better at: the same hour yesterday is never wrong, or " +
			"nothing was used. " + band
	}
	return fmt.Sprintf("better than all four simple rules on %d of %d series; worst: %s (%+.0f "+
		"%% against same hour yesterday). %s",
		better, all, worst, 100*worstSkill, band)
}
