package engine

import (
	"fmt"

	"github.com/loadtide/loadtide/pkg/meter"
)

func writeSettings(s *slabs) []byte {
	data := byteOrder.AppendUint64(nil, uint64(s.limit-unlimited)) // 0 for none
	data = byteOrder.AppendUint32(data, uint32(len(s.settings)))
	for _, id := range s.settings.sorted() {
		set := s.settings[id]
		for _, text := range [...]string{id.Site, id.Meter, set.Unit, set.Zone, set.Country} {
			data = appendText(data, text)
		}
		data = append(data, byte(set.Kind))
	}
	return data
}

func readSettings(s *slabs, r *reader) {
	limit := r.uint64()
	if r.err == nil && limit > 1<<40 {
		r.err = fmt.Errorf("a limit of %d series", limit)
	}
	s.limit = int(limit) + unlimited
	before := meter.ID{}
	for n := r.uint32(); n > 0 && r.err == nil; n-- {
		id := meter.ID{Site: r.text(), Meter: r.text()}
		set := Setting{Unit: r.text(), Zone: r.text(), Country: r.text(), Kind: meter.Kind(r.byte())}
		if r.err != nil {
			return
		}
		if set.Kind > meter.Register || set == (Setting{}) || id == (meter.ID{}) || compareIDs(before, id) >= 0 {
			r.err = fmt.Errorf("setting of %s: nothing is set, kind %d, or out of order", id, set.Kind)
		} else if r.err = set.Check(); r.err != nil {
			return
		}
		s.settings[id], before = set, id
	}
}
