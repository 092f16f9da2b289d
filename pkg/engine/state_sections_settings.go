package engine

import (
	"fmt"

	"github.com/loadtide/loadtide/pkg/meter"
)

func (e *Engine) writeSettings() []byte {
	data := byteOrder.AppendUint64(nil, uint64(e.limit-unlimited)) // 0 for none
	data = byteOrder.AppendUint32(data, uint32(len(e.settings)))
	for _, id := range e.settings.sorted() {
		set := e.settings[id]
		for _, text := range [...]string{id.Site, id.Meter, set.Unit, set.Zone, set.Country} {
			data = appendText(data, text)
		}
		data = byteOrder.AppendUint32(append(data, byte(set.Kind)), uint32(set.Interval))
		data = appendText(appendFloat64(data, set.Limit.Value), set.Limit.Unit)
		data = append(appendFloat64(data, set.LimitChance), byte(set.Label))
	}
	return data
}

func (e *Engine) readSettings1(r *reader) { e.readSettingsOf(r, func(*Setting) {}) }

func (e *Engine) readSettings2(r *reader) {
	e.readSettingsOf(r, func(set *Setting) { set.Interval = int32(r.uint32()) })
}

func (e *Engine) readSettings3(r *reader) {
	e.readSettingsOf(r, func(set *Setting) { readSettingTo3(set, r) })
}

func (e *Engine) readSettings(r *reader) {
	e.readSettingsOf(r, func(set *Setting) {
		readSettingTo3(set, r)
		set.Label = meter.Label(r.byte())
	})
}

// readSettingTo3 reads the fields behind those of version 1, up to version 3.
func readSettingTo3(set *Setting, r *reader) {
	set.Interval = int32(r.uint32())
	set.Limit = meter.Quantity{Value: r.float64(), Unit: r.text()}
	set.LimitChance = r.float64()
}

// readSettingsOf reads settings; rest reads the fields that version 1 does not have.
func (e *Engine) readSettingsOf(r *reader, rest func(*Setting)) {
	limit := r.uint64()
	if r.err == nil && limit > 1<<40 {
		r.err = fmt.Errorf("a limit of %d series", limit)
	}
	e.limit = int(limit) + unlimited
	before := meter.ID{}
	for n := r.uint32(); n > 0 && r.err == nil; n-- {
		id := meter.ID{Site: r.text(), Meter: r.text()}
		set := Setting{
			Unit:    r.text(),
			Zone:    r.text(),
			Country: r.text(),
			Kind:    meter.Kind(r.byte()),
		}
		if rest(&set); r.err != nil {
			return
		}
		if set.Kind > meter.Register || set.Label > meter.LabelEnd || set == (Setting{}) || id == (meter.ID{}) ||
			compareIDs(before, id) >= 0 {
			r.err = fmt.Errorf("setting of %s: nothing is set, kind %d, or out of order", id, set.Kind)
		} else if r.err = set.Check(); r.err != nil {
			return
		}
		e.settings[id], before = set, id
	}
}

func (l *limits) write() []byte {
	data := byteOrder.AppendUint32(nil, uint32(len(l.states)))
	for _, id := range l.sorted() {
		data = append(appendText(appendText(data, id.Site), id.Meter), byte(l.states[id]))
	}
	return data
}

// readLimits reads how series stand to their limits, after the series and the settings.
func (e *Engine) readLimits(r *reader) {
	before := meter.ID{}
	for n := r.uint32(); n > 0 && r.err == nil; n-- {
		id, state := meter.ID{Site: r.text(), Meter: r.text()}, limitState(r.byte())
		if r.err != nil {
			return
		}
		if _, _, known := e.find(id); !known || compareIDs(before, id) >= 0 ||
			state != limitPassed && state != limitRefused ||
			e.settings.of(id).Limit == (meter.Quantity{}) {
			r.err = fmt.Errorf("series %s: not known, without a limit, of state %d, or out of order",
				id, state)
		}
		e.limits.states[id], before = state, id
	}
}
