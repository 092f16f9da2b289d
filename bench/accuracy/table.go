package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// sets are those with a row, in this order.
var sets = []string{"edrp", "pjm", "sgsc", "citylearn", "etth1", "vic", "liander"}

// reference are results of other programs by the same protocol, measured once
// with the scripts that came with the data: wQL and WAPE.
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
	beginTable = "<!-- table: make accuracy -->"
	endTable   = "<!-- end of table -->"
	beginData  = "<!-- results "
	endData    = " -->"
)

// earlier are the results that the document holds, for sets that are not
// measured now.
func earlier(path string) (map[string]result, error) {
	results := map[string]result{}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the document must be there, with its marks: %w", err)
	}
	_, rest, found := strings.Cut(string(text), beginData)
	if !found {
		return results, nil
	}
	data, _, _ := strings.Cut(rest, endData)
	if err := json.Unmarshal([]byte(data), &results); err != nil {
		return nil, fmt.Errorf("%s: results: %w", path, err)
	}
	return results, nil
}

// write puts the table between its marks.
func write(path string, results map[string]result) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	head, rest, found := strings.Cut(string(text), beginTable)
	_, tail, closed := strings.Cut(rest, endTable)
	if !found || !closed {
		return fmt.Errorf("%s has no marks %q and %q", path, beginTable, endTable)
	}
	data, err := json.Marshal(results)
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(head+beginTable+"\n"+beginData+string(data)+endData+"\n"+table(results)+endTable+tail), 0o644)
}

func table(results map[string]result) string {
	var b strings.Builder
	b.WriteString("| set | same hour yesterday | same hour last week | mean of 7 days | mix | LightGBM | PyTorch L16 | **Loadtide** | band held | scale | training, backtest |\n")
	b.WriteString("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	cell := func(m measures) string { return fmt.Sprintf("%s (%.3g %%)", short(m.Pinball), 100*m.WAPE) }
	for _, name := range sets {
		r, ok := results[name]
		if !ok {
			continue
		}
		base := func(rule string) string { return cell(r.Baselines[rule]) }
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | **%s** | %.1f %% | %s | %.0f s, %.0f s |\n", name,
			base("seasonal_naive_day"), base("seasonal_naive_week"), base("mean_7_days"), base("mix"),
			reference[name].lightGBM, reference[name].pytorch, cell(r.Overall), 100*r.Overall.Coverage, r.Scale, r.TrainS, r.BacktestS)
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
