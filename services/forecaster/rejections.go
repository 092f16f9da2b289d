package forecaster

import (
	"cmp"
	"slices"

	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
)

// rejection is a part of a message that is refused for one reason.
type rejection struct {
	message int
	reason  meter.Reason
	detail  string
	index   int // of the first refused reading, or streams.WholeMessage
	count   int
	held    *engine.Held // the refused reading, where it came in an earlier message
}

// Refusal sums up the rejections for one reason, for the status.
type Refusal struct {
	Reason   meter.Reason
	Readings uint64
	Series   string // of the newest of them
	Detail   string // of the newest of them
}

// rejections are the rejections of a batch: one for each message and reason.
type rejections struct {
	all   []rejection
	byKey map[rejectionKey]int // index in all
}

type rejectionKey struct {
	message int
	reason  meter.Reason
}

func (r *rejections) clear() {
	r.all = r.all[:0]
	clear(r.byKey)
}

// add refuses a reading of a message, or the message as a whole with the index
// streams.WholeMessage. The detail and the index are those of the first refusal of a message for a
// reason; later ones are counted. See streams.Rejected for what the index counts.
func (r *rejections) add(message int, reason meter.Reason, detail string, index int) {
	key := rejectionKey{message, reason}
	if i, ok := r.byKey[key]; ok {
		r.all[i].count++
		return
	}
	if r.byKey == nil {
		r.byKey = map[rejectionKey]int{}
	}
	r.byKey[key] = len(r.all)
	r.all = append(r.all, rejection{
		message: message, reason: reason, detail: detail, index: index, count: 1,
	})
}

// addHeld refuses a reading of an earlier message, because of a message of this batch.
func (r *rejections) addHeld(message int, reason meter.Reason, detail string, held *engine.Held) {
	r.all = append(r.all, rejection{
		message: message, reason: reason, detail: detail, count: 1, held: held,
	})
}

// byMessage returns all rejections in the order of their messages. No add may follow before clear.
func (r *rejections) byMessage() []rejection {
	slices.SortStableFunc(r.all, func(a, b rejection) int {
		return cmp.Compare(a.message, b.message)
	})
	return r.all
}

// reject adds the rejections of the engine.
func (p *Pipeline) reject(rejected []engine.Rejection) {
	for i := range rejected {
		r := &rejected[i]
		message := p.readings[r.Reading].Message
		if r.Held != nil {
			p.rejections.addHeld(message, r.Reason, r.Detail, r.Held)
			continue
		}
		p.rejections.add(message, r.Reason, r.Detail, r.Reading-p.firsts[message])
	}
}
