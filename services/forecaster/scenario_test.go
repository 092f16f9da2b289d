package forecaster

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/streams"
)

// TestScenarios plays testdata/*.txt: a command, a line of dashes, and its outputs. `go test
// ./services/forecaster -run Scenarios -rewrite` writes the present outputs; commit a change only
// if you can explain it.
func TestScenarios(t *testing.T) {
	t.Parallel()
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		t.Parallel()
		s := newScenario()
		datadriven.RunTest(t, path, s.play)
	})
}

// scenario is a partition under a script.
type scenario struct {
	t         *testing.T
	log       *testLog
	pipe      *Pipeline
	position  int // messages that went through Step
	published map[string]bool
	kept      []meter.Section
	keptBy    []*model.Model
	keptAt    int
	exported  map[string]streams.StateControl
	scores    bool // they are shown
	out       strings.Builder
}

// order writes a record of an operator.
func (s *scenario) order(command string, args []string) error {
	kind, data := "", []byte(nil)
	switch command {
	case "limit": // count
		n, err := strconv.Atoi(args[0])
		if err != nil {
			return err
		}
		kind, data = streams.ControlLimit, (&streams.LimitControl{Series: n}).AppendJSON(nil)
	case "set": // pattern JSON
		settings, err := streams.DecodeSettings([]byte(strings.Join(args[1:], " ")))
		if err != nil {
			return err
		}
		kind, data = streams.ControlSettings, (&streams.SettingsControl{
			Pattern: args[0], Settings: settings,
		}).AppendJSON(nil)
	case "unset": // pattern
		kind, data = streams.ControlSettings, (&streams.SettingsControl{Pattern: args[0]}).AppendJSON(nil)
	case "mark": // pattern from until reason
		from, err := time.Parse(time.RFC3339, args[1])
		if err != nil {
			return err
		}
		until, err := time.Parse(time.RFC3339, args[2])
		if err != nil {
			return err
		}
		kind, data = streams.ControlMark, (&streams.MarkControl{
			Series: args[0], From: from, Until: until, Reason: args[3],
		}).AppendJSON(nil)
	case "delete": // series
		kind, data = streams.ControlDelete, (&streams.DeleteControl{Series: args[0]}).AppendJSON(nil)
	case "import": // series [replace]
		record := s.exported[args[0]]
		record.Replace = len(args) > 1
		kind, data = streams.ControlState, record.AppendJSON(nil)
	}
	s.log.add(streams.ControlSubject(0, kind), data)
	return nil
}

func newScenario() *scenario {
	return &scenario{
		log: newTestLog(), pipe: fresh(), published: map[string]bool{},
		exported: map[string]streams.StateControl{},
	}
}

// play runs one command and returns its outputs.
func (s *scenario) play(t *testing.T, d *datadriven.TestData) string {
	args := make([]string, len(d.CmdArgs))
	for i, a := range d.CmdArgs {
		args[i] = a.String()
	}
	s.t, s.out = t, strings.Builder{}
	if err := s.do(d.Cmd, args); err != nil {
		d.Fatalf(t, "%v", err)
	}
	return s.out.String()
}

func (s *scenario) do(command string, args []string) error {
	switch command {
	case "clock": // time: the broker's from the next message on
		at, err := time.Parse(time.RFC3339, args[0])
		if err != nil {
			return err
		}
		s.log.clock = at
		return nil
	case "tick": // [count]: that many, an hour apart
		if err := s.ticks(args); err != nil {
			return err
		}
	case "same": // series from count value [unit] [key=value]: hourly, one message each
		return s.series(args, time.Hour, func(time.Time) float64 { return 0 })
	// series from count factor [unit] [key=value]: what readings would send, times the factor
	case "times":
		return s.series(
			args, time.Hour, func(at time.Time) float64 { return testValue(1, at.Unix()/3600) },
		)
	case "smooth": // series from count factor [unit] [key=value]: the load of a zone, times the factor
		return s.series(args, time.Hour, func(at time.Time) float64 {
			return 5000 + 1000*math.Sin(2*math.Pi*float64(at.Hour())/24) + 20*testValue(2, at.Unix()/3600)
		})
	case "every": // step series from count value [unit] [key=value]
		step, err := time.ParseDuration(args[0])
		if err != nil {
			return err
		}
		return s.series(args[1:], step, func(time.Time) float64 { return 0 })
	case "register": // series from count start [unit]: hourly, counting what readings would send
		return s.register(args)
	case "reading": // series time value [unit] [key=value]
		r, err := parseReading(args[1:])
		if err != nil {
			return err
		}
		id, _ := meter.ParseID(args[0])
		s.log.reading(id, r)
	case "readings": // series from count: hourly, one message each
		return s.many(args, false)
	case "history": // series from count: one message
		return s.many(args, true)
	case "raw": // subject payload
		s.log.add(args[0], []byte(strings.Join(args[1:], " ")))
	case "model": // seed [interval]
		if err := s.model(args); err != nil {
			return err
		}
	case "limit", "set", "unset", "mark", "delete", "import":
		if err := s.order(command, args); err != nil {
			return err
		}
	case "export": // series
		id, _ := meter.ParseID(args[0])
		record, ok := s.pipe.stateOf(id)
		if !ok {
			return fmt.Errorf("series %s is not known", args[0])
		}
		s.exported[args[0]] = record
		return nil
	case "scores": // show scores from here on
		s.scores = true
		return nil
	case "checkpoint":
		s.kept, s.keptBy, s.keptAt = s.pipe.engine.Snapshot(), s.pipe.engine.Models(), s.position
		return nil
	case "crash": // back to the checkpoint; the log is read again from there
		if err := s.crash(); err != nil {
			return err
		}
	default:
		return fmt.Errorf("unknown command %q", command)
	}
	return s.step()
}

