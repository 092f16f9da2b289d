package streams

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func TestDecodeScoreNamesTheField(t *testing.T) {
	t.Parallel()
	fine := string(example(t, "score.json"))
	for _, c := range []struct{ field, from, to string }{
		{"schema", `"schema":1`, `"schema":2`},
		{"series", `north.m17`, `north`},
		{"target", `"target":"2026`, `"target":"0026`},
		{"interval", `"interval":"1h"`, `"interval":"soon"`},
		{"actual", `"actual":1.234,`, ``},
		{"leads", `"lead":6`, `"lead":1`},
		{"leads", `"pinball":0.0101,`, ``},
		{"leads", `"error":0.034,`, ``},
		{"leads.lead", `"lead":6`, `"lead":6.5`},
	} {
		_, err := DecodeScore([]byte(strings.Replace(fine, c.from, c.to, 1)))
		var invalid *InvalidError
		if !errors.As(err, &invalid) || invalid.Field != c.field {
			t.Errorf("%s -> %s: %v, want field %s", c.from, c.to, err, c.field)
		}
	}
}

func TestScoreWithoutNaiveOrInterval(t *testing.T) {
	t.Parallel()
	s, err := DecodeScore(example(t, "score.json"))
	if err != nil {
		t.Fatal(err)
	}
	s.Leads[0].Naive, s.Leads[0].Covered50 = float32(math.NaN()), CoverageUnknown
	again, err := DecodeScore(s.AppendJSON(nil))
	if err != nil || !math.IsNaN(float64(again.Leads[0].Naive)) ||
		again.Leads[0].Covered50 != CoverageUnknown || again.Leads[0].Covered80 != Inside {
		t.Errorf("%+v, %v", again.Leads, err)
	}
}
