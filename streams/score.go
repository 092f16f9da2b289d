package streams

import (
	"math"
	"strconv"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Score holds the scores of the forecasts of one interval, whose actual has arrived.
type Score struct {
	Series   meter.ID
	Target   time.Time     // start of the interval that was forecast
	Interval time.Duration // length of the interval
	Unit     string        // of actual and errors; may be empty
	Actual   float64       // of the interval, after joining, converting and differencing
	Scored   time.Time     // the broker's time of the input that brought the actual, in milliseconds
	Revision int           // corrections of the actual since its first score
	// Void says that a correction removed the actual: the scores before do not count. The leads
	// then have no numbers.
	Void     bool
	InputSeq uint64      // sequence of the input in its partition's log
	Leads    []LeadScore // ascending in Lead, at least one
}

// LeadScore is the score of the forecast of one lead.
type LeadScore struct {
	Lead    int
	Source  meter.Source // of the forecast
	Version string       // of its model; "" when a rule made it
	// Pinball is the mean quantile loss over the levels of the forecast, in Unit. Naive is the same
	// loss of the seasonal naive forecast: for every level the value of the same hour on the latest
	// day known at the origin. Naive is NaN where that value is not known.
	Pinball, Naive float32
	Error          float32 // actual minus median, in Unit
	// Covered50 and Covered80 say whether the actual lay inside the central interval, its ends
	// included.
	Covered50, Covered80 Covered
}

// Covered says whether the central interval held the actual.
type Covered uint8

// The cases. CoverageUnknown is for a forecast without such an interval.
const (
	CoverageUnknown Covered = iota
	Inside
	Outside
)

// AppendJSON appends the message. It rounds errors to 5 significant digits.
func (s *Score) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"schema":1,"series":`...)
	dst = appendID(dst, s.Series)
	dst = append(dst, `,"target":`...)
	dst = appendTime(dst, s.Target)
	dst = append(dst, `,"interval":"`...)
	dst = meter.AppendInterval(dst, s.Interval)
	dst = append(dst, `","unit":`...)
	dst = appendString(dst, s.Unit)
	if !s.Void {
		dst = append(dst, `,"actual":`...)
		dst = appendActual(dst, s.Actual)
	}
	dst = append(dst, `,"scored":`...)
	dst = appendMillis(dst, s.Scored)
	dst = append(dst, `,"revision":`...)
	dst = strconv.AppendInt(dst, int64(s.Revision), 10)
	if s.Void {
		dst = append(dst, `,"void":true`...)
	}
	dst = append(dst, `,"input_seq":`...)
	dst = strconv.AppendUint(dst, s.InputSeq, 10)
	dst = append(dst, `,"leads":[`...)
	for i := range s.Leads {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = s.Leads[i].appendJSON(dst, s.Void)
	}
	return append(dst, "]}"...)
}

// appendActual appends a number, with the digits of a float32 where it is one.
func appendActual(dst []byte, v float64) []byte {
	if !meter.Finite(v) || float64(float32(v)) != v {
		return appendFloat(dst, v)
	}
	return strconv.AppendFloat(dst, v, 'g', -1, 32)
}

func (l *LeadScore) appendJSON(dst []byte, void bool) []byte {
	dst = append(dst, `{"lead":`...)
	dst = strconv.AppendInt(dst, int64(l.Lead), 10)
	dst = append(dst, `,"source":`...)
	dst = appendString(dst, string(l.Source))
	if l.Version != "" {
		dst = append(dst, `,"version":`...)
		dst = appendString(dst, l.Version)
	}
	if void {
		return append(dst, '}')
	}
	dst = append(dst, `,"pinball":`...)
	dst = appendRounded(dst, l.Pinball)
	if !math.IsNaN(float64(l.Naive)) {
		dst = append(dst, `,"pinball_naive":`...)
		dst = appendRounded(dst, l.Naive)
	}
	dst = append(dst, `,"error":`...)
	dst = appendRounded(dst, l.Error)
	dst = appendCovered(dst, `,"covered50":`, l.Covered50)
	dst = appendCovered(dst, `,"covered80":`, l.Covered80)
	return append(dst, '}')
}

