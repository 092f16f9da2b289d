package engine

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
)

// counted is what a register shows at the start of cell i: what at counts, in
// thousandths, so that differences are exact.
func counted(n int64) (all []float64) {
	sum := 5000.0
	for i := range n {
		all = append(all, sum)
		sum += math.Round(1000*load(i)) / 1000
	}
	return append(all, sum)
}

func read(i int64, value float64) Reading {
	r := at(i)
	r.Kind, r.Value = meter.Register, value
	return r
}

// A register gives the energy of each interval, whatever it does on the way.
func TestRegisters(t *testing.T) {
	t.Parallel()
	const n = 220
	shown := counted(n)
	for name, c := range map[string]struct {
		show    func(i int64, v float64) float64
		missing int64 // a cell that is not known
		counts  meter.Counts
	}{
		"counts on":  {func(_ int64, v float64) float64 { return v }, -1, meter.Counts{}},
		"rolls over": {func(_ int64, v float64) float64 { return math.Mod(v+99_600-5000, 100_000) }, -1, meter.Counts{RollOvers: 1}},
		"is reset": {func(i int64, v float64) float64 {
			if i >= 200 {
				return v - shown[199]
			}
			return v
		}, -1, meter.Counts{Resets: 1}},
		"is exchanged": {func(i int64, v float64) float64 {
			if i >= 200 {
				return v - shown[200] + 3210
			}
			return v
		}, 199, meter.Counts{Exchanges: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEngine(t, randomModel(70, 4))
			var counts meter.Counts
			for i := range int64(n + 1) {
				result := e.Step([]Reading{read(i, c.show(i, shown[i]))})
				counts.Resets += result.Registers.Resets
				counts.RollOvers += result.Registers.RollOvers
				counts.Exchanges += result.Registers.Exchanges
				if len(result.Rejections) > 0 || result.Applied != 1 {
					t.Fatalf("read %d: %+v", i, result)
				}
				if want := i > 0 && i-1 != c.missing; want != (len(result.Forecasts) == 1) {
					t.Fatalf("read %d: %d forecasts", i, len(result.Forecasts))
				}
				if want := meter.SourceLSTM; i > 190 && len(result.Forecasts) == 1 && (result.Forecasts[0].Source != want || result.Forecasts[0].Origin != epoch+i*meter.HourSeconds) {
					t.Fatalf("read %d: %+v", i, result.Forecasts[0])
				}
			}
			for i := range int64(n) {
				v, q := cellAt(t, e, i)
				want := meter.OK
				if i == c.missing {
					want = meter.Missing
				} else if name == "is reset" && i == 199 {
					want = meter.Estimated
				}
				if q != want || want != meter.Missing && math.Abs(float64(v)-(shown[i+1]-shown[i])) > 1e-3 {
					t.Errorf("cell %d is %v %s, want %v %s", i, v, q, shown[i+1]-shown[i], want)
				}
			}
			if counts != c.counts {
				t.Errorf("counted %+v, want %+v", counts, c.counts)
			}
		})
	}
}

// The reads of a register may come in any order.
func TestAnyOrderOfARegister(t *testing.T) {
	t.Parallel()
	shown := counted(260)
	rapid.Check(t, func(t *rapid.T) {
		m := randomModel(71, 4)
		n := rapid.Int64Range(1, 40).Draw(t, "reads")
		var reads []Reading
		for i := 180 + int64(1); i <= 180+n; i++ {
			if rapid.IntRange(0, 4).Draw(t, "lost") > 0 {
				reads = append(reads, read(i, shown[i]))
			}
		}
		reads = append(reads, read(181+n, shown[181+n]))
		run := func(reads []Reading) *Engine {
			e := newEngine(t, m)
			for i := range int64(181) {
				e.Step([]Reading{read(i, shown[i])})
			}
			for _, r := range reads {
				if result := e.Step([]Reading{r}); len(result.Rejections) > 0 {
					t.Fatalf("%+v", result.Rejections)
				}
			}
			return e
		}
		a, b := run(reads), run(rapid.Permutation(append(reads[:len(reads):len(reads)], reads[:len(reads)/3]...)).Draw(t, "order"))
		if !sameSections(pristine(a), pristine(b)) {
			t.Fatal("the states differ")
		}
	})
}

// wrongReads are the reads of a register that shows other numbers for a moment: at 0 as its first
// read, and behind its first week.
func wrongReads(shown []float64) []float64 {
	wrong := slices.Clone(shown)
	for i, v := range map[int]float64{
		0: 0, 200: 0, 210: 0, 211: 0, 212: 0, 220: 999999, 230: 17, 240: 3000, 241: 12,
	} {
		wrong[i] = v
	}
	return wrong
}

