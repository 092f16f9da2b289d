package forecaster

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/retry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/streams"
)

const (
	// outsideGroup is the queue group of all forecasters: one of them hears each message.
	outsideGroup = "loadtide-readings"
	// probeSubject is a public subject under which nothing is stored.
	probeSubject = "readings.loadtide.probe"
	listEvery    = time.Second
	probeEvery   = 5 * time.Second
)

// outside hears what is published under readings. and reaches no log, so that nothing vanishes: a
// reading of two tokens where the account has no mapping, and any other number of tokens.
type outside struct {
	deps
	rejected, badSubject prometheus.Counter

	listing  *stray // that is not stored yet; of the goroutine that lists
	mu       sync.Mutex
	strays   *strays
	unmapped bool // readings of two tokens are heard, and the mapping is not there yet
}

func newOutside(d deps) *outside {
	return &outside{
		deps: d, strays: newStrays(d.now()),
		rejected:   d.metrics.readings.WithLabelValues(outcomeRejected),
		badSubject: d.metrics.rejected.WithLabelValues(string(meter.ReasonBadSubject)),
	}
}

// outsideSubjects are the subjects to hear. With one partition the log takes the public subjects of
// two tokens, and to hear them too would cost as much as the log.
func outsideSubjects(partitions int) []string {
	if partitions == 1 {
		return []string{"readings.*", "readings.*.*.*", "readings.*.*.*.>"}
	}
	return []string{"readings.>"}
}

// run hears and lists until ctx ends.
func (o *outside) run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	for _, subject := range outsideSubjects(o.partitions) {
		running.Go(func() {
			err := o.conn.Overhear(ctx, subject, outsideGroup, bus.Listener{
				Hear: o.hear, Answer: o.answer, Missed: o.missed,
			})
			if err != nil && ctx.Err() == nil {
				o.log.Warn().AnErr(service.FieldError, err).Str(service.FieldSubject, subject).
					Msg("readings that reach no log are not heard any more")
			}
		})
	}
	var probed time.Time
	for retry.Sleep(ctx, listEvery) == nil {
		o.list(ctx)
		if now := o.now(); o.isUnmapped() && now.Sub(probed) >= probeEvery {
			probed = now
			o.probe(ctx)
		}
	}
}

// ofTwoTokens reports whether a public subject is that of a reading: the log of a mapped one, not
// this listener, gets it.
func ofTwoTokens(subject string) bool { return strings.Count(subject, ".") == 2 }

// hear counts one message.
func (o *outside) hear(m bus.Message) {
	if m.ID == bus.ProbeID {
		return
	}
	now := o.now()
	o.mu.Lock()
	first := false
	if ofTwoTokens(m.Subject) {
		first, o.unmapped = !o.unmapped, true
		o.metrics.unmapped.Inc()
	} else {
		o.strays.add(m.Subject, m.Data, now)
		o.refuse(1)
	}
	o.mu.Unlock()
	if first {
		o.log.Warn().Str(service.FieldSubject, m.Subject).
			Msg("readings are published that no log takes, and are lost: " + o.remedy())
	}
}

// missed counts messages that came too fast to be heard.
func (o *outside) missed(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.unmapped {
		o.metrics.unmapped.Add(float64(n))
		return
	}
	o.strays.addOthers(n, nil, o.now())
	o.refuse(n)
}

func (o *outside) refuse(n int) {
	o.rejected.Add(float64(n))
	o.badSubject.Add(float64(n))
}

// answer is what the publisher of a message is told, when it asks for an acknowledgement.
func (o *outside) answer(m bus.Message) []byte {
	if _, err := streams.ParseInput(m.Subject); err != nil {
		return bus.NoStreamAnswer(err.Error())
	}
	return bus.NoStreamAnswer(o.remedy())
}

// remedy says what to do where the account has no mapping.
func (o *outside) remedy() string {
	return fmt.Sprintf("the NATS account does not map readings.*.* to the logs: load the mapping of "+
		"deployments/nats/nats.conf with partition(%d,1,2)", o.partitions)
}

// notReady says why readings are lost; it is empty while none are.
func (o *outside) notReady() string {
	if o.isUnmapped() {
		return o.remedy()
	}
	return ""
}

func (o *outside) isUnmapped() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.unmapped
}

// probe looks whether the mapping is there now.
func (o *outside) probe(ctx context.Context) {
	if mapped, err := o.conn.Stored(ctx, probeSubject); err != nil || !mapped {
		return // the next look may say more
	}
	o.mu.Lock()
	o.unmapped = false
	o.mu.Unlock()
	o.log.Info().Msg("readings are mapped to the logs")
}

// list publishes the listings that are due. One that cannot be published is tried again.
func (o *outside) list(ctx context.Context) {
	for {
		if o.listing == nil {
			o.mu.Lock()
			o.listing = o.strays.next(o.now())
			o.mu.Unlock()
		}
		next := o.listing
		if next == nil {
			return
		}
		data := next.message.AppendJSON(nil)
		if _, err := o.conn.Publish(ctx, next.subject, data, next.id); err != nil {
			return
		}
		o.listing = nil
		o.status.addRefusal(&Refusal{
			Reason: next.message.Reason, Readings: uint64(next.message.Count),
			Series: next.message.Series, Detail: next.message.Detail,
		})
	}
}
