package streams

import (
	"encoding/json"
	"math"
	"strconv"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Forecast is the quantile forecast of one series from one origin.
type Forecast struct {
	Series    meter.ID
	Origin    time.Time     // end of the last known interval; lead k starts at Origin + (k-1)*Interval
	Interval  time.Duration // of each lead
	Unit      string        // of the quantiles; may be empty
	Issued    time.Time     // the broker's time of the input that caused it, to the millisecond
	Revision  int           // accepted inputs that changed the series since Origin was first forecast
	Source    meter.Source
	Quality   string    // of the newest interval, the word of a meter.Quality
	Model     *Model    // nil when no model took part
	InputSeq  uint64    // sequence of the input in its partition's log
	Levels    []float64 // probabilities, ascending inside (0, 1)
	Quantiles []float32 // [lead][level] in Unit, leads*len(Levels) of them, ascending in a lead
}

// Leads is how many leads the forecast has, 0 without levels.
func (f *Forecast) Leads() int {
	if len(f.Levels) == 0 {
		return 0
	}
	return len(f.Quantiles) / len(f.Levels)
}

// AppendJSON appends the message. It rounds quantiles to 5 significant digits, which keeps their
// order. It allocates nothing but the growth of dst.
func (f *Forecast) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"schema":1,"series":`...)
	dst = appendID(dst, f.Series)
	dst = append(dst, `,"origin":`...)
	dst = appendTime(dst, f.Origin)
	dst = append(dst, `,"interval":"`...)
	dst = meter.AppendInterval(dst, f.Interval)
	dst = append(dst, `","unit":`...)
	dst = appendString(dst, f.Unit)
	dst = append(dst, `,"issued":`...)
	dst = appendMillis(dst, f.Issued)
	dst = append(dst, `,"revision":`...)
	dst = strconv.AppendInt(dst, int64(f.Revision), 10)
	dst = append(dst, `,"source":`...)
	dst = appendString(dst, string(f.Source))
	dst = append(dst, `,"quality":`...)
	dst = appendString(dst, f.Quality)
	if f.Model != nil {
		dst = append(dst, `,"model":`...)
		dst = appendModel(dst, f.Model)
	}
	dst = append(dst, `,"input_seq":`...)
	dst = strconv.AppendUint(dst, f.InputSeq, 10)
	dst = append(dst, `,"levels":[`...)
	for i, level := range f.Levels {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendFloat(dst, level)
	}
	dst = append(dst, `],"quantiles":[`...)
	for lead, levels := 0, len(f.Levels); lead < f.Leads(); lead++ {
		if lead > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '[')
		for i, q := range f.Quantiles[lead*levels : (lead+1)*levels] {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendRounded(dst, q)
		}
		dst = append(dst, ']')
	}
	return append(dst, "]}"...)
}

// maxForecast is the largest message of a forecast in bytes. A week of quarter hours at 99 levels
// fits.
const maxForecast = 1 << 20

type forecastJSON struct {
	Schema    int             `json:"schema"`
	Series    string          `json:"series"`
	Origin    time.Time       `json:"origin"`
	Interval  string          `json:"interval"`
	Unit      string          `json:"unit"`
	Issued    time.Time       `json:"issued"`
	Revision  int             `json:"revision"`
	Source    meter.Source    `json:"source"`
	Quality   string          `json:"quality"`
	Model     *Model          `json:"model"`
	InputSeq  uint64          `json:"input_seq"`
	Levels    []float64       `json:"levels"`
	Quantiles json.RawMessage `json:"quantiles"`
}

// DecodeForecast reads a forecast, of AppendJSON or of another writer. Source and Quality may be
// words that this release does not know. The error is an *InvalidError that names the field.
func DecodeForecast(data []byte) (Forecast, error) {
	var j forecastJSON
	if err := decodeMessage(data, maxForecast, &j, &j.Schema); err != nil {
		return Forecast{}, err
	}
	f := Forecast{
		Origin: j.Origin.UTC(), Unit: j.Unit, Issued: j.Issued.UTC(), Revision: j.Revision,
		Source: j.Source, Quality: j.Quality, Model: j.Model, InputSeq: j.InputSeq, Levels: j.Levels,
	}
	var ok bool
	if f.Series, ok = meter.ParseID(j.Series); !ok {
		return Forecast{}, fieldError("series", j.Series, remedySeries)
	}
	if y := f.Origin.Year(); y < minYear || y > maxYear {
		return Forecast{}, fieldError("origin", f.Origin.Format(time.RFC3339), remedyTime)
	}
	if f.Interval, ok = parseInterval(j.Interval); !ok {
		return Forecast{}, fieldError("interval", j.Interval, "must be a duration, e.g. 1h")
	}
	before := 0.0
	for _, level := range f.Levels {
		if !(level > before && level < 1) {
			value := string(appendFloat(nil, level))
			return Forecast{}, fieldError("levels", value, "must ascend inside (0, 1)")
		}
		before = level
	}
	if len(f.Levels) == 0 {
		return Forecast{}, fieldError("levels", "", "at least one level is needed")
	}
	if f.Quantiles, ok = parseQuantiles(j.Quantiles, len(f.Levels)); !ok {
		return Forecast{}, fieldError("quantiles", string(j.Quantiles),
			"must be one array a lead with one finite number a level")
	}
	return f, nil
}

// parseQuantiles flattens [[...],[...]] of valid JSON. ok is false when a row has not exactly
// levels numbers, or when a number is no finite float32.
func parseQuantiles(data []byte, levels int) (flat []float32, ok bool) {
	s := scanner{data: data}
	if !s.next('[') {
		return nil, false
	}
	if s.next(']') {
		return nil, s.end()
	}
	for {
		if !s.next('[') {
			return nil, false
		}
		for i := range levels {
			if i > 0 && !s.next(',') {
				return nil, false
			}
			t, f := s.value()
			if f != noFault || t.kind != numberToken {
				return nil, false
			}
			q, err := strconv.ParseFloat(string(t.raw), 32)
			if err != nil || math.IsInf(q, 0) {
				return nil, false
			}
			flat = append(flat, float32(q))
		}
		if !s.next(']') {
			return nil, false
		}
		if s.next(']') {
			return flat, s.end()
		}
		if !s.next(',') {
			return nil, false
		}
	}
}