func appendCovered(dst []byte, key string, c Covered) []byte {
	if c == CoverageUnknown {
		return dst
	}
	return strconv.AppendBool(append(dst, key...), c == Inside)
}

func covered(b *bool) Covered {
	switch {
	case b == nil:
		return CoverageUnknown
	case *b:
		return Inside
	}
	return Outside
}

// scoreJSON is a Score in JSON.
type scoreJSON struct {
	Schema   int        `json:"schema"`
	Series   string     `json:"series"`
	Target   time.Time  `json:"target"`
	Interval string     `json:"interval"`
	Unit     string     `json:"unit"`
	Actual   *float64   `json:"actual"`
	Scored   time.Time  `json:"scored"`
	Revision int        `json:"revision"`
	Void     bool       `json:"void"`
	InputSeq uint64     `json:"input_seq"`
	Leads    []leadJSON `json:"leads"`
}

type leadJSON struct {
	Lead      int          `json:"lead"`
	Source    meter.Source `json:"source"`
	Version   string       `json:"version"`
	Pinball   *float32     `json:"pinball"`
	Naive     *float32     `json:"pinball_naive"`
	Error     *float32     `json:"error"`
	Covered50 *bool        `json:"covered50"`
	Covered80 *bool        `json:"covered80"`
}

// DecodeScore reads what AppendJSON writes. The error is an *InvalidError that names the field.
func DecodeScore(data []byte) (Score, error) {
	var j scoreJSON
	if err := decodeMessage(data, maxPayload, &j, &j.Schema); err != nil {
		return Score{}, err
	}
	s := Score{
		Target: j.Target.UTC(), Unit: j.Unit, Scored: j.Scored.UTC(), Revision: j.Revision, Void: j.Void,
		InputSeq: j.InputSeq, Leads: make([]LeadScore, 0, len(j.Leads)),
	}
	var ok bool
	if s.Series, ok = meter.ParseID(j.Series); !ok {
		return Score{}, fieldError("series", j.Series, remedySeries)
	}
	if y := s.Target.Year(); y < minYear || y > maxYear {
		return Score{}, fieldError("target", s.Target.Format(time.RFC3339), remedyTime)
	}
	if s.Interval, ok = parseInterval(j.Interval); !ok {
		return Score{}, fieldError("interval", j.Interval, "must be a duration, e.g. 1h")
	}
	switch {
	case j.Actual != nil && !s.Void:
		s.Actual = *j.Actual
	case !s.Void:
		return Score{}, fieldError("actual", "", "must be a number, unless the score is void")
	}
	if len(j.Leads) == 0 {
		return Score{}, fieldError("leads", "", "at least one lead is needed")
	}
	before := 0
	for i := range j.Leads {
		lead, err := j.Leads[i].score(s.Void, before)
		if err != nil {
			return Score{}, err
		}
		before = lead.Lead
		s.Leads = append(s.Leads, lead)
	}
	return s, nil
}

// score returns the score of a lead. before is the number of the lead before it. A void score has
// no numbers.
func (l *leadJSON) score(void bool, before int) (LeadScore, error) {
	lead := LeadScore{Lead: l.Lead, Source: l.Source, Version: l.Version}
	if l.Lead <= before {
		return lead, fieldError("leads", strconv.Itoa(l.Lead), "must ascend from 1")
	}
	if void {
		return lead, nil
	}
	if l.Pinball == nil || l.Error == nil {
		return lead, fieldError("leads", strconv.Itoa(l.Lead),
			"pinball and error must be numbers, unless the score is void")
	}
	lead.Pinball, lead.Error, lead.Naive = *l.Pinball, *l.Error, float32(math.NaN())
	if l.Naive != nil {
		lead.Naive = *l.Naive
	}
	lead.Covered50, lead.Covered80 = covered(l.Covered50), covered(l.Covered80)
	return lead, nil
}
