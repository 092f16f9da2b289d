package main

import (
	"context"
	"fmt"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// readingPublisher writes readings straight into the partitions' logs. It is
// for one goroutine.
type readingPublisher struct {
	conn *bus.Conn
	open []*bus.Publisher // by partition, nil until it is needed
	data []byte
}

// newReadingPublisher asks the streams how many partitions there are.
func newReadingPublisher(ctx context.Context, conn *bus.Conn) (*readingPublisher, error) {
	partitions, err := topology.Partitions(ctx, conn.JetStream())
	if err != nil {
		return nil, err
	}
	return &readingPublisher{conn: conn, open: make([]*bus.Publisher, partitions)}, nil
}

// PublishReadings sends one message of one series; it is stored once Flush has
// returned.
func (p *readingPublisher) PublishReadings(
	ctx context.Context, id meter.ID, readings []streams.Reading,
) error {
	p.data = streams.AppendReadings(p.data[:0], readings)
	return p.PublishPayload(ctx, id, p.data)
}

// PublishPayload sends one message of one series as it is; it is stored once
// Flush has returned.
func (p *readingPublisher) PublishPayload(ctx context.Context, id meter.ID, payload []byte) error {
	partition := streams.Partition(id, len(p.open))
	to := p.open[partition]
	if to == nil {
		var err error
		if to, err = p.conn.OpenPublisher(ctx, topology.Log(partition)); err != nil {
			return fmt.Errorf("open %s: %w", topology.Log(partition), err)
		}
		p.open[partition] = to
	}
	return to.Publish(streams.ReadingSubject(partition, id), "", payload)
}

// Flush returns when all that was published is stored. After an error the next
// message opens anew.
func (p *readingPublisher) Flush(ctx context.Context) error {
	for i, to := range p.open {
		if to == nil {
			continue
		}
		if err := to.Flush(ctx); err != nil {
			p.Close()
			return fmt.Errorf("store readings in %s: %w", topology.Log(i), err)
		}
	}
	return nil
}

// Close ends what is open without storing it.
func (p *readingPublisher) Close() {
	for i, to := range p.open {
		if to != nil {
			to.Close()
			p.open[i] = nil
		}
	}
}

const flushTimeout = 30 * time.Second

// lateReadings opens its publisher at the first reading, when the streams are
// there, and anew after an error. It is for one goroutine.
type lateReadings struct {
	conn *bus.Conn
	to   *readingPublisher
}

// PublishReadings sends one message of one series.
func (l *lateReadings) PublishReadings(
	ctx context.Context, id meter.ID, readings []streams.Reading,
) error {
	if err := l.open(ctx); err != nil {
		return err
	}
	return l.note(l.to.PublishReadings(ctx, id, readings))
}

// PublishPayload sends one message of one series as it is.
func (l *lateReadings) PublishPayload(ctx context.Context, id meter.ID, payload []byte) error {
	if err := l.open(ctx); err != nil {
		return err
	}
	return l.note(l.to.PublishPayload(ctx, id, payload))
}

func (l *lateReadings) open(ctx context.Context) (err error) {
	if l.to == nil {
		l.to, err = newReadingPublisher(ctx, l.conn)
	}
	return err
}

// Flush returns when all that was published is stored.
func (l *lateReadings) Flush(ctx context.Context) error {
	if l.to == nil {
		return nil
	}
	return l.note(l.to.Flush(ctx))
}

func (l *lateReadings) note(err error) error {
	if err != nil {
		l.to.Close()
		l.to = nil
	}
	return err
}