func (s *scenario) ticks(args []string) error {
	n := 1
	if len(args) > 0 {
		var err error
		if n, err = strconv.Atoi(args[0]); err != nil {
			return err
		}
	}
	for i := range n {
		if i > 0 {
			s.log.clock = s.log.clock.Add(time.Hour - time.Second)
		}
		s.log.add(streams.ControlSubject(0, streams.ControlTick), streams.AppendTick(nil))
	}
	return nil
}

func (s *scenario) model(args []string) error {
	seed, err := strconv.ParseUint(args[0], 10, 64)
	interval := time.Hour
	if err == nil && len(args) > 1 {
		interval, err = time.ParseDuration(args[1])
	}
	if err != nil {
		return err
	}
	s.log.model(testModelOf(s.t, seed, interval))
	return nil
}

// crash goes on with the state of the last checkpoint.
func (s *scenario) crash() error {
	s.pipe = fresh()
	for _, m := range s.keptBy {
		if err := s.pipe.engine.SetModel(m); err != nil {
			return err
		}
	}
	if s.kept != nil {
		if err := s.pipe.engine.Restore(s.kept); err != nil {
			return err
		}
	}
	s.position = s.keptAt
	return nil
}

func (s *scenario) many(args []string, history bool) error {
	from, err := time.Parse(time.RFC3339, args[1])
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	id, _ := meter.ParseID(args[0])
	var all []streams.Reading
	for i := range n {
		at := from.Add(time.Duration(i) * time.Hour)
		all = append(
			all, streams.Reading{Time: at, Value: testValue(1, at.Unix()/3600), History: history},
		)
	}
	if history {
		s.log.reading(id, all...)
	} else {
		for _, r := range all {
			s.log.reading(id, r)
		}
	}
	return s.step()
}

// series sends readings of one value, or of base times it.
func (s *scenario) series(args []string, step time.Duration, base func(time.Time) float64) error {
	n, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	r, err := parseReading(append([]string{args[1], args[3]}, args[4:]...))
	if err != nil {
		return err
	}
	id, _ := meter.ParseID(args[0])
	factor := r.Value
	for range n {
		if b := base(r.Time); b != 0 {
			r.Value = b * factor
		}
		s.log.reading(id, r)
		r.Time = r.Time.Add(step)
	}
	return s.step()
}

func (s *scenario) register(args []string) error {
	n, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	r, err := parseReading(append([]string{args[1], args[3], "kind=register"}, args[4:]...))
	if err != nil {
		return err
	}
	id, _ := meter.ParseID(args[0])
	for range n {
		s.log.reading(id, r)
		r.Value += testValue(1, r.Time.Unix()/3600)
		r.Time = r.Time.Add(time.Hour)
	}
	return s.step()
}

func parseReading(args []string) (streams.Reading, error) {
	at, err := time.Parse(time.RFC3339, args[0])
	if err != nil {
		return streams.Reading{}, err
	}
	value, err := strconv.ParseFloat(args[1], 64)
	if err != nil {
		return streams.Reading{}, err
	}
	r := streams.Reading{Time: at, Value: value}
	for _, word := range args[2:] {
		switch key, value, _ := strings.Cut(word, "="); key {
		case "quality":
			if r.Quality, err = meter.ParseQuality(value); err != nil {
				return r, err
			}
		case "kind":
			if r.Kind, err = meter.ParseKind(value); err != nil {
				return r, err
			}
		case "interval":
			if r.Interval, err = time.ParseDuration(value); err != nil {
				return r, err
			}
		case "history":
			r.History = true
		default:
			r.Unit = word
		}
	}
	return r, nil
}

// step reads the log to its end and writes the new outputs; of many similar ones it writes the
// first and the last.
func (s *scenario) step() error {
	result, err := s.log.step(s.pipe, s.position, len(s.log.messages))
	if err != nil {
		fmt.Fprintf(&s.out, "error: %v\n", err)
		return nil
	}
	s.position = len(s.log.messages)
	var lines []string
	again := 0
	for _, o := range result.Outputs {
		if o.To == ToScores && !s.scores {
			continue
		}
		line := describe(s.t, &o)
		if s.published[o.ID] {
			again++
			continue
		}
		s.published[o.ID] = true
		lines = append(lines, line)
	}
	if len(lines) > 4 {
		lines = append(
			append(lines[:2:2], fmt.Sprintf("… %d more", len(lines)-4)), lines[len(lines)-2:]...,
		)
	}
	for _, l := range lines {
		fmt.Fprintln(&s.out, l)
	}
	heldText := ""
	if result.Held > 0 {
		heldText = fmt.Sprintf(" held %d", result.Held)
	}
	if result.Late > 0 {
		heldText += fmt.Sprintf(" late %d", result.Late)
	}
	fmt.Fprintf(
		&s.out, "applied %d repeated %d%s rejected %d replayed %d\n", result.Applied, result.Repeated,
		heldText, total(result.Rejections), again,
	)
	return nil
}

func total(m map[meter.Reason]int) int {
	n := 0
	for _, v := range m {
		n += v
	}
	return n
}
