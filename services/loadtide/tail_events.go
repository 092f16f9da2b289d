package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

const (
	pastEvents  = 10  // that are printed before new ones
	eventsAsked = 500 // the newest events among which those of a series are looked for
)

// pastEvents prints the head, and the newest events that are stored, the oldest first.
func (c *tailCmd) pastEvents(ctx context.Context, conn *bus.Conn, out *tailOutput) error {
	if !c.JSON {
		fmt.Fprintf(out.env.stdout, "%-20s  %-24s  %-20s  %s\n", "TIME (UTC)", "EVENT",
			"SERIES OR MODEL", "TEXT")
	}
	state, err := conn.StreamState(ctx, topology.Events)
	if errors.Is(err, bus.ErrNoStream) {
		return nil // no forecaster has run on this server yet
	}
	if err != nil {
		return err
	}
	var past []bus.Message
	from := state.FirstSeq
	if state.LastSeq > eventsAsked {
		from = max(from, state.LastSeq-eventsAsked+1)
	}
	for {
		m, ok, err := conn.NextBySubject(ctx, topology.Events, streams.EventSubject(">"), from)
		if err != nil {
			return err
		}
		if !ok || m.Seq > state.LastSeq {
			break
		}
		from = m.Seq + 1
		if line, err := c.line(m.Data); err != nil || line != "" {
			past = append(past, m)
		}
	}
	for _, m := range past[max(0, len(past)-pastEvents):] {
		out.message(m)
	}
	return nil
}

// eventLine returns the line of an event. The column of the series names the model where an event is
// about a model.
func eventLine(e *streams.Event) string {
	about := orDash(e.Series)
	if e.Series == "" && e.Model != nil {
		about = e.Model.Name + " v" + e.Model.Version
	}
	return fmt.Sprintf("%-20s  %-24s  %-20s  %s", e.Time.Format("2006-01-02T15:04:05Z"), e.Type,
		about, e.Text)
}
