package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/tabular"
)

// trainingCores is the number of cores that a training uses; the table shows the time of one of
// them.
const trainingCores = 2

// nativeSet is a set of readings that come more often than hourly.
type nativeSet struct {
	file, folder string // below the folder of the data, and that of the protocol
	protocol     string // its entry in protocol.json of the folder
	columns      tabular.Options
	energy       bool // the hours are sums of their parts, otherwise means
	aligned      bool // the series are moved to one end, see align
}

// natives are the sets of the second table, in its order.
var natives = []string{
	"edrp_30min", "sgsc_30min", "vic_30min", "uk_30min", "tetouan_30min", "homes_30min",
	"liander_15min", "ireland_15min", "steel_15min", "ev_sites_15min", "homes_15min",
}

func nativeSets() map[string]nativeSet {
	columns := func(series, time, value, one string) tabular.Options {
		return tabular.Options{
			SeriesColumn: series,
			TimeColumn:   time,
			ValueColumn:  value,
			Series:       one,
		}
	}
	all := map[string]nativeSet{
		"edrp_30min": {
			"edrp_scotland_households_30min",
			"hourly",
			"edrp",
			tabular.Options{},
			true,
			false,
		},
		"sgsc_30min": {
			"sgsc_australia_households_30min",
			"hourly",
			"sgsc",
			columns("customer_id", "reading_datetime", "general_supply_kwh", ""),
			true,
			false,
		},
		"vic_30min": {
			"vic_electricity",
			"hourly",
			"vic",
			columns("", "Time", "Demand", "VIC"),
			false,
			false,
		},
		"liander_15min": {
			"liander_substations_15min",
			"hourly",
			"liander",
			columns("station", "datetime", "total_substation", ""),
			false,
			false,
		},
	}
	for _, name := range natives {
		if _, own := all[name]; own {
			continue
		}
		energy := name != "uk_30min" && name != "tetouan_30min" && name != "ireland_15min"
		all[name] = nativeSet{
			"more/" + name, "more", name, tabular.Options{}, energy, name == "homes_15min",
		}
	}
	for name, set := range all {
		if set.energy {
			set.columns.Unit, set.columns.Kind = "kWh", meter.Energy
		}
		all[name] = set
	}
	return all
}

// hourSums compares the native model, its medians brought to hours, with a model of hours at the
// same origins: sums of absolute errors over sums of absolute actuals.
type hourSums struct {
	Native      float64 `json:"native"`
	Hourly      float64 `json:"hourly"`
	FirstNative float64 `json:"first_hour_native"`
	FirstHourly float64 `json:"first_hour_hourly"`
}

// measureNative trains a set at its own interval and at hours, and measures both.
func measureNative(
	ctx context.Context, from starts, binary, data, scratch, name string,
) (result, error) {
	set := nativeSets()[name]
	p, err := readProtocol(filepath.Join(data, set.folder, "protocol.json"), set.protocol)
	if err != nil {
		return result{}, err
	}
	file := filepath.Join(data, set.file+".csv.gz")
	if set.aligned {
		p.TestFrom, p.OriginEvery = homesFrom, homesEvery
		moved := filepath.Join(scratch, name+".csv")
		if err := align(file, moved); err != nil {
			return result{}, err
		}
		file = moved
	}
	r := result{Name: name}
	own, hours, err := trainBoth(ctx, from, binary, file, scratch, &set, p, &r)
	if err != nil {
		return r, err
	}
	began := time.Now()
	parts := int(time.Hour / own.model.Spec.Step())
	report, medians, err := own.backtest(ctx, p, p.OriginEvery*parts)
	if err != nil {
		return r, err
	}
	rules, err := evaluate.ScoreRules(ctx, report, own.histories, own.config)
	if err != nil {
		return r, err
	}
	r.BacktestS = time.Since(began).Seconds()
	_, hourly, err := hours.backtest(ctx, p, p.OriginEvery)
	if err != nil {
		return r, err
	}
	r.Interval, r.Scale = own.model.Spec.Interval, own.model.Spec.Scale
	m := report.Overall
	r.Overall, r.Baselines = measures{
		m.WAPE,
		m.MASE,
		m.Pinball,
		m.Coverage80,
	}, map[string]measures{}
	for rule, m := range rules.Overall {
		r.Baselines[string(rule)] = measures{m.WAPE, m.MASE, m.Pinball, m.Coverage80}
	}
	at := atLeads(report, parts)
	r.AtLeads = &at
	r.Hours = compareHours(hours.histories, medians, hourly, parts, set.energy)
	return r, nil
}

// atLeads are the measures over the leads that LightGBM is measured at: the first, and those that end
// 1, 3, 6, 12 and 24 hours after the origin.
func atLeads(report evaluate.Report, parts int) measures {
	var loss, wrong, size float64
	seen := map[int]bool{}
	for _, lead := range []int{1, parts, 3 * parts, 6 * parts, 12 * parts, 24 * parts} {
		m := report.ByLead[lead-1]
		if seen[lead] || m.WAPE == 0 {
			continue
		}
		seen[lead] = true
		actual := m.MAE * float64(m.N) / m.WAPE // sum of the absolute actuals
		loss, wrong, size = loss+m.Pinball*actual, wrong+m.WAPE*actual, size+actual
	}
	return measures{Pinball: loss / size, WAPE: wrong / size}
}

