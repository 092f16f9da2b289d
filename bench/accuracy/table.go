package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strings"
)

// sets are the data sets of the table, in its order.
var sets = []string{"edrp", "pjm", "sgsc", "citylearn", "etth1", "vic", "liander"}

// reference holds results of other programs by the same protocol: wQL and, in
// brackets, WAPE. They were measured once, with the scripts that came with the data.
var reference = map[string]struct{ lightGBM, pytorch string }{
	"edrp":      {".3233 (43.2 %)", ".3249 (43.4 %)"},
	"pjm":       {".0302 (4.25 %)", ".0288 (4.04 %)"},
	"sgsc":      {".460 (57.2 %)", ".463 (57.7 %)"},
	"citylearn": {".293 (40.4 %)", ".283 (39.9 %)"},
	"etth1":     {".194 (27.2 %)", ".193 (27.0 %)"},
	"vic":       {"not run", ".0264 (3.64 %)"},
	"liander":   {"not run", ".411 (54.8 %)"},
}

const (
	beginTable  = "<!-- table: make accuracy -->\n"
	beginNative = "<!-- table of native intervals: make accuracy -->\n"
	beginLimits = "<!-- table of limits: make accuracy -->\n"
	beginAhead  = "<!-- table of horizons: make accuracy -->\n"
	endTable    = "<!-- end of table -->"
)

// readFigures reads the results of earlier runs, by set. A file that does not exist holds none.
func readFigures(path string) (map[string]result, error) {
	results := map[string]result{}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return results, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &results); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return results, nil
}

func writeFigures(path string, results map[string]result) error {
	data, err := json.MarshalIndent(results, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}

// writeTables replaces the tables between their marks in the document.
func writeTables(path string, results map[string]result) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for _, one := range []struct{ begin, table string }{
		{beginTable, table(results)}, {beginNative, nativeTable(results)},
		{beginLimits, limitsTable(results)}, {beginAhead, horizonsTable(results)},
	} {
		head, rest, found := strings.Cut(string(text), one.begin)
		_, tail, closed := strings.Cut(rest, endTable)
		if !found || !closed {
			return fmt.Errorf("%s has no marks %q and %q", path, one.begin, endTable)
		}
		text = []byte(head + one.begin + one.table + endTable + tail)
	}
	return os.WriteFile(path, text, 0o644)
}

// nativeTable writes one row for each native set that has results.
func nativeTable(results map[string]result) string {
	var b strings.Builder
	b.WriteString(
		"| set | interval | best simple rule | **Loadtide** | LightGBM, Loadtide at six leads | " +
			"band held | scale | training | " +
			"to hours: native, hourly model | first hour: native, hourly model |\n" +
			"| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
	)
	cell := func(m measures) string { return fmt.Sprintf("%s (%.3g %%)", short(m.Pinball), 100*m.WAPE) }
	for _, name := range natives {
		r, ok := results[name]
		if !ok || r.Hours == nil {
			continue
		}
		best, other := measures{Pinball: math.Inf(1)}, "not run, "
		for _, m := range r.Baselines {
			if m.Pinball < best.Pinball {
				best = m
			}
		}
		if r.LightGBM != nil {
			other = cell(*r.LightGBM) + ", "
		}
		if r.AtLeads != nil {
			other += cell(*r.AtLeads)
		}
		h := r.Hours
		fmt.Fprintf(
			&b,
			"| %s | %s | %s | **%s** | %s | %.1f %% | %s | %.0f s | %.2f, %.2f %% | %.2f, %.2f %% |\n",
			name,
			r.Interval,
			cell(best),
			cell(r.Overall),
			other,
			100*r.Overall.Coverage,
			r.Scale,
			r.TrainS,
			100*h.Native,
			100*h.Hourly,
			100*h.FirstNative,
			100*h.FirstHourly,
		)
	}
	return b.String()
}

// table writes one row for each set that has results.
func table(results map[string]result) string {
	var b strings.Builder
	b.WriteString(
		"| set | same hour yesterday | same hour last week | mean of 7 days | mix | LightGBM | " +
			"PyTorch L16 | **Loadtide** | band held | scale | training, backtest |\n",
	)
	b.WriteString("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	cell := func(m measures) string { return fmt.Sprintf("%s (%.3g %%)", short(m.Pinball), 100*m.WAPE) }
	for _, name := range sets {
		r, ok := results[name]
		if !ok {
			continue
		}
		base := func(rule string) string { return cell(r.Baselines[rule]) }
		fmt.Fprintf(
			&b,
			"| %s | %s | %s | %s | %s | %s | **%s** | %s | %.1f %% | %s | %.0f s, %.0f s |\n",
			name,
			base(
				"seasonal_naive_day",
			),
			base("seasonal_naive_week"),
			base("mean_7_days"),
			base("mix"),
			reference[name].lightGBM,
			reference[name].pytorch,
			cell(r.Overall),
			100*r.Overall.Coverage,
			r.Scale,
			r.TrainS,
			r.BacktestS,
		)
	}
	return b.String()
}

// short writes .0288 for 0.0288.
func short(v float64) string {
	digits := 3
	if v < 0.1 || v > 0.3 && v < 0.4 {
		digits = 4
	}
	return strings.TrimPrefix(fmt.Sprintf("%.*f", digits, v), "0")
}
