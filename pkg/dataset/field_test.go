package dataset

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/servertest"
	"github.com/loadtide/loadtide/pkg/tabular"
)

// cellsOf are the cells of the one series of a file at an interval in seconds, 0 for that of the
// readings: how many were measured, and the energy of the last days.
func cellsOf(t *testing.T, path string, interval int64, opts tabular.Options, days int) (cells int, energy float64) {
	t.Helper()
	b := NewBuilder()
	files := Files{Paths: []string{path}, Options: opts}
	if err := files.Load(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	b.At(interval)
	histories := b.Build()
	if len(histories) == 0 {
		t.Fatal("no history: ", b.LeftOut())
	}
	last := histories[len(histories)-1]
	end := last.Start(last.Raw.Newest + 1)
	for _, h := range histories {
		for n := max(h.Own, h.Raw.First()); n <= h.Raw.Newest; n++ {
			value, quality := h.Raw.At(n)
			if !quality.Accepted() {
				continue
			}
			cells++
			if h.Start(n) >= end-int64(days)*meter.DaySeconds {
				energy += float64(value)
			}
		}
	}
	return cells, energy
}

// TestFieldGrids: files whose readings do not stand on full hours of one interval keep their energy.
func TestFieldGrids(t *testing.T) {
	t.Parallel()
	dir := servertest.FieldFiles(t)
	kWh := tabular.Options{Series: "a.b", Unit: "kWh"}
	for name, c := range map[string]struct {
		file     string
		interval int64
		days     int
		cells    int // measured, one less may be
		energy   float64
		within   float64
	}{
		"hours":                     {"F01/reference_hourly.csv", 3600, 10, 720, 157, 0.01},
		"half-hours, then hours":    {"F01/half_then_hour.csv", 3600, 10, 720, 157, 0.01},
		"hours, then half-hours":    {"F01/hour_then_half.csv", 3600, 10, 720, 157, 0.01},
		"the first one 4 s late":    {"F02/first_4s_late.csv", 3600, 10, 720, 157, 0.01},
		"the first one at half":     {"F02/first_at_half_past.csv", 3600, 10, 720, 157, 0.01},
		"each some seconds late":    {"F03/hourly_0_to_4_s_late.csv", 3600, 10, 720, 157, 0.01},
		"half-hours at a quarter":   {"F05/half_hour_at_quarter_past.csv", 0, 20, 960, 315.4, 0.01},
		"minutes of energy, in Wh":  {"F04/minute_energy.csv", 3600, 2, 26, 15740, 0.01},
		"Octopus, unit by the file": {"F12/half_hour_kwh.csv", 3600, 10, 336, 157, 0.05},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opts := kWh
			if strings.HasPrefix(c.file, "F04") {
				opts.Unit = "Wh"
			}
			if strings.HasPrefix(c.file, "F12") {
				opts.Unit = ""
			}
			cells, energy := cellsOf(t, filepath.Join(dir, filepath.FromSlash(c.file)), c.interval, opts, c.days)
			if cells < c.cells-1 || cells > c.cells || math.Abs(energy-c.energy) > c.within*c.energy {
				t.Errorf("%d cells, %.4g in the last days, want %d and %.4g", cells, energy, c.cells, c.energy)
			}
		})
	}
}

// TestUnitOfTheFile: a file that says its unit is summed or averaged accordingly, without a flag.
func TestUnitOfTheFile(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]float64{"Consumption (kWh)": 48, "Load [kW]": 24} {
		var text strings.Builder
		text.WriteString("Start;" + header + "\n")
		at := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
		for i := range 48 {
			text.WriteString(at.Add(time.Duration(i)*30*time.Minute).Format("02.01.2006 15:04") + ";1,0\n")
		}
		path := filepath.Join(t.TempDir(), "a.csv")
		if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		if cells, energy := cellsOf(t, path, 3600, tabular.Options{Series: "a.b"}, 2); cells != 24 || energy != want {
			t.Errorf("%s: %d cells, %v in all, want 24 and %v", header, cells, energy, want)
		}
	}
}

// TestFieldRegisters: what a register shows for a moment is no energy (F06), in files of the field
// where they are there, and in one of our own.
func TestFieldRegisters(t *testing.T) {
	t.Parallel()
	var own strings.Builder
	own.WriteString("timestamp,value\n")
	at, value := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC), 5210.0
	for i := range 4 * 24 * 5 {
		shown := value
		switch i {
		case 0, 1, 2: // wrong from the start
			shown = 31
		case 100, 101, 200: // zero for a moment
			shown = 0
		case 301:
			shown = 888888
		}
		fmt.Fprintf(&own, "%s,%.3f\n", at.Add(time.Duration(i)*15*time.Minute).Format(time.RFC3339), shown)
		value += 0.1 + 0.05*float64(i%8)
	}
	file := filepath.Join(t.TempDir(), "own.csv")
	if err := os.WriteFile(file, []byte(own.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path   string
		cells  int
		energy float64 // of all cells
	}{
		"own numbers":   {file, 119 - 1, 0.275 * 4 * 118},
		"a first zero":  {"F06/first_reading_zero.csv", 286, 368.574 - 182.42},
		"a zero on day": {"F06/one_zero_on_day_3.csv", 215, 322.338 - 182.0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := c.path
			if strings.HasPrefix(path, "F06") {
				path = filepath.Join(servertest.FieldFiles(t), filepath.FromSlash(path))
			}
			opts := tabular.Options{Series: "a.b", Unit: "kWh", Kind: meter.Register}
			cells, energy := cellsOf(t, path, 3600, opts, 30)
			if cells != c.cells || math.Abs(energy-c.energy) > 1e-3*c.energy {
				t.Errorf("%d cells of %.6g in all, want %d and %.6g", cells, energy, c.cells, c.energy)
			}
		})
	}
}

// TestFirstValueIsTheRegister: what a meter shows, sent as its first value, is in no window of a
// training: its cell is BAD, and the scale is that of the other values.
func TestFirstValueIsTheRegister(t *testing.T) {
	t.Parallel()
	histories := map[bool]*History{}
	for _, honest := range []bool{false, true} {
		var readings []given
		for i := range int64(300) {
			value := 1 + math.Sin(2*math.Pi*float64(i)/24)/2 + 0.2*float64(i*i%7)
			if i == 0 && !honest {
				value = 12345.6
			}
			if i > 0 || !honest {
				readings = append(readings, given{epoch + i*meter.HourSeconds, value})
			}
		}
		histories[honest] = built(readings...)[0]
	}
	h, other := histories[false], histories[true]
	if v, q := h.Ring.At(h.Ring.First()); q != meter.Bad || v > 3 {
		t.Errorf("the first cell is %v %s", v, q)
	}
	if v, q := h.Raw.At(h.Raw.First()); q != meter.OK || v != 12345.6 {
		t.Errorf("what was read is %v %s", v, q)
	}
	for n := h.Ring.First(); n <= h.Ring.Newest; n++ {
		got, ok := h.ScalerAt(n)
		if want, known := other.ScalerAt(n); ok != known || got != want {
			t.Fatalf("after cell %d the scale is %+v %v, without the value %+v %v", n, got, ok, want, known)
		}
	}
}
