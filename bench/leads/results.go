package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// result holds the figures of one case.
type result struct {
	Case       string `json:"case"`
	Bytes      int    `json:"bytes"`      // of a forecast
	Pipeline   rounds `json:"pipeline"`   // microseconds of the processor for a reading
	Forecaster rounds `json:"forecaster"` // likewise, of the whole program
	Broker     rounds `json:"broker"`     // likewise, of the server and the sender
}

// rounds are the figures of all rounds, in their order.
type rounds []float64

func (r *rounds) add(v float64) { *r = append(*r, v) }

// median returns 0 when there are no rounds.
func (r rounds) median() float64 {
	if len(r) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(r))
	return sorted[len(sorted)/2]
}

// rate is the median of the readings in a second of one core, which forecaster, server and sender
// share.
func (r *result) rate() float64 {
	rates := make(rounds, len(r.Forecaster))
	for i := range rates {
		rates[i] = 1e6 / (r.Forecaster[i] + r.Broker[i])
	}
	return rates.median()
}

// to is the median of the ratios to other, within a round.
func (r rounds) to(other rounds) float64 {
	ratios := make(rounds, len(r))
	for i := range r {
		ratios[i] = r[i] / other[i]
	}
	return ratios.median()
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

const (
	beginTable = "<!-- leads: make bench-leads -->\n"
	endTable   = "<!-- end of leads -->"
)

// tableOf writes one row for each case.
func tableOf(results []result) string {
	var b strings.Builder
	b.WriteString("| case | bytes of a message | pipeline, us | of the first case | " +
		"forecaster, us | of the first case | broker and sender, us | readings a second of a core |\n" +
		"| --- | --- | --- | --- | --- | --- | --- | --- |\n")
	first := &results[0]
	for i := range results {
		r := &results[i]
		fmt.Fprintf(&b, "| %s | %d | %.1f | %.2f | %.1f | %.2f | %.1f | %.0f |\n", r.Case, r.Bytes,
			r.Pipeline.median(), r.Pipeline.to(first.Pipeline),
			r.Forecaster.median(), r.Forecaster.to(first.Forecaster),
			r.Broker.median(), r.rate())
	}
	return b.String()
}

// write puts the table between its marks in the document, and the results into a file.
func write(document, figures, table string, results []result) error {
	text, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	head, rest, found := strings.Cut(string(text), beginTable)
	_, tail, closed := strings.Cut(rest, endTable)
	if !found || !closed {
		return fmt.Errorf("%s has no marks %q and %q", document, beginTable, endTable)
	}
	if err := os.WriteFile(document, []byte(head+beginTable+table+endTable+tail), 0o644); err != nil {
		return err
	}
	data, err := json.MarshalIndent(results, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(figures, append(data, '\n'), 0o644)
}
