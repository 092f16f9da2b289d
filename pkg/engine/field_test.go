package engine

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/servertest"
)

// fieldReadings are the readings of a file of two columns, in the order of its rows.
func fieldReadings(t *testing.T, file string) []Reading {
	t.Helper()
	f, err := os.Open(filepath.Join(servertest.FieldFiles(t), filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var all []Reading
	for i, row := range rows[1:] {
		at, err := time.Parse(time.RFC3339, row[0])
		if err != nil {
			t.Fatal(err)
		}
		value, err := strconv.ParseFloat(row[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, Reading{
			Series: m17, Second: at.Unix(), Value: value, Unit: "kWh", Quality: meter.OK, Message: i,
		})
	}
	return all
}

// hold checks that the ring of m17 has every one of the readings, unchanged, and nothing else.
func hold(t *testing.T, e *Engine, readings []Reading) {
	t.Helper()
	co, slot, _ := e.find(m17)
	ring, rec := co.slabs.ring(slot), co.slabs.record(slot)
	if ring.Known != len(readings) {
		t.Errorf("%d cells, want %d", ring.Known, len(readings))
	}
	for _, r := range readings {
		if n := rec.Cell(r.Second); !ring.Has(n) {
			t.Fatalf("no cell at %d", r.Second)
		} else if v, q := ring.At(n); q != meter.OK || v != float32(r.Value) {
			t.Fatalf("the cell at %d is %v %s, want %v", r.Second, v, q, r.Value)
		}
	}
}

// TestFieldArrivals: a first history that comes newest first, as single messages, as history, or in
// pages, and a day that comes three days late, are taken whole.
func TestFieldArrivals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file    string
		page    int
		history bool
	}{
		"newest first":             {"F17/newest_first.csv", 1, false},
		"newest first, as history": {"F17/newest_first.csv", 1, true},
		"pages, newest first":      {"F17/newest_first.csv", 24, true},
		"one array":                {"F17/newest_first.csv", 1000, false},
		"a day three days late":    {"F18/hole_filled_later.csv", 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			readings := fieldReadings(t, c.file)
			e := newEngine(t, randomModel(60, 4))
			taken := 0
			for page := range slices.Chunk(readings, c.page) {
				for i := range page {
					page[i].Message, page[i].History = 0, c.history
				}
				taken += e.Step(page).Applied
			}
			if taken != 240 {
				t.Errorf("%d readings are taken, want 240", taken)
			}
			hold(t, e, readings)
		})
	}
}

// A day that comes days late, of a series of any age and interval, fills its cells. The next forecast
// sees it: it is what the states give that are computed anew from the ring.
func TestDayThatComesDaysLate(t *testing.T) {
	t.Parallel()
	for _, before := range []int64{100, 250, 330, 400, 900} {
		e := newEngine(t, randomModel(61, 4))
		var late []Reading
		for i := range before + 96 {
			if r := at(i); i >= before && i < before+24 {
				r.History = true
				late = append(late, r)
			} else {
				e.Step([]Reading{r})
			}
		}
		result := e.Step(late)
		if result.Applied != 24 || len(result.Rejections) > 0 || len(result.Scores) > 0 {
			t.Errorf("%d before: %+v", before, result)
		}
		if young := before+96 <= featureCells; young != (result.Late == 0) || !young && result.Late != 24 {
			t.Errorf("%d before: %d count as late", before, result.Late)
		}
		for i := before; i < before+24; i++ {
			if v, q := cellAt(t, e, i); q != meter.OK || v != float32(at(i).Value) {
				t.Errorf("%d before: cell %d is %v %s", before, i, v, q)
			}
		}
		f := last(t, e, at(before+96))
		if f.Revision != 0 || before > scaleCells && f.Source != meter.SourceLSTM {
			t.Errorf("%d before: %+v", before, f)
		}
		if before >= 400 {
			h, c := warmed(e, m17, settledWarm+openCells+1)
			checkState(t, e, h, c)
		}
	}
}

// settledWarm is how many cells before the open ones a settled state is computed anew from.
const settledWarm = 47

// What comes days late and cannot be true does not count; a cell that was judged before stays as it
// is.
func TestLateValueThatCannotBeTrue(t *testing.T) {
	t.Parallel()
	e := newEngine(t, randomModel(62, 4))
	for i := range int64(500) {
		if i == 400 {
			continue
		}
		r := at(i)
		if i == 390 {
			r.Value = 1e6
		}
		e.Step([]Reading{r})
	}
	r := at(400)
	r.Value = 1e6
	if result := e.Step([]Reading{r}); result.Late != 1 {
		t.Errorf("%+v", result)
	}
	if v, q := cellAt(t, e, 400); q != meter.Bad || math.Abs(float64(v)) > 10 {
		t.Errorf("the cell is %v %s", v, q)
	}
	if result := e.Step([]Reading{at(390)}); len(result.Rejections) != 1 ||
		result.Rejections[0].Reason != meter.ReasonBehindHistory {
		t.Errorf("%+v", result)
	}
	if result := e.Step([]Reading{bad(at(395))}); result.Late != 1 {
		t.Errorf("%+v", result)
	}
	if _, q := cellAt(t, e, 395); q != meter.Bad {
		t.Errorf("the cell that is taken back is %s", q)
	}
}

// TestFieldFirstValueIsTheRegister: the first value of a meter is what its register shows. Once a
// week is known its cell is BAD, and neither the scale nor a forecast has anything of it.
func TestFieldFirstValueIsTheRegister(t *testing.T) {
	t.Parallel()
	readings := fieldReadings(t, "F07/first_value_is_the_register.csv")
	e, honest := newEngine(t, randomModel(63, 4)), newEngine(t, randomModel(63, 4))
	for i, r := range readings {
		e.Step([]Reading{r})
		if i > 0 {
			honest.Step([]Reading{r})
		}
		co, slot, _ := e.find(m17)
		ring := co.slabs.ring(slot)
		if i < 168 {
			continue
		}
		if v, q := ring.At(ring.First()); q != meter.Bad || v > 2 {
			t.Fatalf("after %d readings the first cell is %v %s", i+1, v, q)
		}
		got, want := co.slabs.scale(slot).Scaler, honest.hours().slabs.scale(0).Scaler
		if got != want {
			t.Fatalf("after %d readings the scale is %+v, without the value %+v", i+1, got, want)
		}
	}
}
