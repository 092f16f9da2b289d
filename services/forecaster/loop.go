package forecaster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/checkpoint"
	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/streams"
)

const (
	// idleWait is how long a turn of the loop waits for readings.
	idleWait = 200 * time.Millisecond
	// askWait is how long a turn waits for readings soon after a question: the next question may
	// follow.
	askWait = 2 * time.Millisecond
	// flushEvery bounds how long outputs stay unconfirmed under load.
	flushEvery = time.Second
	// idleTicks bounds the ticks without effect that a start reads again, to those of an hour.
	idleTicks = 360
	// countEvery is the interval between two counts of series by state. countShare limits the
	// counting to 2 % of the time.
	countEvery = 200 * time.Millisecond
	countShare = 50
	// freshFor is how old a reading may be before its forecast is late.
	freshFor = time.Minute
	// storeTimeout bounds each wait for the broker: for stored outputs, a mark or a stream's state.
	storeTimeout = 10 * time.Second
)

// run is the loop: fetch, Step, publish, checkpoint, in this order for every batch. When ctx ends,
// run drains the partition and returns (I10). Otherwise it returns the error that broke the loop.
func (p *partition) run(ctx context.Context) error {
	defer p.close()
	defer p.saver.wait()
	for ctx.Err() == nil {
		if err := p.turn(ctx); err != nil {
			return err
		}
	}
	return p.drain(context.WithoutCancel(ctx))
}

// turn processes one batch, which may be empty, and does what is due: mark, checkpoint, tick,
// metrics and answers.
func (p *partition) turn(ctx context.Context) error {
	idle := idleWait
	if p.now().Sub(p.lastAnswer) < idleWait {
		idle = askWait
	}
	wait, cancel := context.WithTimeout(ctx, idle)
	batch, err := p.tail.Next(wait, p.batch[:0], p.pace.batch)
	cancel()
	p.batch = batch
	if err != nil && !errors.Is(err, context.DeadlineExceeded) &&
		!errors.Is(err, context.Canceled) {
		return fmt.Errorf("read %s after %d: %w", p.stream, p.position, err)
	}
	ctx = context.WithoutCancel(ctx) // the fetched batch is finished
	if err := p.step(ctx); err != nil {
		return err
	}
	caughtUp := len(batch) == 0 || batch[len(batch)-1].Pending == 0
	if p.dirty && (caughtUp || p.now().Sub(p.lastFlush) > flushEvery) {
		if err := p.flush(ctx); err != nil {
			return err
		}
	}
	p.saver.poll()
	p.keepModels()
	if !p.dirty { // all outputs up to the position are stored (I1)
		if err := p.mark(ctx); err != nil {
			return err
		}
		// A tick without effect leads to no checkpoint, which writes the whole state.
		if p.changed || p.position > p.saver.seq+idleTicks {
			if p.saver.begin(ctx, p.snapshot, p.erasing) {
				p.changed, p.erasing = false, false
			}
		}
	}
	if caughtUp && p.position >= p.logEnd {
		if err := p.tick(ctx); err != nil {
			return err
		}
	}
	p.report(caughtUp)
	p.reply()
	return nil
}

