package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// verdict is what became of the readings of a run. All counts are of readings.
type verdict struct {
	Taken    int `json:"taken"`
	Repeated int `json:"repeated"`
	Waiting  int `json:"waiting"` // for others to agree, because they are far ahead or off the grid
	Refused  int `json:"refused"`
	// Unsplit were taken or repeated: the owner changed during the run.
	Unsplit  int       `json:"taken_or_repeated"`
	Unjudged int       `json:"unjudged"`
	Why      string    `json:"unjudged_because,omitempty"`
	Reasons  []refused `json:"refused_by_reason"` // the most frequent first
}

// refused are the readings that were refused for one reason.
type refused struct {
	Reason   meter.Reason `json:"reason"`
	Readings int          `json:"readings"`
	Series   string       `json:"first_series"` // of the first refusal
	Detail   string       `json:"first_detail"`
}

// verdict puts together what the owners said. published is how many readings of each series the run
// stored.
func (j *judge) verdict(ctx context.Context, ids []meter.ID, published []int) (*verdict, error) {
	v := &verdict{Reasons: []refused{}}
	sent := map[int]int{}
	for i, id := range ids {
		sent[streams.Partition(id, j.owners.partitions)] += published[i]
	}
	refusals, err := j.refusals(ctx)
	if err != nil {
		return nil, err
	}
	faults := map[judgeFault]bool{}
	if j.lost {
		faults[faultLost] = true
	}
	for i := range j.parts {
		p := &j.parts[i]
		n := sent[p.index]
		if !p.done {
			if n > 0 {
				v.Unjudged += n
				faults[p.fault] = true
			}
			continue
		}
		v.add(p, n, refusals[p.index], j.lost)
	}
	var why []string
	for f := range faults {
		why = append(why, string(f))
	}
	slices.Sort(why)
	v.Why = strings.Join(why, "; ")
	slices.SortStableFunc(v.Reasons,
		func(a, b refused) int { return cmp.Compare(b.Readings, a.Readings) })
	return v, nil
}

// add adds the n readings of a part that its owner has judged. lost says that there were more
// refusals.
func (v *verdict) add(p *judgedPart, n int, no partRefusals, lost bool) {
	rest := n
	take := func(count int) int {
		count = min(max(count, 0), rest)
		rest -= count
		return count
	}
	for i := range no.reasons {
		no.reasons[i].Readings = take(no.reasons[i].Readings)
	}
	before, after := p.before, p.after
	switch {
	case lost:
		v.Unjudged += rest
	case before == nil || after == nil || !before.Since.Equal(after.Since):
		v.Unsplit += rest
	default:
		v.Waiting += take(int(after.Waiting - before.Waiting))
		v.Repeated += take(int(after.Repeated - before.Repeated))
		v.Taken += rest
	}
	for _, r := range no.reasons {
		v.Refused += r.Readings
		i := slices.IndexFunc(v.Reasons, func(have refused) bool { return have.Reason == r.Reason })
		if i < 0 {
			v.Reasons = append(v.Reasons, r)
			continue
		}
		v.Reasons[i].Readings += r.Readings
	}
}

// partRefusals are the refusals of one partition.
type partRefusals struct {
	reasons []refused         // in the order of the first refusals
	newest  streams.OutputKey // repeats of what was read are not counted again
}

// refusals reads the refusals of the run from the stream REJECTED.
func (j *judge) refusals(ctx context.Context) (map[int]partRefusals, error) {
	all := map[int]partRefusals{}
	mine := map[string]*judgedPart{}
	for i := range j.parts {
		p := &j.parts[i]
		all[p.index] = partRefusals{}
		for _, name := range p.series {
			mine[name] = p
		}
	}
	newest, err := j.owners.NewestSeq(ctx, topology.Rejected)
	if err != nil || newest <= j.rejected {
		return all, err
	}
	state, err := j.owners.StreamState(ctx, topology.Rejected)
	if err != nil {
		return nil, err
	}
	j.lost = state.FirstSeq > j.rejected+1
	reader, err := j.owners.OpenReader(ctx, bus.ReaderConfig{
		Stream: topology.Rejected, From: j.rejected + 1,
	})
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	ctx, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()
	var batch []bus.Message
	for seq := j.rejected; seq < newest; {
		if batch, err = reader.Next(ctx, batch[:0], 1024); err != nil {
			return nil, fmt.Errorf("read the refusals of this run: %w", err)
		}
		for i := range batch {
			m := &batch[i]
			seq = m.Seq
			r, err := streams.DecodeRejected(m.Data)
			if err != nil {
				continue // of a later release
			}
			if p := mine[r.Series]; p != nil && r.Seq > p.from && r.Seq <= p.last {
				part := all[p.index]
				part.add(&r, m.ID)
				all[p.index] = part
			}
		}
	}
	return all, nil
}

// add counts one refusal, once.
func (a *partRefusals) add(r *streams.Rejected, id string) {
	if place, ok := streams.ParseOutputID(id); ok {
		if !a.newest.Less(place) {
			return
		}
		a.newest = place
	}
	i := slices.IndexFunc(a.reasons, func(have refused) bool { return have.Reason == r.Reason })
	if i < 0 {
		i = len(a.reasons)
		a.reasons = append(a.reasons, refused{Reason: r.Reason, Series: r.Series, Detail: r.Detail})
	}
	a.reasons[i].Readings += max(r.Count, readingsOf(r))
}

// readingsOf returns how many readings a message had that was refused as a whole, else 1. Of a
// payload that is not all there the rest is as dense.
func readingsOf(r *streams.Rejected) int {
	if r.Index != streams.WholeMessage {
		return 1
	}
	n := strings.Count(r.Payload, `"ts"`)
	return max(n*max(r.PayloadBytes, 1)/max(len(r.Payload), 1), 1)
}

// words are the lines of a verdict for a person.
func (v *verdict) words() string {
	var b strings.Builder
	counts := []string{}
	for _, c := range []struct {
		n    int
		what string
	}{
		{v.Taken, "taken"}, {v.Repeated, "repeated"}, {v.Unsplit, "taken or repeated"},
		{v.Waiting, "waiting for others to agree"}, {v.Refused, "refused"},
		{v.Unjudged, "not yet judged"},
	} {
		if c.n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	if len(counts) > 0 {
		fmt.Fprintf(&b, "  judged: %s\n", strings.Join(counts, ", "))
	}
	if v.Why != "" {
		fmt.Fprintf(&b, "  not yet judged: %s; refusals will be in the stream %s\n",
			v.Why, topology.Rejected)
	}
	for _, r := range v.Reasons {
		fmt.Fprintf(&b, "  refused: %d %s; first: %s: %s\n", r.Readings, r.Reason, r.Series, r.Detail)
	}
	return b.String()
}
