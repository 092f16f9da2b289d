package engine

import (
	"fmt"

	"github.com/loadtide/loadtide/pkg/meter"
)

func (e *Engine) writeMarks() []byte {
	data := byteOrder.AppendUint32(nil, uint32(e.marks.Len()))
	for pattern, marks := range e.marks.All() {
		data = appendText(appendText(data, pattern.Site), pattern.Meter)
		data = byteOrder.AppendUint32(data, uint32(len(marks)))
		for _, m := range marks {
			data = byteOrder.AppendUint64(data, uint64(m.From))
			data = byteOrder.AppendUint64(data, uint64(m.Until))
			data = append(data, byte(m.Reason))
		}
	}
	return data
}

// readMarks reads marks: by pattern, ascending, and ascending in time.
func (e *Engine) readMarks(r *reader) {
	patterns := r.uint32()
	if r.err == nil && patterns > meter.MostMarked {
		r.err = fmt.Errorf("marks of %d patterns, at most %d are kept", patterns, meter.MostMarked)
	}
	before := meter.ID{}
	for ; patterns > 0 && r.err == nil; patterns-- {
		pattern := meter.ID{Site: r.text(), Meter: r.text()}
		count, last := r.uint32(), int64(0)
		if r.err == nil && (compareIDs(before, pattern) >= 0 || count < 1 || count > meter.MostMarks) {
			r.err = fmt.Errorf("%d marks of %s: none, too many, or out of order", count, pattern)
		}
		for ; count > 0 && r.err == nil; count-- {
			m := meter.Mark{
				From: int64(r.uint64()), Until: int64(r.uint64()), Reason: meter.MarkReason(r.byte()),
			}
			if r.err != nil {
				return
			}
			if r.err = m.Check(); r.err == nil && (m.From < last || m.Reason == meter.Unmarked) {
				r.err = fmt.Errorf("mark of %s from %d until %d, %s: out of order, or none",
					pattern, m.From, m.Until, m.Reason)
			}
			e.marks.Put(pattern, m)
			last = m.Until
		}
		before = pattern
	}
}