// step puts the fetched batch through the pipeline and publishes the outputs. It steps a batch that
// names many models in parts, so that few models are in memory.
func (p *partition) step(ctx context.Context) error {
	for rest := p.batch; len(rest) > 0; {
		n, err := p.prepare(ctx, rest)
		if err != nil {
			return err
		}
		if err := p.stepPart(rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

// prepare reports holes in the log and loads the models that the batch names. It returns the number
// of messages that may be stepped: all, or those up to the last of mostRecent models.
func (p *partition) prepare(ctx context.Context, batch []bus.Message) (n int, err error) {
	next, models := p.position+1, 0
	for i := range batch {
		m := &batch[i]
		if m.Seq != next {
			if err := p.reportHole(ctx, next, m.Seq); err != nil {
				return 0, err
			}
		}
		next = m.Seq + 1
		if m.Subject != p.modelSubject {
			continue
		}
		if err := p.loadModel(ctx, m); err != nil {
			return 0, err
		}
		if models++; models == mostRecent {
			return i + 1, nil
		}
	}
	return len(batch), nil
}

// stepPart puts messages through the pipeline and publishes the outputs.
func (p *partition) stepPart(batch []bus.Message) error {
	began := p.now()
	result, err := p.pipeline.Step(batch)
	if err != nil {
		return fmt.Errorf("partition %d: %w", p.index, err)
	}
	stepped := p.now()
	p.metrics.stage(stageStep, stepped.Sub(began))
	p.metrics.count(&result)
	if err := p.publish(&result); err != nil {
		return err
	}
	p.metrics.stage(stagePublish, p.now().Sub(stepped))
	last := &batch[len(batch)-1]
	p.position, p.received = last.Seq, last.Time
	if !p.dirty {
		p.clean = p.position
	}
	if result.Controls > 0 {
		p.modelsInForce()
	}
	p.changed = p.changed || result.changes()
	p.erasing = p.erasing || result.Erased
	return nil
}

// publish sends outputs in their order, without those that an earlier run stored (I2). Those are
// the forecasts up to the high-water mark, and the other outputs up to the mark. Other outputs
// between the two are sent again under the same ids.
func (p *partition) publish(result *Result) error {
	for i := range result.Outputs {
		out := &result.Outputs[i]
		switch {
		case out.To == ToForecasts && !out.Pos.After(p.high):
			p.metrics.skipped.Inc()
			continue
		case !out.Pos.After(p.covered): // forecasts too: the high-water mark is never before it
			continue
		}
		to := p.forecasts
		switch out.To {
		case ToScores:
			to = p.scores
			p.metrics.scores.add(out.Score)
		case ToRejected:
			to = p.rejects
			p.status.addRefusal(out.Refusal)
		case ToEvents:
			to = p.events
			p.countEvent(out.Event)
		case ToForecasts:
			p.high = out.Pos
			if out.Pos.Seq > p.logEnd && !out.Received.IsZero() {
				p.awaiting = append(p.awaiting, out.Received)
			}
			p.metrics.published.WithLabelValues(string(out.Source)).Inc()
			if out.Replaced != "" {
				p.metrics.replaced.WithLabelValues(string(out.Replaced)).Inc()
			}
		}
		if err := to.Publish(out.Subject, out.ID, out.Data); err != nil {
			return fmt.Errorf("publish %s: %w", out.ID, err)
		}
		p.dirty = true
	}
	p.status.addBatch(result)
	return nil
}

// tick writes a tick into the log. The broker gives the record its time. When the partition reads
// the record, it finds the live series that are silent.
func (p *partition) tick(ctx context.Context) error {
	now := p.now()
	if now.Sub(p.lastTick) < p.pace.tick {
		return nil
	}
	p.lastTick = now
	if !p.pipeline.engine.Live() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	// The id names the position. After a lost acknowledgement the broker drops the repeated tick.
	id := fmt.Sprintf("tick-%d-%d", p.index, p.position)
	subject := streams.ControlSubject(p.index, streams.ControlTick)
	if _, err := p.conn.Publish(ctx, subject, streams.AppendTick(nil), id); err != nil {
		return fmt.Errorf("write tick of partition %d: %w", p.index, err)
	}
	return nil
}

// flush waits until all published outputs are stored. Only then may the mark and the position of
// the checkpoint move (I1).
func (p *partition) flush(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	began := p.now()
	if err := p.scores.Flush(ctx); err != nil {
		return fmt.Errorf("store scores: %w", err)
	}
	if err := p.rejects.Flush(ctx); err != nil {
		return fmt.Errorf("store rejections: %w", err)
	}
	if err := p.events.Flush(ctx); err != nil {
		return fmt.Errorf("store events: %w", err)
	}
	if err := p.forecasts.Flush(ctx); err != nil {
		return fmt.Errorf("store forecasts: %w", err)
	}
	now := p.now()
	p.metrics.stage(stageStore, now.Sub(began))
	p.dirty, p.lastFlush, p.clean = false, now, p.position
	for _, received := range p.awaiting {
		p.metrics.age.Observe(now.Sub(received).Seconds())
	}
	p.awaiting = p.awaiting[:0]
	return nil
}

// mark writes the position of the stored outputs, about once a second while it changes. The caller
// has flushed.
func (p *partition) mark(ctx context.Context) error {
	now := p.now()
	if now.Sub(p.lastMark) < p.pace.mark || !p.high.After(p.marker.mark.Pos) {
		return nil
	}
	p.lastMark = now
	state, err := p.conn.StreamState(ctx, forecastsStream)
	if err != nil {
		return fmt.Errorf("read state of %s: %w", forecastsStream, err)
	}
	return p.marker.advance(ctx, p.high, state.LastSeq)
}

// snapshot copies the state at position. The outputs up to position are stored (I1).
func (p *partition) snapshot() *checkpoint.Snapshot {
	sections := p.pipeline.engine.Snapshot()
	snap := &checkpoint.Snapshot{
		Header: checkpoint.Header{
			Partition: p.index, Partitions: p.partitions, Stream: p.stream, Created: p.created,
			Seq: p.position, Kernel: nn.Kernel(), Series: p.pipeline.engine.Series(),
		},
		Sections: sections,
	}
	for _, m := range p.pipeline.engine.Models() {
		snap.Header.Models = append(snap.Header.Models, m.Digest)
		snap.Header.Since = append(snap.Header.Since, p.pipeline.since[m.Digest])
	}
	return snap
}

// drain stores the published outputs, then the mark and a checkpoint.
func (p *partition) drain(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if p.dirty {
		if err := p.flush(ctx); err != nil {
			return err
		}
	}
	p.lastMark = time.Time{}
	if err := p.mark(ctx); err != nil {
		return err
	}
	p.saver.finish(ctx, p.snapshot, p.position)
	p.log.Info().Uint64(service.FieldStreamSeq, p.position).Msg("drained")
	return nil
}

// report sets the gauges and the status.
func (p *partition) report(caughtUp bool) {
	series := p.pipeline.engine.Series()
	var pending uint64
	if !caughtUp {
		pending = p.batch[len(p.batch)-1].Pending
	}
	p.metrics.pending.WithLabelValues(label(p.index)).Set(float64(pending))
	if now := p.now(); now.Sub(p.lastCount) > max(countEvery, countShare*p.countTook) {
		p.census = p.count(now, pending)
		p.lastCount = p.now()
		p.countTook = p.lastCount.Sub(now)
	}
	p.status.update(p.index, p.position, series, p.census, pending, p.position >= p.logEnd)
}

// count counts the series by state. While the partition lags, no series counts as current.
func (p *partition) count(now time.Time, pending uint64) census {
	c := census{Census: p.pipeline.engine.Census(now.Unix())}
	c.behind = pending > 0 && now.Sub(p.received) > freshFor
	return c
}

// modelsInForce sets the models that serve now in the status.
func (p *partition) modelsInForce() {
	var serving []servingModel
	for _, m := range p.pipeline.engine.Models() {
		serving = append(serving, servingModel{model: m, since: p.pipeline.since[m.Digest]})
	}
	p.status.setModels(p.index, p.position, serving)
}
