package streams

import (
	"strconv"

	"github.com/loadtide/loadtide/pkg/meter"
)

// DecodeReadings reads a message of readings: one object, or an array of at most 1000, in at most
// 64 KiB. It returns the valid readings in their order, and one error with its Index for each other
// element. When the message as a whole is invalid (no JSON, too large, empty), DecodeReadings
// returns one error with Index WholeMessage and no readings. It refuses times without an offset.
func DecodeReadings(payload []byte) (good []Reading, bad []*InvalidError) {
	return DecodeReadingsInto(nil, payload, nil)
}

// DecodeReadingsInto is DecodeReadings, but reads times without an offset as those of the clocks of
// zone, and appends the valid readings to dst, whose memory the caller reuses. Nothing that it
// returns refers to payload.
func DecodeReadingsInto(
	dst []Reading, payload []byte, zone Zone,
) (good []Reading, bad []*InvalidError) {
	if len(payload) > maxPayload {
		return dst, whole(meter.ReasonTooLarge, []byte(strconv.Itoa(len(payload))), remedySize)
	}
	s := scanner{data: payload}
	switch s.peek() {
	case 0:
		if s.end() {
			return dst, whole(meter.ReasonEmpty, nil, remedyEmpty)
		}
	case '{':
		var f fields
		if fault := s.object(&f); fault != noFault || !s.end() {
			return dst, s.broken(fault)
		}
		r, err := f.reading(s.long, zone)
		if err != nil {
			return dst, []*InvalidError{err}
		}
		return append(dst, r), nil
	case '[':
		return s.array(dst, zone)
	}
	return dst, s.broken(syntaxFault)
}

func whole(reason meter.Reason, value []byte, remedy string) []*InvalidError {
	return []*InvalidError{{
		Reason: reason, Index: WholeMessage, Field: "message", Value: shown(value), Remedy: remedy,
	}}
}

// broken returns the error for a message whose scan stopped with a fault.
func (s *scanner) broken(f fault) []*InvalidError {
	if f == nestingFault {
		return whole(meter.ReasonTooLarge, s.near(), remedyNesting)
	}
	return whole(meter.ReasonUnparsable, s.near(), remedyJSON)
}

// array reads the elements of a message. When the message is broken, array returns none of them.
func (s *scanner) array(dst []Reading, zone Zone) (good []Reading, bad []*InvalidError) {
	s.pos++
	s.depth++
	if s.next(']') {
		if !s.end() {
			return dst, s.broken(syntaxFault)
		}
		return dst, whole(meter.ReasonEmpty, []byte("[]"), remedyEmpty)
	}
	good = dst
	for i := 0; ; i++ {
		if i == maxReadings {
			return dst, whole(meter.ReasonTooLarge, s.near(), remedySize)
		}
		var f fields
		var err *InvalidError
		if s.long = false; s.peek() == '{' {
			if fault := s.object(&f); fault != noFault {
				return dst, s.broken(fault)
			}
			var r Reading
			if r, err = f.reading(s.long, zone); err == nil {
				good = append(good, r)
			}
		} else {
			t, fault := s.value()
			if fault != noFault {
				return dst, s.broken(fault)
			}
			err = invalid(meter.ReasonUnparsable, "reading", t, remedyJSON)
		}
		if err != nil {
			err.Index = i
			bad = append(bad, err)
		}
		if s.next(']') {
			break
		}
		if !s.next(',') {
			return dst, s.broken(syntaxFault)
		}
	}
	if !s.end() {
		return dst, s.broken(syntaxFault)
	}
	return good, bad
}

// object scans one reading into f.
func (s *scanner) object(f *fields) fault {
	s.pos++
	s.depth++
	if s.next('}') {
		s.depth--
		return noFault
	}
	for {
		if s.peek() != '"' {
			return syntaxFault
		}
		key, fault := s.string()
		if fault != noFault {
			return fault
		}
		if !s.next(':') {
			return syntaxFault
		}
		t, fault := s.value()
		if fault != noFault {
			return fault
		}
		f.set(key, t)
		if s.next('}') {
			s.depth--
			return noFault
		}
		if !s.next(',') {
			return syntaxFault
		}
	}
}
