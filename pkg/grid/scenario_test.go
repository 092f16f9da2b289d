package grid_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/loadtide/loadtide/pkg/grid"
	"github.com/loadtide/loadtide/pkg/meter"
)

// TestScenarios plays testdata/*.txt: commands, a line of dashes, the outcome. Run
// `go test ./pkg/grid -run Scenarios -rewrite` to write the outcomes anew, and commit a change only
// if you can explain it. Times count from a midnight.
//
//	series KIND [INTERVAL]          a new series, with an interval that an operator gave
//	put TIME VALUE [QUALITY] [SPAN] one reading
//	every FROM STEP COUNT [VALUE]   readings of VALUE, or of a wave; a register counts VALUE on
//	close TIME                      the time of the log
//	hold INTERVAL                   an operator gives another interval; 0s leaves it to the readings
//	cells [FROM TO]                 the cells in [FROM, TO), default: all
//
// The first line of an outcome is the decision, what became of other readings, and the cells that
// are new or another. The second line is the state of the series.
func TestScenarios(t *testing.T) {
	t.Parallel()
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		t.Parallel()
		s := &scenario{t: t}
		datadriven.RunTest(t, path, func(_ *testing.T, d *datadriven.TestData) string {
			var args []string
			for _, a := range d.CmdArgs {
				args = append(args, a.String())
			}
			outcome, err := s.play(d.Cmd, args)
			if err != nil {
				d.Fatalf(t, "%v", err)
			}
			return outcome + "\n"
		})
	})
}

// scenario is a series under a script.
type scenario struct {
	t     *testing.T
	strip *strip
	count float64 // what the register shows
}

func (s *scenario) play(command string, args []string) (outcome string, err error) {
	switch command {
	case "series":
		kind, err := meter.ParseKind(args[0])
		if err != nil {
			return "", err
		}
		set := int64(0)
		if len(args) > 1 {
			set, err = seconds(args[1])
		}
		s.strip, s.count = newStrip(s.t, kind, int32(set)), 1000
		return kind.String(), err
	case "put":
		p, err := point(args)
		if err != nil {
			return "", err
		}
		decision := s.strip.put(p)
		return words(decision) + describe(s.strip), nil
	case "every":
		return s.every(args)
	case "close":
		now, err := seconds(args[0])
		if err != nil {
			return "", err
		}
		s.strip.state.Close(midnight+now, s.strip, &s.strip.out)
		s.strip.take(&s.strip.out)
		return "closed" + describe(s.strip), nil
	case "hold":
		set, err := seconds(args[0])
		if err != nil {
			return "", err
		}
		s.strip.state.Hold(int32(set), s.strip, &s.strip.out)
		s.strip.take(&s.strip.out)
		return "held" + describe(s.strip), nil
	case "cells":
		from, to := int64(-1<<40), int64(1<<40)
		if len(args) > 0 {
			if from, err = seconds(args[0]); err == nil {
				to, err = seconds(args[1])
			}
		}
		g := s.strip.state.Grid
		var cells []grid.Cell
		for _, c := range s.strip.list() {
			if at := g.Start(c.N) - midnight; at >= from && at < to {
				cells = append(cells, c)
			}
		}
		return cellsOf(g, cells, len(cells)), err
	}
	return "", fmt.Errorf("command %q is not known", command)
}

// every puts readings in a row, and counts the decisions.
func (s *scenario) every(args []string) (string, error) {
	from, err := seconds(args[0])
	if err != nil {
		return "", err
	}
	step, err := seconds(args[1])
	if err != nil {
		return "", err
	}
	count, err := strconv.Atoi(args[2])
	if err != nil {
		return "", err
	}
	value := wave
	if len(args) > 3 {
		v, err := strconv.ParseFloat(args[3], 64)
		if err != nil {
			return "", err
		}
		value = func(int) float64 { return v }
	}
	var decisions [grid.Rejected + 1]int
	for i, p := range every(midnight+from, int(step), count, value) {
		if s.strip.state.Kind == meter.Register {
			s.count += p.Value
			p.Value = s.count
		}
		if i == count-1 {
			break
		}
		decisions[s.strip.put(p)]++
	}
	last := midnight + from + step*int64(count-1)
	v := value(count - 1)
	if s.strip.state.Kind == meter.Register {
		v = s.count
	}
	decisions[s.strip.put(grid.Point{Second: last, Value: v, Quality: meter.OK})]++
	var text []string
	for d, n := range decisions {
		if n > 0 {
			text = append(text, fmt.Sprintf("%s %d", words(grid.Decision(d)), n))
		}
	}
	return strings.Join(text, " ") + describe(s.strip), nil
}

