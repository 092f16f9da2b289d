package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/retry"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// judge finds out what the owners of the partitions decided about the readings that a run
// publishes. begin is called before the first message, end when all messages are stored.
//
// An owner counts the readings of each series by what became of them, and says up to which message
// of its log all outputs are stored. The difference between two counts is of this run, and the
// refusals of the messages in between are in the stream REJECTED. Readings that others send for the
// same series at the same time are counted too.
type judge struct {
	owners   owners
	wait     time.Duration // how long an owner may stand still
	show     *screen
	parts    []judgedPart // those that have a series of the run
	rejected uint64       // the last message in REJECTED before the run
	lost     bool         // REJECTED has lost refusals of the run
	owned    bool         // a partition had an owner before the run: a partition without one gets one
}

// judgedPart is a partition of which a judge asks.
type judgedPart struct {
	index  int
	series []string
	from   uint64 // the last message of the log before the run
	last   uint64 // the last message of the log after it
	before *streams.Tally
	after  *streams.Tally
	done   bool // the outputs of the run are stored
	fault  judgeFault
}

// judgeFault says why an owner has not judged a part.
type judgeFault string

const (
	faultNoOwner judgeFault = "no forecaster is running"
	faultStalled judgeFault = "the forecaster makes no progress"
	faultOld     judgeFault = "the forecaster is of a release that does not say"
	faultLost    judgeFault = "more was refused than the stream REJECTED holds"
	faultNoWait  judgeFault = "--wait 0s does not wait"
)

// newJudge asks about the series of a run, which lie in so many partitions.
func newJudge(
	conn *bus.Conn, partitions int, ids []meter.ID, wait time.Duration, show *screen,
) *judge {
	j := &judge{owners: owners{Conn: conn, partitions: partitions}, wait: wait, show: show}
	by := map[int][]string{}
	for _, id := range ids {
		p := streams.Partition(id, partitions)
		by[p] = append(by[p], id.String())
	}
	for p, names := range by {
		j.parts = append(j.parts, judgedPart{index: p, series: names})
	}
	slices.SortFunc(j.parts, func(a, b judgedPart) int { return cmp.Compare(a.index, b.index) })
	return j
}

// beginWait bounds the wait for owners that lag behind their logs before a run. Without their counts
// the run tells what was refused, and not what was repeated.
const beginWait = 2 * time.Second

// begin notes how the logs and the counts stand before the run.
func (j *judge) begin(ctx context.Context) error {
	until := time.Now().Add(min(j.wait, beginWait))
	state, err := j.owners.StreamState(ctx, topology.Rejected)
	if err != nil {
		return err
	}
	j.rejected = state.LastSeq
	for i := range j.parts {
		p := &j.parts[i]
		if state, err = j.owners.StreamState(ctx, topology.Log(p.index)); err != nil {
			return err
		}
		p.from, p.last = state.LastSeq, state.LastSeq
		enough := func(time.Time) bool { return time.Now().After(until) }
		if err := j.follow(ctx, p, enough); err != nil {
			return err
		}
		p.before, p.after, p.done, p.fault = p.after, nil, false, ""
	}
	j.owned = slices.ContainsFunc(j.parts, func(p judgedPart) bool { return p.before != nil })
	return nil
}

// end waits until the owners have judged the run, as long as they make progress.
func (j *judge) end(ctx context.Context) error {
	for i := range j.parts {
		p := &j.parts[i]
		state, err := j.owners.StreamState(ctx, topology.Log(p.index))
		if err != nil {
			return err
		}
		p.last = state.LastSeq
	}
	still := func(moved time.Time) bool { return time.Since(moved) >= j.wait }
	for i := range j.parts {
		if err := j.follow(ctx, &j.parts[i], still); err != nil {
			return err
		}
	}
	j.show.barDone()
	return nil
}

// showAfter is how long a wait lasts before a bar is shown.
const showAfter = time.Second

// follow waits until the outputs of a part up to last are stored, and takes its tally. It gives up,
// with the fault, when enough says so, which gets the time of the last progress, or when there is no
// owner and none can be expected: a partition that changes hands has no owner for some seconds.
func (j *judge) follow(
	ctx context.Context, p *judgedPart, enough func(moved time.Time) bool,
) error {
	if j.wait == 0 {
		p.fault = faultNoWait
		return nil
	}
	began := time.Now()
	moved, at := began, uint64(0)
	for {
		p.fault = faultStalled
		page, err := j.owners.ask(ctx, p.index, streams.QueryState, streams.TallyQuery(p.series[:1]))
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, bus.ErrNoServer):
			if p.fault = faultNoOwner; !j.owned {
				return nil
			}
		case err == nil && page.Tally == nil:
			p.fault = faultOld
			return nil
		case err == nil && page.Stored >= p.last:
			p.done, p.fault = true, ""
			return j.tally(ctx, p)
		case err == nil && page.Stored > at:
			at, moved = page.Stored, time.Now()
		}
		if enough(moved) {
			return nil
		}
		if at > p.from && time.Since(began) > showAfter {
			done, total := j.progress(p, at)
			j.show.bar(done, total, "messages judged", 0)
		}
		_ = retry.Sleep(ctx, pollOrder) // the next question sees the end of ctx
	}
}

// progress returns how many messages of all parts are judged, when those of one part are judged up to
// at. Parts that were not asked yet count as not judged.
func (j *judge) progress(current *judgedPart, at uint64) (done, total int) {
	for i := range j.parts {
		p := &j.parts[i]
		total += int(p.last - p.from)
		switch {
		case p == current:
			done += int(at - p.from)
		case p.done:
			done += int(p.last - p.from)
		}
	}
	return done, total
}

// tally adds the counts of all series of a part. There is none when the owner changes meanwhile.
func (j *judge) tally(ctx context.Context, p *judgedPart) error {
	var sum *streams.Tally
	for names := range slices.Chunk(p.series, streams.MaxTally) {
		page, err := j.owners.ask(ctx, p.index, streams.QueryState, streams.TallyQuery(names))
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil || page.Tally == nil || sum != nil && !sum.Since.Equal(page.Tally.Since):
			return nil
		case sum == nil:
			sum = page.Tally
		default:
			sum.Repeated += page.Tally.Repeated
			sum.Waiting += page.Tally.Waiting
		}
	}
	p.after = sum
	return nil
}
