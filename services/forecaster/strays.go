package forecaster

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
)

const (
	// mostStrays bounds the subjects that wait to be listed. The messages of further ones are
	// listed together, under otherStrays.
	mostStrays  = 32
	otherStrays = "readings.>"
	// strayBurst listings may come at once, and one more every strayEvery: in seven days they take
	// less than 11 MB of REJECTED. A subject is listed once in strayEvery.
	strayBurst = 20
	strayEvery = 5 * time.Minute
	// mostSubject is how many bytes of a subject a listing holds.
	mostSubject = 256
)

// strays are the messages under readings. that no log takes, because their subject has not two
// tokens. They are counted by subject until they are listed in REJECTED. It is not safe for
// concurrent use.
type strays struct {
	start    time.Time            // of the process: part of the ids
	waiting  []*stray             // the oldest first
	others   *stray               // of subjects that found no room
	budget   int                  // listings that may come now
	refilled time.Time            // when budget grew last
	quiet    map[string]time.Time // by subject listed: until when it is not listed again
	listed   int
}

// stray is one listing.
type stray struct {
	id      string
	subject string
	message streams.Rejected
}

func newStrays(start time.Time) *strays {
	return &strays{start: start, budget: strayBurst, refilled: start, quiet: map[string]time.Time{}}
}

// add counts a message. The payload of the first one of a subject is listed.
func (s *strays) add(subject string, payload []byte, now time.Time) {
	subject = strings.ToValidUTF8(subject[:min(len(subject), mostSubject)], "?")
	for _, w := range s.waiting {
		if w.message.Subject == subject {
			w.message.Count++
			return
		}
	}
	if len(s.waiting) < mostStrays {
		s.waiting = append(s.waiting, s.newStray(subject, payload, now))
		return
	}
	s.addOthers(1, payload, now)
}

// addOthers counts messages whose subjects are not listed each.
func (s *strays) addOthers(n int, payload []byte, now time.Time) {
	if s.others == nil {
		s.others = s.newStray(otherStrays, payload, now)
		s.others.message.Count = 0
	}
	s.others.message.Count += n
}

func (s *strays) newStray(subject string, payload []byte, now time.Time) *stray {
	s.listed++
	in, err := streams.ParseInput(subject)
	w := &stray{
		id: "subject-" + strconv.FormatInt(s.start.UnixNano(), 36) + "-" + strconv.Itoa(s.listed),
		message: streams.Rejected{
			Series: strings.TrimPrefix(subject, "readings."), Subject: subject, Partition: noPartition,
			Reason: meter.ReasonBadSubject, Index: streams.WholeMessage, Count: 1, Received: now,
		},
		subject: streams.RejectedSubject(in.Series),
	}
	if err != nil {
		w.message.Detail = err.Error()
	}
	w.message.SetPayload(payload)
	return w
}

// noPartition is the partition of an input that is in no log.
const noPartition = -1

// next takes out the listing that is due, nil when there is none.
func (s *strays) next(now time.Time) *stray {
	if grown := int(now.Sub(s.refilled) / strayEvery); grown > 0 {
		s.budget = min(strayBurst, s.budget+grown)
		s.refilled = s.refilled.Add(time.Duration(grown) * strayEvery)
	}
	maps.DeleteFunc(s.quiet, func(_ string, until time.Time) bool { return !now.Before(until) })
	if s.budget == 0 {
		return nil
	}
	i := slices.IndexFunc(s.waiting, s.loud)
	var next *stray
	switch {
	case i >= 0:
		next = s.waiting[i]
		s.waiting = slices.Delete(s.waiting, i, i+1)
	case s.others != nil && s.loud(s.others):
		next, s.others = s.others, nil
	default:
		return nil
	}
	s.budget--
	s.quiet[next.message.Subject] = now.Add(strayEvery)
	return next
}

// loud reports whether the subject of a listing was not listed just now.
func (s *strays) loud(w *stray) bool {
	_, quiet := s.quiet[w.message.Subject]
	return !quiet
}
