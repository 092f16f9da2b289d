package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/services/forecaster"
	"github.com/loadtide/loadtide/streams"
)

type stateInspectCmd struct {
	What   string            `arg:"" help:"A file of states, or <site>.<meter> of a running forecaster."`
	Series string            `help:"Series of the file to show; default: all."`
	JSON   bool              `name:"json" help:"Print one JSON object a series."`
	NATS   service.NATSFlags `embed:""`
}

// Run prints what is in states. Of a file of several states it also says how many there are of each
// interval.
func (c *stateInspectCmd) Run(e *env) error {
	if info, err := os.Stat(c.What); err == nil && !info.IsDir() {
		return c.file(e)
	}
	if err := validSeries(c.What); err != nil {
		return usageError(fmt.Sprintf("%q is neither a file nor <site>.<meter>", c.What),
			"loadtide state inspect home.m01, or a file that loadtide state export wrote")
	}
	return withOwners(c.NATS.URL, "state", func(ctx context.Context, o *owners) error {
		_, record, err := o.one(ctx, c.What)
		if err != nil {
			return err
		}
		_, err = c.print(e.stdout, record)
		return err
	})
}

// file prints the states of a file.
func (c *stateInspectCmd) file(e *env) error {
	found := map[time.Duration]int{}
	all := 0
	err := readStates(c.What, func(record *streams.StateControl) error {
		if c.Series != "" && record.Series != c.Series {
			return nil
		}
		interval, err := c.print(e.stdout, record)
		found[interval]++
		all++
		return err
	})
	if err == nil && all == 0 {
		err = fmt.Errorf("%s holds no state of %s", c.What, c.Series)
	}
	if err != nil || all < 2 {
		return err
	}
	var parts []string
	for _, interval := range slices.Sorted(maps.Keys(found)) {
		parts = append(parts, fmt.Sprintf("%d of %s", found[interval],
			meter.IntervalName(interval)))
	}
	fmt.Fprintf(e.stderr, "%d states: %s\n", all, strings.Join(parts, ", "))
	return nil
}

// print prints one state and returns its interval.
func (c *stateInspectCmd) print(
	w io.Writer, record *streams.StateControl,
) (interval time.Duration, err error) {
	state, err := forecaster.ReadState(record)
	if err != nil {
		return 0, err
	}
	in := state.Inside()
	interval = time.Duration(in.Interval) * time.Second
	if c.JSON {
		return interval, json.NewEncoder(w).Encode(insideJSON(record, &in))
	}
	return interval, printInside(w, record, &in)
}

type cellJSON struct {
	TS      string   `json:"ts"`
	Value   float32  `json:"value"`
	Quality string   `json:"quality"`
	Said    *float32 `json:"said,omitempty"` // by the meter, where the ring holds something else
}

// insideJSON is a state as JSON.
func insideJSON(record *streams.StateControl, in *engine.Inside) map[string]any {
	cells := make([]cellJSON, len(in.Cells))
	for i, c := range in.Cells {
		cells[i] = cellJSON{TS: second(c.Second), Value: c.Value, Quality: c.Quality.String()}
		if c.Quality == meter.Bad && c.Said != c.Value {
			cells[i].Said = &c.Said
		}
	}
	return map[string]any{
		"series": record.Series, "unit": in.Unit, "kind": in.Kind.String(),
		"interval": intervalWord(in.Interval), "step": intervalWord(in.Step),
		"newest": second(in.Newest), "model": record.Model, "scale": record.Scale,
		"accepted": in.Accepted, "waiting": in.Waiting, "cells": cells,
		"scaler": map[string]any{
			"ready": in.Ready, "center": in.Center, "scale": in.Scale, "usual": in.Usual,
		},
		"hidden": map[string]any{
			"warm": in.Warm, "units": in.Hidden,
			"norms": map[string]float64{
				"live_h": in.Norms[0], "live_c": in.Norms[1], "settled_h": in.Norms[2],
				"settled_c": in.Norms[3],
			},
		},
	}
}

// intervalWord is an interval in seconds as messages have it; empty where there is none.
func intervalWord(seconds int32) string {
	if seconds == 0 {
		return ""
	}
	return meter.IntervalName(time.Duration(seconds) * time.Second)
}

// printInside prints a state for a person: what it is, then its cells, the oldest first.
func printInside(w io.Writer, record *streams.StateControl, in *engine.Inside) error {
	every := "at irregular moments"
	if in.Step > 0 {
		every = "every " + intervalWord(in.Step)
	}
	fmt.Fprintf(w, "%s  %s  %s  read %s  newest reading %s\n", record.Series, in.Kind,
		orDash(in.Unit), every, second(in.Newest))
	fmt.Fprintf(w, "ring     %d intervals of %s; %d readings wait beside it\n", len(in.Cells),
		intervalWord(in.Interval), in.Waiting)
	if in.Ready {
		fmt.Fprintf(w, "scale    %s: centre %.5g, scale %.5g, usual size %.5g\n", record.Scale,
			in.Center, in.Scale, in.Usual)
	} else {
		fmt.Fprintf(w, "scale    none yet: %d accepted intervals can no longer change\n",
			in.Accepted)
	}
	if in.Warm {
		fmt.Fprintf(w, "hidden   %d units of model %s: |h| %.4g, |c| %.4g; settled |h| %.4g, "+
			"|c| %.4g\n", in.Hidden, record.Model, in.Norms[0], in.Norms[1], in.Norms[2],
			in.Norms[3])
	} else {
		fmt.Fprintln(w, "hidden   none of this interval: another model or a rule serves, or the "+
			"state is computed anew at the next reading")
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "INTERVAL (UTC)\tVALUE\tQUALITY\tMETER SAID\t")
	for _, c := range in.Cells {
		said := ""
		if c.Quality == meter.Bad && c.Said != c.Value {
			said = fmt.Sprintf("%.6g", c.Said)
		}
		fmt.Fprintf(t, "%s\t%.6g\t%s\t%s\t\n", second(c.Second), c.Value, c.Quality, said)
	}
	return t.Flush()
}
