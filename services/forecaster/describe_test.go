package forecaster

import (
	"fmt"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
)

// describe returns an output as a line of a scenario.
func describe(t *testing.T, o *Output) string {
	if o.To == ToRejected {
		r, err := streams.DecodeRejected(o.Data)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf(
			"%d.%d %s %s x%d: %s", o.Pos.Seq, o.Pos.K, o.Subject, r.Reason, r.Count, r.Detail,
		)
	}
	if o.To == ToEvents {
		e, err := streams.DecodeEvent(o.Data)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%d.%d %s %s: %s", o.Pos.Seq, o.Pos.K, o.Subject, e.Series, e.Text)
	}
	if o.To == ToScores {
		return describeScore(t, o)
	}
	f, err := streams.DecodeForecast(o.Data)
	if err != nil {
		t.Fatal(err)
	}
	by := "no model"
	if f.Model != nil {
		by = "v" + f.Model.Version
	}
	origin := f.Origin.Format("01-02T15:04Z")
	if f.Revision > 0 {
		origin += fmt.Sprintf(" revision %d", f.Revision)
	}
	if f.Interval != time.Hour {
		origin += " leads of " + meter.IntervalName(f.Interval)
	}
	return fmt.Sprintf(
		"%d.%d %s origin %s %s %s %s lead 1: %v", o.Pos.Seq, o.Pos.K, o.Subject, origin, f.Source,
		f.Quality, by, f.Quantiles[:len(f.Levels)],
	)
}

func describeScore(t *testing.T, o *Output) string {
	s, err := streams.DecodeScore(o.Data)
	if err != nil {
		t.Fatal(err)
	}
	line := fmt.Sprintf(
		"%d.%d %s target %s", o.Pos.Seq, o.Pos.K, o.Subject, s.Target.Format("01-02T15:04Z"),
	)
	if s.Revision > 0 {
		line += fmt.Sprintf(" revision %d", s.Revision)
	}
	if s.Void {
		line += " void"
	} else {
		line += fmt.Sprintf(" actual %v", s.Actual)
	}
	for _, l := range s.Leads {
		line += fmt.Sprintf(" | lead %d %s", l.Lead, l.Source)
		if l.Version != "" {
			line += " v" + l.Version
		}
		if !s.Void {
			line += fmt.Sprintf(
				" pinball %.4f naive %.4f error %.4f inside %v", l.Pinball, l.Naive, l.Error,
				l.Covered80 == streams.Inside,
			)
		}
	}
	return line
}