// readProtocol is one entry of a protocol.json.
func readProtocol(path, name string) (protocol, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return protocol{}, fmt.Errorf("the data sets are not here: %w", err)
	}
	var all map[string]protocol
	if err := json.Unmarshal(raw, &all); err != nil {
		return protocol{}, fmt.Errorf("%s: %w", path, err)
	}
	p, ok := all[name]
	if !ok {
		return p, fmt.Errorf("%s has no entry %s", path, name)
	}
	return p, nil
}

// trained is a model with the readings of its set at the model's interval.
type trained struct {
	model     *model.Model
	histories []*dataset.History
	config    evaluate.Config
}

func trainBoth(
	ctx context.Context, from starts, binary, file, scratch string, set *nativeSet, p protocol,
	r *result,
) (own, hours *trained, err error) {
	b := dataset.NewBuilder()
	if err := (dataset.Files{Paths: []string{file}, Options: set.columns}).Load(ctx, b); err != nil {
		return nil, nil, err
	}
	both := [2]*trained{}
	for i, interval := range []string{"auto", "1h"} {
		dir := filepath.Join(scratch, r.Name+"-"+interval)
		args := append(
			[]string{
				"train",
				"--data",
				file,
				"--interval",
				interval,
				"--valid-until",
				p.TestFrom,
				"--out",
				dir,
				"--json",
			},
			slices.Concat(set.arguments(), from.flags(r.Name, interval))...)
		_, processor, err := timed(ctx, binary, args...)
		if err != nil {
			return nil, nil, err
		}
		if i == 0 {
			r.TrainS = processor.Seconds() / trainingCores
		}
		m, err := model.Load(dir)
		if err != nil {
			return nil, nil, err
		}
		b.At(int64(m.Spec.Step() / time.Second))
		both[i] = &trained{model: m, histories: b.Build()}
	}
	return both[0], both[1], nil
}

// arguments say in flags how the file of a set is read.
func (s *nativeSet) arguments() (args []string) {
	o := s.columns
	for _, f := range [][2]string{
		{"--series-column", o.SeriesColumn}, {"--series", o.Series}, {"--time-column", o.TimeColumn},
		{"--value-column", o.ValueColumn}, {"--unit", o.Unit},
	} {
		if f[1] != "" {
			args = append(args, f[0], f[1])
		}
	}
	return args
}

// origin names a forecast.
type origin struct {
	series meter.ID
	second int64
}

// backtest scores a model and keeps the medians of its forecasts.
func (t *trained) backtest(
	ctx context.Context,
	p protocol,
	every int,
) (evaluate.Report, map[origin][]float64, error) {
	from, err := time.Parse(time.RFC3339, p.TestFrom)
	if err != nil {
		return evaluate.Report{}, nil, err
	}
	until := int64(math.MinInt64)
	for _, h := range t.histories {
		until = max(until, h.Start(h.Ring.Newest+1))
	}
	medians := map[origin][]float64{}
	t.config = evaluate.Config{
		From:    from.Unix(),
		Until:   until,
		Every:   every,
		Workers: runtime.GOMAXPROCS(0),
		Each: func(f engine.Forecast) {
			all, median := make([]float64, f.Horizon), t.model.Spec.Median()
			for k := range all {
				all[k] = float64(f.Quantiles[k*len(f.Levels)+median])
			}
			medians[origin{f.Series, f.Origin}] = all
		},
	}
	report, err := evaluate.Backtest(ctx, t.model, t.histories, t.config)
	return report, medians, err
}

// compareHours brings the medians of a native model to hours, and holds both models against the
// hours that were measured.
func compareHours(
	hours []*dataset.History,
	native, hourly map[origin][]float64,
	parts int,
	energy bool,
) *hourSums {
	var sums hourSums
	var all, first float64
	for _, h := range hours {
		for n := h.Ring.First(); n <= h.Ring.Newest; n++ {
			at := origin{h.ID, h.Start(n)}
			fine, coarse := native[at], hourly[at]
			for k := 0; k < len(coarse) && (k+1)*parts <= len(fine) && h.Ring.Has(n+int64(k)); k++ {
				actual, q := h.Raw.At(n + int64(k))
				if !q.Accepted() {
					continue
				}
				sum := 0.0
				for _, v := range fine[k*parts : (k+1)*parts] {
					sum += v
				}
				if !energy {
					sum /= float64(parts)
				}
				y := float64(actual)
				all += math.Abs(y)
				sums.Native, sums.Hourly = sums.Native+math.Abs(
					sum-y,
				), sums.Hourly+math.Abs(
					coarse[k]-y,
				)
				if k == 0 {
					first += math.Abs(y)
					sums.FirstNative += math.Abs(sum - y)
					sums.FirstHourly += math.Abs(coarse[0] - y)
				}
			}
		}
	}
	sums.Native, sums.Hourly = sums.Native/all, sums.Hourly/all
	sums.FirstNative, sums.FirstHourly = sums.FirstNative/first, sums.FirstHourly/first
	return &sums
}
