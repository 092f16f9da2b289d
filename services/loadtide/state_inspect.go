package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

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

// Run prints what is in states.
func (c *stateInspectCmd) Run(e *env) error {
	if info, err := os.Stat(c.What); err == nil && !info.IsDir() {
		found := false
		err := readStates(c.What, func(record *streams.StateControl) error {
			if c.Series != "" && record.Series != c.Series {
				return nil
			}
			found = true
			return c.print(e.stdout, record)
		})
		if err == nil && !found {
			err = fmt.Errorf("%s holds no state of %s", c.What, c.Series)
		}
		return err
	}
	if err := validSeries(c.What); err != nil {
		return usageError(fmt.Sprintf("%q is neither a file nor <site>.<meter>", c.What), "loadtide state inspect home.m01, or a file that loadtide state export wrote")
	}
	return withOwners(c.NATS.URL, "state", func(ctx context.Context, o *owners) error {
		_, record, err := o.one(ctx, c.What)
		if err != nil {
			return err
		}
		return c.print(e.stdout, record)
	})
}

func (c *stateInspectCmd) print(w io.Writer, record *streams.StateControl) error {
	state, err := forecaster.ReadState(record)
	if err != nil {
		return err
	}
	in := state.Inside()
	if c.JSON {
		return json.NewEncoder(w).Encode(insideJSON(record, &in))
	}
	return printInside(w, record, &in)
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
		"series": record.Series, "unit": in.Unit, "kind": in.Kind.String(), "newest": second(in.Newest), "model": record.Model, "scale": record.Scale,
		"accepted": in.Accepted, "waiting": in.Waiting, "cells": cells,
		"scaler": map[string]any{"ready": in.Ready, "center": in.Center, "scale": in.Scale, "usual": in.Usual},
		"hidden": map[string]any{
			"warm": in.Warm, "units": in.Hidden,
			"norms": map[string]float64{"live_h": in.Norms[0], "live_c": in.Norms[1], "settled_h": in.Norms[2], "settled_c": in.Norms[3]},
		},
	}
}

// printInside is a state for a person: what it is, then its cells, the oldest first.
func printInside(w io.Writer, record *streams.StateControl, in *engine.Inside) error {
	fmt.Fprintf(w, "%s  %s  %s  newest reading %s\n", record.Series, in.Kind, orDash(in.Unit), second(in.Newest))
	fmt.Fprintf(w, "ring     %d intervals; %d readings wait beside it\n", len(in.Cells), in.Waiting)
	if in.Ready {
		fmt.Fprintf(w, "scale    %s: centre %.5g, scale %.5g, usual size %.5g\n", record.Scale, in.Center, in.Scale, in.Usual)
	} else {
		fmt.Fprintf(w, "scale    none yet: %d accepted intervals can no longer change\n", in.Accepted)
	}
	if in.Warm {
		fmt.Fprintf(w, "hidden   %d units of model %s: |h| %.4g, |c| %.4g; settled |h| %.4g, |c| %.4g\n", in.Hidden, record.Model, in.Norms[0], in.Norms[1], in.Norms[2], in.Norms[3])
	} else {
		fmt.Fprintln(w, "hidden   none: a rule serves, or the state is computed anew at the next reading")
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