// describe is the last outcome of a series and its state.
func describe(s *strip) string {
	var b strings.Builder
	o := &s.out
	if o.Decision == grid.Rejected {
		fmt.Fprintf(&b, " %s", o.Refusal.Reason)
	}
	if o.Released > 0 {
		fmt.Fprintf(&b, ", released %d", o.Released)
	}
	for _, r := range o.Refused {
		fmt.Fprintf(&b, ", refused %s %s", clock(r.Point.Second), r.Reason)
	}
	if o.Rebuilt {
		b.WriteString(", rebuilt")
	}
	if o.Restarted {
		b.WriteString(", restarted")
	}
	if o.Was != (grid.Grid{}) {
		fmt.Fprintf(&b, ", was %s", gridOf(o.Was))
	}
	if o.Counts != (meter.Counts{}) {
		fmt.Fprintf(&b, ", counts %+v", o.Counts)
	}
	if len(o.Cells) > 0 {
		fmt.Fprintf(&b, ": %s", cellsOf(s.state.Grid, o.Cells, 6))
	}
	st := &s.state
	fmt.Fprintf(&b, "\n  %s step %ds heard %s last %s", gridOf(st.Grid), st.Step,
		clock(st.Start(st.Heard)), clock(st.Last))
	if st.Coarse > 0 {
		fmt.Fprintf(&b, " coarse %ds", st.Coarse)
	}
	if st.Held != nil {
		fmt.Fprintf(&b, " holds %s=%v", clock(st.Held.Second), st.Held.Value)
	}
	if r := st.Raw; r != nil {
		fmt.Fprintf(&b, " points %d", len(r.Points))
		if r.Strays > 0 {
			fmt.Fprintf(&b, " strays %d", r.Strays)
		}
		if r.Young {
			b.WriteString(" young")
		}
	}
	return b.String()
}

// cellsOf lists cells by the time at which they start; of many the first and the last ones.
func cellsOf(g grid.Grid, cells []grid.Cell, most int) string {
	var all []string
	for i, c := range cells {
		if len(cells) > most && i == most/2 {
			all = append(all, fmt.Sprintf("… %d …", len(cells)-2*(most/2)))
		}
		if len(cells) > most && i >= most/2 && i < len(cells)-most/2 {
			continue
		}
		all = append(all, fmt.Sprintf("%s %v %s", clock(g.Start(c.N)), c.Value, c.Quality))
	}
	return strings.Join(all, ", ")
}

func gridOf(g grid.Grid) string { return fmt.Sprintf("%ds+%ds", g.Interval, g.Phase) }

// clock is a second as the time since midnight, such as 26h, 26h5m or 26h5m30s.
func clock(second int64) string {
	since := second - midnight
	if since < -midnight/2 {
		return "never"
	}
	text := (time.Duration(since) * time.Second).String()
	if since%60 == 0 && since != 0 {
		text = strings.TrimSuffix(text, "0s")
	}
	if since%3600 == 0 && since != 0 {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func words(d grid.Decision) string {
	return [...]string{"", "applied", "waiting", "repeated", "rejected"}[d]
}

func seconds(text string) (int64, error) {
	d, err := time.ParseDuration(text)
	return int64(d / time.Second), err
}

// point reads TIME VALUE [QUALITY] [SPAN].
func point(args []string) (p grid.Point, err error) {
	p.Quality = meter.OK
	if p.Second, err = seconds(args[0]); err != nil {
		return p, err
	}
	p.Second += midnight
	if p.Value, err = strconv.ParseFloat(args[1], 64); err != nil {
		return p, err
	}
	for _, word := range args[2:] {
		if q, err := meter.ParseQuality(word); err == nil {
			p.Quality = q
			continue
		}
		span, err := seconds(word)
		if err != nil {
			return p, err
		}
		p.Span = int32(span)
	}
	return p, nil
}
