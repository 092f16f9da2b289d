package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// horizonSets are measured at the horizons of horizonLeads, in the order of the table.
var (
	horizonSets  = []string{"pjm", "vic", "edrp", "sgsc"}
	horizonLeads = []int{24, 48, 168}
)

const dayLeads = 24

// horizon holds the measures of a model of one horizon.
type horizon struct {
	Leads  int        `json:"leads"`
	Scale  string     `json:"scale"`
	TrainS float64    `json:"train_processor_seconds,omitempty"` // of the processor
	Days   []leadsDay `json:"days"`
	// First is the wQL of the first 24 leads, FirstOfDay that of the model of a day at the same
	// origins.
	First      float64 `json:"first"`
	FirstOfDay float64 `json:"first_of_day_model"`
}

// leadsDay holds the wQL of the leads of one day: of the model, and of the best simple rule.
type leadsDay struct {
	Pinball float64 `json:"pinball"`
	Best    float64 `json:"best_rule_pinball"`
	Rule    string  `json:"best_rule"`
}

// leadReport is what the measures need of the answer of backtest.
type leadReport struct {
	Protocol struct {
		Model struct {
			Scale string `json:"scale"`
		} `json:"model"`
	} `json:"protocol"`
	ByLead []leadMeasures            `json:"by_lead"`
	ByDay  []leadMeasures            `json:"by_day"`
	Rules  map[string][]leadMeasures `json:"baselines_by_day"`
}

type leadMeasures struct {
	N       int     `json:"n"`
	MAE     float64 `json:"mae"`
	WAPE    float64 `json:"wape"`
	Pinball float64 `json:"pinball"`
}

// runHorizons measures the sets of horizonSets. The other figures of a set stay.
func runHorizons(
	ctx context.Context, from starts, binary, data, models, document, figures string,
) error {
	results, err := readFigures(figures)
	if err != nil {
		return err
	}
	if models == "" {
		if models, err = os.MkdirTemp("", "loadtide-horizons-"); err != nil {
			return err
		}
		defer os.RemoveAll(models)
	}
	for _, name := range horizonSets {
		r := results[name]
		r.Name = name
		set := horizonSet{
			from: from, binary: binary, data: filepath.Join(data, "hourly"), models: models, name: name,
		}
		if r.Horizons, err = set.measure(ctx, r.Horizons); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		results[name] = r
		if err := writeFigures(figures, results); err != nil {
			return err
		}
	}
	return writeTables(document, results)
}

// horizonSet is a set that is measured.
type horizonSet struct {
	from                       starts
	binary, data, models, name string
}

func (s *horizonSet) file() string { return filepath.Join(s.data, s.name+".csv.gz") }

func (s *horizonSet) dir(leads int) string {
	return filepath.Join(s.models, fmt.Sprintf("%s-%d", s.name, leads))
}

// measure trains and backtests a model for each horizon. A model that is in the folder already keeps
// the time of its training from earlier results.
func (s *horizonSet) measure(ctx context.Context, earlier []horizon) ([]horizon, error) {
	p, err := readProtocol(filepath.Join(s.data, "protocol.json"), s.name)
	if err != nil {
		return nil, err
	}
	var all []horizon
	for i, leads := range horizonLeads {
		h := horizon{Leads: leads}
		if i < len(earlier) && earlier[i].Leads == leads {
			h.TrainS = earlier[i].TrainS
		}
		if _, err := os.Stat(s.dir(leads)); err != nil {
			args := append([]string{
				"train", "--data", s.file(), "--valid-until", p.TestFrom, "--horizon", fmt.Sprint(leads), "--out",
				s.dir(leads), "--json",
			}, s.from.flags(s.name, "1h")...)
			_, processor, err := timed(ctx, s.binary, args...)
			if err != nil {
				return nil, err
			}
			h.TrainS = processor.Seconds()
		}
		report, err := s.backtest(ctx, p, leads, 0)
		if err != nil {
			return nil, err
		}
		// The last origins of a longer horizon are earlier: the model of a day is measured at them.
		ofDay, err := s.backtest(ctx, p, dayLeads, leads-dayLeads)
		if err != nil {
			return nil, err
		}
		h.Scale, h.Days = report.Protocol.Model.Scale, report.days()
		h.First, h.FirstOfDay = report.first(), ofDay.first()
		all = append(all, h)
		fmt.Fprintf(os.Stderr, "%s, %d leads: first day %.4f, model of a day %.4f, last day %.4f\n",
			s.name, leads, h.First, h.FirstOfDay, h.Days[len(h.Days)-1].Pinball)
	}
	return all, nil
}

