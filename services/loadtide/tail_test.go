package main

import (
	"bytes"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/loadtide/loadtide/streams"
)

// TestTailTellsOfUnknownSeries: a tail that may wait for ever says why.
func TestTailTellsOfUnknownSeries(t *testing.T) {
	t.Parallel()
	conn := judgedServer(t)
	tell := func() string {
		var errs bytes.Buffer
		c := tailCmd{Series: "no.such"}
		c.tellUnknown(t.Context(), &env{stderr: &errs}, conn)
		return errs.String()
	}
	if got := tell(); got != "warn: no forecaster is running; waiting for no.such\n" {
		t.Errorf("%q", got)
	}
	var known atomic.Bool
	answerAs(t, conn, func(int) (page streams.SeriesPage) {
		if known.Load() {
			page.Series = []streams.SeriesSummary{{Series: "no.such"}}
		}
		return page
	})
	if got := tell(); !strings.HasPrefix(
		got,
		"warn: nothing is known of no.such yet; waiting for ",
	) {
		t.Errorf("%q", got)
	}
	known.Store(true)
	if got := tell(); got != "" {
		t.Errorf("%q", got)
	}
}
