package meter_test

import (
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

func TestHorizon(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		interval time.Duration
		leads    int // 0: refused
	}{
		"24": {time.Hour, 24}, "1": {time.Hour, 1}, "48h": {time.Hour, 48}, "48h ": {time.Hour, 0},
		"2d": {15 * time.Minute, 192}, "7d": {5 * time.Minute, 2016}, "168h": {time.Hour, 168},
		"169h": {time.Hour, 0}, "8d": {time.Hour, 0}, "9223372036854775807d": {time.Hour, 0},
		"169": {time.Hour, 0}, "169m": {time.Hour, 0}, "90m": {30 * time.Minute, 3},
		"0": {time.Hour, 0}, "-3": {time.Hour, 0}, "0h": {time.Hour, 0}, "-1d": {time.Hour, 0},
		"d": {time.Hour, 0}, "week": {time.Hour, 0}, "": {time.Hour, 0},
	} {
		var h meter.Horizon
		err := h.UnmarshalText([]byte(text))
		leads := 0
		if err == nil {
			leads, err = h.LeadsAt(want.interval, 7)
		}
		if leads != want.leads || (err != nil) != (want.leads == 0) {
			t.Errorf("%q at %s is %d leads (%v), want %d", text, want.interval, leads, err, want.leads)
		}
		var again meter.Horizon
		if err == nil && (again.UnmarshalText([]byte(h.String())) != nil || again != h) {
			t.Errorf("%q is written %q and read as %v", text, h.String(), again)
		}
	}
	for text, want := range map[string]int{"": 24, "6": 6, "36": 24, "6h": 6, "90m": 2, "7d": 24} {
		var h meter.Horizon
		if text != "" {
			_ = h.UnmarshalText([]byte(text))
		}
		if got := h.Bound(24, time.Hour); got != want {
			t.Errorf("%q lets %d of 24 leads through, want %d", text, got, want)
		}
	}
	var open meter.Horizon
	if leads, err := open.LeadsAt(time.Hour, 7); leads != 7 || err != nil || open.String() != "" {
		t.Errorf("an open horizon is %d leads (%v), written %q", leads, err, open.String())
	}
}