// Numbers that a register shows for a moment give no energy. What it counted meanwhile is spread.
func TestMomentaryReadsOfARegister(t *testing.T) {
	t.Parallel()
	shown := counted(260)
	e := newEngine(t, randomModel(70, 4))
	var counts meter.Counts
	for i, v := range wrongReads(shown) {
		result := e.Step([]Reading{read(int64(i), v)})
		if len(result.Rejections) > 0 {
			t.Fatalf("read %d: %+v", i, result.Rejections)
		}
		counts.Add(result.Registers)
	}
	if counts.Momentary != 9 {
		t.Errorf("%+v, want 9 momentary reads", counts)
	}
	if first := e.hours().slabs.first(e.hours().slabs.index[m17]) - epoch/meter.HourSeconds; first != 1 {
		t.Errorf("the series begins at cell %d, want 1", first)
	}
	spread := map[int64]bool{}
	for _, gap := range [][2]int64{{199, 201}, {209, 213}, {219, 221}, {229, 231}, {239, 242}} {
		var sum float64
		for i := gap[0]; i < gap[1]; i++ {
			v, q := cellAt(t, e, i)
			if sum += float64(v); q != meter.Estimated {
				t.Errorf("cell %d is %v %s, want an estimate", i, v, q)
			}
			spread[i] = true
		}
		if want := shown[gap[1]] - shown[gap[0]]; math.Abs(sum-want) > 1e-3 {
			t.Errorf("cells %d to %d come to %v, want %v", gap[0], gap[1], sum, want)
		}
	}
	for i := int64(1); i < 260; i++ {
		if v, q := cellAt(t, e, i); !spread[i] && (q != meter.OK || math.Abs(float64(v)-(shown[i+1]-shown[i])) > 1e-3) {
			t.Errorf("cell %d is %v %s, want %v", i, v, q, shown[i+1]-shown[i])
		}
	}
}

// The order in which momentary reads and those around them come does not matter.
func TestAnyOrderOfMomentaryReads(t *testing.T) {
	t.Parallel()
	wrong := wrongReads(counted(260))
	want := newEngine(t, randomModel(71, 4))
	for i, v := range wrong[:250] {
		want.Step([]Reading{read(int64(i), v)})
	}
	rapid.Check(t, func(t *rapid.T) {
		e := newEngine(t, randomModel(71, 4))
		for i, v := range wrong[:205] {
			e.Step([]Reading{read(int64(i), v)})
		}
		var late []Reading
		for i := 205; i < 249; i++ {
			late = append(late, read(int64(i), wrong[i]))
		}
		for _, r := range rapid.Permutation(late).Draw(t, "order") {
			e.Step([]Reading{r})
		}
		e.Step([]Reading{read(249, wrong[249])})
		if !sameSections(pristine(want), pristine(e)) {
			t.Fatal("the states differ")
		}
	})
}

// A register that only falls is told, at most once an hour of the log, and its state can be inspected
// and moved, although it has no cell.
func TestRegisterThatFallsIsTold(t *testing.T) {
	t.Parallel()
	e := New()
	var events []Event
	refused, last := 0, int64(0)
	for i := range int64(4 * 96) {
		r := read(0, 9000-float64(i))
		r.Second = epoch + i*900
		r.Received = r.Second + 5
		result := e.Step([]Reading{r})
		for _, no := range result.Rejections {
			if refused++; no.Reason != meter.ReasonRegisterFalls {
				t.Fatalf("read %d: %+v", i, no)
			}
		}
		for _, event := range result.Events {
			if r.Received-last < meter.HourSeconds {
				t.Fatalf("told %d s after it was told", r.Received-last)
			}
			last = r.Received
			events = append(events, event)
		}
	}
	if refused != 3*96-1 || len(events) < 60 || len(events) > 72 || events[0].Kind != RegisterFalls ||
		!strings.Contains(events[0].Text, "counts up") {
		t.Errorf("%d refused, %d events: %+v", refused, len(events), events)
	}
	state, curve, ok := e.Extract(m17)
	if !ok {
		t.Fatal("no state")
	}
	p, err := ReadState(state, curve)
	if err != nil || p.Newest() != epoch+96*900 {
		t.Fatalf("state: %v", err)
	}
	if _, err := New().Insert(p, "", false); err != nil {
		t.Error(err)
	}
}
