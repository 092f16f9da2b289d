package main

import (
	"strings"
	"testing"
)

func TestTableOfHorizons(t *testing.T) {
	t.Parallel()
	of := func(leads int, first, ofDay float64, days ...float64) horizon {
		h := horizon{Leads: leads, Scale: "asinh", TrainS: 40, First: first, FirstOfDay: ofDay}
		for _, loss := range days {
			h.Days = append(h.Days, leadsDay{Pinball: loss, Best: 0.05})
		}
		return h
	}
	table := horizonsTable(map[string]result{
		"pjm": {Horizons: []horizon{of(24, 0.03, 0.03, 0.03), of(48, 0.0303, 0.03, 0.0303, 0.04)}},
		"vic": {Horizons: []horizon{of(48, 0.02, 0.02, 0.02, 0.03)}},
	})
	for _, want := range []string{
		"| pjm | 24 | asinh | 40 s | .0300 | .0300, .0500 | | | | | | |\n",
		"| pjm | 48 | asinh | 40 s | .0303, +1.0 % | .0303, .0500 | .0400, .0500 | | | | | |\n",
		"| mean | 48 | | | +0.5 % | | | | | | | |\n",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("the table lacks %q:\n%s", want, table)
		}
	}
}

func TestSigned(t *testing.T) {
	t.Parallel()
	for want, share := range map[string]float64{
		"+0.0 %": -0.0004, "-0.1 %": -0.0006, "+1.2 %": 0.0123, "+0.1 %": 0.0005,
	} {
		if got := signed(share); got != want {
			t.Errorf("%v: %s, want %s", share, got, want)
		}
	}
}

// A lead counts by the size of its actuals, as in the measures over all leads.
func TestFirstLeads(t *testing.T) {
	t.Parallel()
	r := leadReport{ByLead: make([]leadMeasures, 48)}
	for k := range r.ByLead {
		r.ByLead[k] = leadMeasures{N: 10, MAE: 1, WAPE: 0.1, Pinball: 0.2}
	}
	r.ByLead[0] = leadMeasures{N: 10, MAE: 23, WAPE: 0.1, Pinball: 0.4} // as much as the other 23
	r.ByLead[30].Pinball = 9
	if got := r.first(); got < 0.29999 || got > 0.30001 {
		t.Errorf("%v, want 0.3", got)
	}
}

func TestBestRuleOfADay(t *testing.T) {
	t.Parallel()
	r := leadReport{
		ByDay: []leadMeasures{{Pinball: 0.1}, {Pinball: 0.2}},
		Rules: map[string][]leadMeasures{
			"mix": {{Pinball: 0.3}, {Pinball: 0.25}}, "mean_7_days": {{Pinball: 0.2}, {Pinball: 0.4}},
		},
	}
	want := []leadsDay{{0.1, 0.2, "mean_7_days"}, {0.2, 0.25, "mix"}}
	if got := r.days(); got[0] != want[0] || got[1] != want[1] {
		t.Errorf("%v, want %v", got, want)
	}
}
