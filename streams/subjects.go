package streams

import (
	"strconv"
	"strings"

	"github.com/loadtide/loadtide/pkg/meter"
)

// MaxPartitions is the largest number of partitions a deployment may have.
const MaxPartitions = 1024

// The kinds of control record on ctl.<p>.<kind>. A record takes effect at its position in the log.
const (
	ControlModel    = "model"    // the model that serves the partition, a ModelControl
	ControlTick     = "tick"     // the clock of the log, for series that are silent
	ControlLimit    = "limit"    // how many series all partitions take, a LimitControl
	ControlSettings = "settings" // the settings of a pattern, a SettingsControl
	ControlDelete   = "delete"   // the partition forgets a series, a DeleteControl
	ControlMark     = "mark"     // a period that is kept from the models, a MarkControl
	ControlState    = "state"    // the partition takes in the state of a series, a StateControl
)

// The kinds of question to the owner of a partition.
const (
	QuerySeries = "series" // a page of summaries of series
	QueryState  = "state"  // the state of one series
)

const (
	queryPrefix    = "query."
	readingPrefix  = "r."
	publicPrefix   = "readings."
	controlPrefix  = "ctl."
	forecastPrefix = "forecasts."
	rejectedPrefix = "rejected."
	eventPrefix    = "events."
	scorePrefix    = "scores."
)

// Partition is the partition of a series: FNV-1a-32 of site and meter without a separator, modulo
// partitions. It equals partition(P,1,2) of a NATS subject mapping, so publishers and the broker
// agree. partitions below 1 count as 1.
func Partition(id meter.ID, partitions int) int {
	if partitions <= 1 {
		return 0
	}
	const offset, prime = 2166136261, 16777619
	h := uint32(offset)
	for i := range len(id.Site) {
		h = (h ^ uint32(id.Site[i])) * prime
	}
	for i := range len(id.Meter) {
		h = (h ^ uint32(id.Meter[i])) * prime
	}
	return int(h % uint32(partitions))
}

// ReadingSubject is where our own publishers write a reading: r.<p>.<site>.<meter>.
func ReadingSubject(p int, id meter.ID) string {
	return readingPrefix + strconv.Itoa(p) + "." + id.Site + "." + id.Meter
}

// PublicReadingSubject is where any other client writes a reading: readings.<site>.<meter>.
func PublicReadingSubject(id meter.ID) string { return publicPrefix + id.Site + "." + id.Meter }

// ForecastSubject is where the forecasts of a series go: forecasts.<site>.<meter>.
func ForecastSubject(id meter.ID) string { return forecastPrefix + id.Site + "." + id.Meter }

// ScoreSubject is where the scores of a series go: scores.<site>.<meter>.
func ScoreSubject(id meter.ID) string { return scorePrefix + id.Site + "." + id.Meter }

// LimitSubject is where the events about the limit of a series go: events.limit.<site>.<meter>.
func LimitSubject(id meter.ID) string { return eventPrefix + "limit." + id.Site + "." + id.Meter }

// EventSubject is where all other events of a kind go: events.<kind>. A kind may have dots.
func EventSubject(kind string) string { return eventPrefix + kind }

// ControlSubject is where a control record of partition p goes: ctl.<p>.<kind>.
func ControlSubject(p int, kind string) string {
	return controlPrefix + strconv.Itoa(p) + "." + kind
}

// QuerySubject is where questions to the owner of partition p go: query.<p>.<kind>. No stream
// stores them.
func QuerySubject(p int, kind string) string { return queryPrefix + strconv.Itoa(p) + "." + kind }

// RejectedSubject is where a refused input of a series goes. Site and meter may be any text, even
// none: meter.Token makes tokens of them.
func RejectedSubject(id meter.ID) string {
	return rejectedPrefix + meter.Token(id.Site) + "." + meter.Token(id.Meter)
}

// Input holds the parts of the subject of a message in a partition's log. Control is empty for
// readings, Series is empty for control records. Partition is 0 for a public subject: only the log
// of a deployment with one partition holds public subjects.
type Input struct {
	Control   string
	Partition int
	Series    meter.ID
}

// IsControl reports whether the subject is that of a control record. It reads other subjects only
// up to their prefix.
func IsControl(subject string) bool {
	if !strings.HasPrefix(subject, controlPrefix) {
		return false
	}
	in, err := ParseInput(subject)
	return err == nil && in.Control != ""
}

// ParseInput reads the subject of a message in a partition's log: r.<p>.<site>.<meter>,
// readings.<site>.<meter> or ctl.<p>.<kind>. The error is an *InvalidError with
// meter.ReasonBadSubject. With an error, Input holds the parts that could be read, for the rejected
// message.
func ParseInput(subject string) (Input, error) {
	var in Input
	switch {
	case strings.HasPrefix(subject, readingPrefix):
		p, rest, _ := strings.Cut(subject[len(readingPrefix):], ".")
		in.Series.Site, in.Series.Meter, _ = strings.Cut(rest, ".")
		var ok bool
		if in.Partition, ok = parsePartition(p); !ok {
			return in, badSubject(subject)
		}
	case strings.HasPrefix(subject, publicPrefix):
		in.Series.Site, in.Series.Meter, _ = strings.Cut(subject[len(publicPrefix):], ".")
	case strings.HasPrefix(subject, controlPrefix):
		p, kind, _ := strings.Cut(subject[len(controlPrefix):], ".")
		var ok bool
		if in.Partition, ok = parsePartition(p); !ok || !meter.ValidToken(kind) {
			return in, badSubject(subject)
		}
		in.Control = kind
		return in, nil
	default:
		return in, badSubject(subject)
	}
	if !in.Series.Valid() {
		return in, badSubject(subject)
	}
	return in, nil
}

func badSubject(subject string) *InvalidError {
	return &InvalidError{
		Reason: meter.ReasonBadSubject, Index: WholeMessage, Field: "subject",
		Value:  shown([]byte(subject)),
		Remedy: "publish on readings.<site>.<meter>, each of 1 to 64 letters, digits, _ or -",
	}
}

// parsePartition reads a partition number as ReadingSubject writes it: digits without leading
// zeros.
func parsePartition(s string) (int, bool) {
	if len(s) == 0 || len(s) > 4 || len(s) > 1 && s[0] == '0' {
		return 0, false
	}
	p := 0
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		p = p*10 + int(s[i]-'0')
	}
	if p >= MaxPartitions {
		return 0, false
	}
	return p, true
}
