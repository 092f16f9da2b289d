package simulator

import (
	"context"
	"strconv"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
)

// player publishes the readings of one meter, with their faults.
type player struct {
	Meter
	in    *injector // nil: no faults
	last  [2]int64  // the intervals of ready, first and end
	ready []arrival // the arrivals in them
}

// newPlayers makes a fleet ready to be published from the next second of a clock on.
func newPlayers(cfg Config, c clock) ([]player, error) {
	fleet, faults, err := cfg.fleet(c.seed)
	if err != nil {
		return nil, err
	}
	players := make([]player, len(fleet))
	for i := range fleet {
		p := &players[i]
		p.Meter = fleet[i]
		if !faults.Any() {
			continue
		}
		step := p.step()
		p.in = p.Meter.injector(faults, c.seed, 0, int64(onceEvery/time.Second)/step)
		p.in.first = p.stamp(meter.FloorDiv(c.first(cfg), step))
		// The readings under way at a moment are a function of the intervals before it.
		first := meter.FloorDiv(c.next, step)
		for cell := first - p.in.lookback(); cell < first; cell++ {
			stamp, value := p.reading(cell)
			p.in.accept(stamp, value)
			p.in.due(stamp)
		}
	}
	return players, nil
}

// stamp returns the interval whose start is the timestamp of the report on an interval. A register
// is read when the interval has ended.
func (m *Meter) stamp(cell int64) int64 {
	if m.Register {
		return cell + 1
	}
	return cell
}

// reading returns what a meter reports when an interval has ended: its stamp and the value.
func (m *Meter) reading(cell int64) (stamp int64, value float64) {
	if m.Register {
		return m.stamp(cell), m.Shows(cell + 1)
	}
	return cell, m.Energy(cell)
}

// injector returns the injector of a meter. Its periods count from the interval origin. once is the
// period of stretches that come once, in intervals.
func (m *Meter) injector(f Faults, seed uint64, origin, once int64) *injector {
	rolls := 0.0
	if m.Register {
		rolls = m.rolls()
	}
	return newInjector(f, faultKey(seed, m.ID.String()), m.step(), origin, once, rolls)
}

// faultKey returns the key that the faults of a series are drawn from.
func faultKey(seed uint64, series string) key { return key(mix(seed)).sub("faults").sub(series) }

// cells returns the intervals that end after the second from and not after until.
func (m *Meter) cells(from, until int64) (first, end int64) {
	return meter.FloorDiv(from, m.step()), meter.FloorDiv(until, m.step())
}

// arrivals returns the arrivals of the intervals [first, end). A second call for the same intervals
// returns the same arrivals.
func (p *player) arrivals(first, end int64) []arrival {
	if p.last == [2]int64{first, end} {
		return p.ready
	}
	p.last, p.ready = [2]int64{first, end}, p.ready[:0]
	for cell := first; cell < end; cell++ {
		stamp, value := p.reading(cell)
		p.in.accept(stamp, value)
		for _, a := range p.in.due(stamp) {
			if !a.never {
				p.ready = append(p.ready, a)
			}
		}
	}
	return p.ready
}

// wireKind returns the kind that the readings of a meter name. Energy is known by its unit.
func (m *Meter) wireKind() meter.Kind {
	if m.Register {
		return meter.Register
	}
	return meter.KindUnknown
}

// publish sends the readings of one meter between two seconds. A message of history holds up to
// maxReadings, any other message one reading. room is memory for the readings of a message.
func (p *player) publish(
	ctx context.Context, to Publisher, from, until int64, history bool, room []streams.Reading,
) error {
	readings := room[:0]
	flush := func() error {
		if len(readings) == 0 {
			return nil
		}
		err := to.PublishReadings(ctx, p.ID, readings)
		readings = readings[:0]
		return err
	}
	add := func(second int64, value float64, unit string) error {
		readings = append(readings, streams.Reading{
			Time: time.Unix(second, 0).UTC(), Value: value, Unit: unit, Kind: p.wireKind(),
			History: history,
		})
		if !history || len(readings) == maxReadings {
			return flush()
		}
		return nil
	}
	first, end := p.cells(from, until)
	if p.in == nil {
		for cell := first; cell < end; cell++ {
			stamp, value := p.reading(cell)
			if err := add(stamp*p.step(), value, Unit); err != nil {
				return err
			}
		}
		return flush()
	}
	for _, a := range p.arrivals(first, end) {
		if a.text == "" {
			unit := Unit
			if a.fault == Unnamed {
				unit = ""
			}
			if err := add(a.second, a.value, unit); err != nil {
				return err
			}
			continue
		}
		if err := flush(); err != nil { // the readings before go first
			return err
		}
		if err := to.PublishPayload(ctx, p.ID, garbage(a)); err != nil {
			return err
		}
	}
	return flush()
}

// garbage is the message of a value that is no number.
func garbage(a arrival) []byte {
	at := time.Unix(a.second, 0).UTC().Format(time.RFC3339)
	return []byte(`{"ts":` + strconv.Quote(at) + `,"value":` + strconv.Quote(a.text) +
		`,"unit":"` + Unit + `"}`)
}

// readings counts the arrivals between two seconds, and adds their faults to faults.
func (p *player) readings(from, until int64, faults map[Fault]int) int {
	first, end := p.cells(from, until)
	if p.in == nil {
		return int(end - first)
	}
	all := p.arrivals(first, end)
	for i := range all {
		if all[i].fault != "" {
			faults[all[i].fault]++
		}
	}
	return len(all)
}