// backtest scores a model on the test without its last hours.
func (s *horizonSet) backtest(
	ctx context.Context, p protocol, leads, without int,
) (r leadReport, err error) {
	last, err := time.Parse(time.RFC3339, p.Last)
	if err != nil {
		return r, err
	}
	until := last.Add(time.Duration(1-without) * time.Hour)
	printed, err := command(ctx, s.binary, "backtest", "--data", s.file(), "--model", s.dir(leads),
		"--test-from", p.TestFrom, "--test-until", until.Format(time.RFC3339),
		"--origin-every", fmt.Sprint(p.OriginEvery), "--json")
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(printed, &r); err != nil {
		return r, fmt.Errorf("answer of backtest: %w", err)
	}
	return r, nil
}

// days are the measures by day of the lead, beside the rule that is best there.
func (r *leadReport) days() []leadsDay {
	all := make([]leadsDay, len(r.ByDay))
	for d := range all {
		all[d] = leadsDay{Pinball: r.ByDay[d].Pinball, Best: math.Inf(1)}
		for rule, days := range r.Rules {
			if loss := days[d].Pinball; loss < all[d].Best {
				all[d].Best, all[d].Rule = loss, rule
			}
		}
	}
	return all
}

// first is the wQL of the first 24 leads.
func (r *leadReport) first() float64 {
	var loss, size float64
	for _, m := range r.ByLead[:dayLeads] {
		actual := m.MAE * float64(m.N) / m.WAPE // sum of the absolute actuals
		loss, size = loss+m.Pinball*actual, size+actual
	}
	return loss / size
}

// horizonsTable writes a row for each set and horizon that has results, and one with the means of
// the first leads.
func horizonsTable(results map[string]result) string {
	var b strings.Builder
	days := horizonLeads[len(horizonLeads)-1] / dayLeads
	b.WriteString("| set | leads | scale | training | first 24 leads, against the model of a day |")
	for d := range days {
		fmt.Fprintf(&b, " day %d |", d+1)
	}
	b.WriteString("\n|" + strings.Repeat(" --- |", 5+days) + "\n")
	worse, sets := map[int]float64{}, map[int]int{}
	for _, name := range horizonSets {
		for _, h := range results[name].Horizons {
			worse[h.Leads] += h.First/h.FirstOfDay - 1
			sets[h.Leads]++
			fmt.Fprintf(&b, "| %s | %d | %s | %.0f s | %s |", name, h.Leads, h.Scale, h.TrainS,
				h.firstWords())
			for _, day := range h.Days {
				fmt.Fprintf(&b, " %s, %s |", short(day.Pinball), short(day.Best))
			}
			b.WriteString(strings.Repeat(" |", days-len(h.Days)) + "\n")
		}
	}
	for _, leads := range horizonLeads[1:] {
		if n := sets[leads]; n > 0 {
			fmt.Fprintf(&b, "| mean | %d | | | %s |%s\n", leads, signed(worse[leads]/float64(n)),
				strings.Repeat(" |", days))
		}
	}
	return b.String()
}

// firstWords compares the first leads with those of the model of a day.
func (h *horizon) firstWords() string {
	if h.Leads == dayLeads {
		return short(h.First)
	}
	return fmt.Sprintf("%s, %s", short(h.First), signed(h.First/h.FirstOfDay-1))
}

// signed is a share in percent with its sign; less than half a tenth of a percent is +0.0 %.
func signed(share float64) string {
	return fmt.Sprintf("%+.1f %%", math.Round(1000*share)/10+0)
}
