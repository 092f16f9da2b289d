package streams

import (
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Reading is one observed value of a series.
type Reading struct {
	Time     time.Time     // start of its interval, UTC
	Value    float64       // in Unit; finite, below meter.MaxValue in magnitude; 0 when there is none
	Unit     string        // kWh for any form of kWh; else as it was sent, 16 printable bytes or fewer
	Kind     meter.Kind    // KindUnknown when the message does not say: by the unit, else power
	Quality  meter.Quality // Unknown when the message does not say: OK
	Interval time.Duration // 0 when the message does not say
	History  bool          // only for state and training: no forecast, no score
}

// AppendReadings appends the JSON message of readings of one series: an object for a single
// reading, else an array. A value that is not finite becomes null, which DecodeReadings takes for MISSING.
func AppendReadings(dst []byte, rs []Reading) []byte {
	if len(rs) == 1 {
		return appendReading(dst, &rs[0])
	}
	dst = append(dst, '[')
	for i := range rs {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendReading(dst, &rs[i])
	}
	return append(dst, ']')
}

func appendReading(dst []byte, r *Reading) []byte {
	dst = append(dst, `{"ts":`...)
	dst = appendTime(dst, r.Time)
	dst = append(dst, `,"value":`...)
	dst = appendFloat(dst, r.Value)
	if r.Unit != "" {
		dst = append(dst, `,"unit":`...)
		dst = appendString(dst, r.Unit)
	}
	if r.Kind != meter.KindUnknown {
		dst = append(dst, `,"kind":`...)
		dst = appendString(dst, r.Kind.String())
	}
	if r.Quality != meter.Unknown {
		dst = append(dst, `,"quality":`...)
		dst = appendString(dst, r.Quality.String())
	}
	if r.Interval != 0 {
		dst = append(dst, `,"interval":"`...)
		dst = meter.AppendInterval(dst, r.Interval)
		dst = append(dst, '"')
	}
	if r.History {
		dst = append(dst, `,"history":true`...)
	}
	return append(dst, '}')
}
