package engine

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
)

// The view of a young series is a function of the ring that it is joined from: made anew it has the
// same cells, flags, scale and states, whatever was said, corrected and marked before, in any order.
func TestViewIsThatOfItsRing(t *testing.T) {
	t.Parallel()
	moved := 0
	rapid.Check(t, func(t *rapid.T) {
		e := newEngine(t, randomModel(4, 4))
		step := rapid.SampledFrom([]int64{900, 1800}).Draw(t, "step")
		wrong := rapid.SampledFrom([]int64{0, 1, 4, 24, 72}).Draw(t, "wrong hours")
		hours := 0 // that the series has
		first := int64(0)
		for range rapid.IntRange(3, 10).Draw(t, "parts") {
			from := max(0, rapid.SampledFrom([]int{0, 0, 1, hours - 30}).Draw(t, "from"))
			lasts := rapid.SampledFrom([]int{1, 2, 5, 30}).Draw(t, "lasts")
			readings := halves(step, int64(from), int64(lasts), wrong)
			period := outage(int64(from), int64(from+lasts))
			switch rapid.SampledFrom([]string{"on", "on", "bad", "right", "mark", "unmark"}).Draw(t, "then") {
			case "on":
				lasts = rapid.SampledFrom([]int{1, 3, 40, 150}).Draw(t, "goes on")
				e.Step(halves(step, int64(hours), int64(lasts), wrong))
				hours += lasts
			case "bad":
				e.Step(called(meter.Bad, readings))
				hours = max(hours, from+lasts)
			case "right":
				e.Step(readings)
				hours = max(hours, from+lasts)
			case "mark":
				e.Mark(m17, period, 0)
			case "unmark":
				e.Mark(m17, unmark(period), 0)
			}
			begins := remadeAlike(t, e)
			if begins > first && first > 0 {
				moved++
			}
			first = begins
		}
	})
	if moved < 3 {
		t.Errorf("%d views began later than before: this tests little", moved)
	}
}

// halves are readings of hours, at a step; those of the first wrong ones are a thousand times too
// large.
func halves(step, from, hours, wrong int64) []Reading {
	var all []Reading
	for i := from * meter.HourSeconds / step; i < (from+hours)*meter.HourSeconds/step; i++ {
		r := at(i)
		r.Second, r.Interval = epoch+i*step, int32(step)
		if r.Second < epoch+wrong*meter.HourSeconds {
			r.Value *= 1000
		}
		all = append(all, r)
	}
	return all
}

// remadeAlike makes the view of m17, if it is young, anew, and compares it with what it was. It
// returns the first cell of the view.
func remadeAlike(t *rapid.T, e *Engine) int64 {
	co, slot, ok := e.find(m17)
	if !ok || !co.slabs.young(slot) {
		return 0
	}
	was, first := viewInWords(co)
	co.dropView(m17)
	co.makeView(slot)
	if anew, _ := viewInWords(co); !slices.Equal(was, anew) {
		i := 0
		for i < min(len(was), len(anew)) && was[i] == anew[i] {
			i++
		}
		t.Fatalf("the view is %d lines, made anew %d; from line %d:\n%q\n%q", len(was), len(anew), i,
			was[i:min(i+2, len(was))], anew[i:min(i+2, len(anew))])
	}
	return first
}

// viewInWords is all that is known of the view of m17, in lines, and its first cell.
func viewInWords(co *cohort) (lines []string, first int64) {
	s := &co.joins.slabs
	view, ok := s.index[m17]
	if !ok || s.record(view).known == 0 {
		return nil, 0
	}
	rec, ring := s.record(view), s.ring(view)
	lines = append(lines, fmt.Sprint(rec.since, rec.accepted, rec.fresh, *s.scale(view)))
	for n := ring.First(); n <= ring.Newest; n++ {
		value, quality := ring.At(n)
		lines = append(lines, fmt.Sprint(n, value, quality, s.said(view, n), s.absurd(view, n)))
	}
	return append(lines, fmt.Sprint(s.live.row(view), s.settled.row(view))), ring.First()
}
