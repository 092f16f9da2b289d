package simulator

import (
	"context"
	"strconv"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
)

// player is one meter and what goes wrong with it.
type player struct {
	Meter
	in    *injector // nil: nothing does
	step  [2]int64  // hours that ready is of
	ready []arrival // what comes in them
}

// newPlayers makes a fleet ready to be published from an hour on.
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
		p.in = p.Meter.injector(faults, seed, 0, onceHours)
		// What is under way when the hour comes is a function of the hours before it.
		for hour := from - p.in.lookback(); hour < from; hour++ {
			cell, value := p.reading(hour)
			p.in.take(cell, value)
			p.in.due(cell)
		}
	}
	return players, nil
}

// onceHours is the period of a stretch that comes once, on the stream.
const onceHours = int64(onceEvery / time.Hour)

// stamp is the hour that the report on an hour is stamped with: a register is read when the hour has ended.
func (m *Meter) stamp(hour int64) int64 {
	if m.Register {
		return hour + 1
	}
	return hour
}

// reading is what a meter reports when an hour has ended: its stamp and the value.
func (m *Meter) reading(hour int64) (stamp int64, value float64) {
	if m.Register {
		return m.stamp(hour), m.Shows(hour + 1)
	}
	return hour, m.KWh(hour)
}

// injector is what goes wrong with a meter; its periods count from origin, once is that of stretches that come once.
func (m *Meter) injector(f Faults, seed uint64, origin, once int64) *injector {
	rolls := 0.0
	if m.Register {
		rolls = m.rolls()
	}
	return newInjector(f, faultKey(seed, m.ID.String()), meter.HourSeconds, origin, once, rolls)
}

// faultKey is where the faults of a series are drawn from.
func faultKey(seed uint64, series string) key { return key(mix(seed)).sub("faults").sub(series) }

// arrivals is what comes of the hours [from, until); asked again for the same hours it says the same.
func (p *player) arrivals(from, until int64) []arrival {
	if p.step == [2]int64{from, until} {
		return p.ready
	}
	p.step, p.ready = [2]int64{from, until}, p.ready[:0]
	for hour := from; hour < until; hour++ {
		cell, value := p.reading(hour)
		p.in.take(cell, value)
		for _, a := range p.in.due(cell) {
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

// publish sends the hours [from, until) of one meter: a message for all that is history, else one for each reading.
func (p *player) publish(ctx context.Context, to Publisher, from, until int64, history bool, room []streams.Reading) error {
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
			Time: time.Unix(second, 0).UTC(), Value: value, Unit: Unit, Kind: p.wireKind(), History: history,
		})
		if !history || len(readings) == maxChunk {
			return flush()
		}
		return nil
	}
	if p.in == nil {
		for hour := from; hour < until; hour++ {
			stamp, value := p.reading(hour)
			if err := add(stamp*meter.HourSeconds, value); err != nil {
				return err
			}
		}
		return flush()
	}
	for _, a := range p.arrivals(from, until) {
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
	return []byte(`{"ts":` + strconv.Quote(time.Unix(a.second, 0).UTC().Format(time.RFC3339)) + `,"value":` + strconv.Quote(a.text) + `,"unit":"` + Unit + `"}`)
}

// readings counts what the hours [from, until) come to, and the faults in it by name.
func (p *player) readings(from, until int64, faults map[Fault]int) int {
	if p.in == nil {
		return int(until - from)
	}
	all := p.arrivals(from, until)
	for i := range all {
		if all[i].fault != "" {
			faults[all[i].fault]++
		}
	}
	return len(all)
}
