package simulator

import (
	"context"
	"strconv"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
)

// player publishes one meter, and what goes wrong with it.
type player struct {
	Meter
	in    *injector // nil: nothing goes wrong
	last  [2]int64  // intervals that ready is of
	ready []arrival // what comes in them
}

// newPlayers makes a fleet ready to be published from a second on.
func newPlayers(cfg Config, seed uint64, from int64) ([]player, error) {
	fleet, faults, err := cfg.fleet(seed)
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
		p.in = p.Meter.injector(faults, seed, 0, int64(onceEvery/time.Second)/step)
		// What is under way at a moment is a function of the intervals before it.
		first := meter.FloorDiv(from, step)
		for cell := first - p.in.lookback(); cell < first; cell++ {
			stamp, value := p.reading(cell)
			p.in.take(stamp, value)
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

// injector returns what goes wrong with a meter. Its periods count from the interval origin; once
// is the period of stretches that come once, in intervals.
func (m *Meter) injector(f Faults, seed uint64, origin, once int64) *injector {
	rolls := 0.0
	if m.Register {
		rolls = m.rolls()
	}
	return newInjector(f, faultKey(seed, m.ID.String()), m.step(), origin, once, rolls)
}

// faultKey is where the faults of a series are drawn from.
func faultKey(seed uint64, series string) key { return key(mix(seed)).sub("faults").sub(series) }

// cells returns the intervals that end behind the second from and not behind until.
func (m *Meter) cells(from, until int64) (first, end int64) {
	return meter.FloorDiv(from, m.step()), meter.FloorDiv(until, m.step())
}

// arrivals returns what comes of the intervals [first, end). Asked again for the same intervals it
// returns the same.
func (p *player) arrivals(first, end int64) []arrival {
	if p.last == [2]int64{first, end} {
		return p.ready
	}
	p.last, p.ready = [2]int64{first, end}, p.ready[:0]
	for cell := first; cell < end; cell++ {
		stamp, value := p.reading(cell)
		p.in.take(stamp, value)
		for _, a := range p.in.due(stamp) {
			if !a.never {
				p.ready = append(p.ready, a)
			}
		}
	}
	return p.ready
}

// wireKind is what the readings of a meter say they are; energy is known by its unit.
func (m *Meter) wireKind() meter.Kind {
	if m.Register {
		return meter.Register
	}
	return meter.KindUnknown
}

// publish sends what one meter reports between two seconds: a message for maxReadings of history,
// else one for each reading.
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
	add := func(second int64, value float64) error {
		readings = append(readings, streams.Reading{
			Time: time.Unix(second, 0).UTC(), Value: value, Unit: Unit, Kind: p.wireKind(),
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
			if err := add(stamp*p.step(), value); err != nil {
				return err
			}
		}
		return flush()
	}
	for _, a := range p.arrivals(first, end) {
		if a.text == "" {
			if err := add(a.second, a.value); err != nil {
				return err
			}
			continue
		}
		if err := flush(); err != nil { // order stays
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

// readings counts what comes between two seconds, and the faults in it by name.
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
