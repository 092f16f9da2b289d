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
	}
	return data
}

func (e *Engine) readSettings1(r *reader) { e.readSettingsOf(r, func() int32 { return 0 }) }

func (e *Engine) readSettings(r *reader) {
	e.readSettingsOf(r, func() int32 { return int32(r.uint32()) })
}

// readSettingsOf reads settings the interval of which interval reads.
func (e *Engine) readSettingsOf(r *reader, interval func() int32) {
	limit := r.uint64()
	if r.err == nil && limit > 1<<40 {
		r.err = fmt.Errorf("a limit of %d series", limit)
	}
	e.limit = int(limit) + unlimited
	before := meter.ID{}
	for n := r.uint32(); n > 0 && r.err == nil; n-- {
		id := meter.ID{Site: r.text(), Meter: r.text()}
		set := Setting{
			Unit:     r.text(),
			Zone:     r.text(),
			Country:  r.text(),
			Kind:     meter.Kind(r.byte()),
			Interval: interval(),
		}
		if r.err != nil {
			return
		}
		if set.Kind > meter.Register || set == (Setting{}) || id == (meter.ID{}) ||
			compareIDs(before, id) >= 0 {
			r.err = fmt.Errorf("setting of %s: nothing is set, kind %d, or out of order", id, set.Kind)
		} else if r.err = set.Check(); r.err != nil {
			return
		}
		e.settings[id], before = set, id
	}
}
