package endtoend

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// ledger holds what the logs ask for against what was published, from the streams alone.
type ledger struct {
	t          *testing.T
	conn       *bus.Conn
	partitions int
	logs       [][]bus.Message // by partition
	wanted     [][]entry       // by partition, in the order of the log
}

// entry is one forecast: which it is, of what, and what it came from.
type entry struct {
	ID     string
	Series meter.ID
	Origin time.Time
	Seq    uint64
	Issued time.Time
}

// readLedger reads the logs as they are now and says what they ask for.
func readLedger(t *testing.T, conn *bus.Conn) *ledger {
	t.Helper()
	l := &ledger{t: t, conn: conn}
	var err error
	if l.partitions, err = topology.Partitions(t.Context(), conn.JetStream()); err != nil {
		t.Fatal(err)
	}
	for p := range l.partitions {
		state, err := conn.StreamState(t.Context(), topology.Log(p))
		if err != nil {
			t.Fatal(err)
		}
		messages := readStream(t, conn, topology.Log(p))
		for i, m := range messages {
			if m.Seq != uint64(i)+1 {
				t.Fatalf("%s: message %d has sequence %d: a hole", topology.Log(p), i+1, m.Seq)
			}
		}
		l.logs = append(l.logs, messages)
		l.wanted = append(l.wanted, l.asks(p, state.Created, messages))
	}
	return l
}

// asks is what a log of good hourly readings must be answered with, without any of the forecaster's
// code: a forecast for each message that brings its series further and is not history.
func (l *ledger) asks(p int, created time.Time, messages []bus.Message) []entry {
	l.t.Helper()
	var all []entry
	reached := map[meter.ID]time.Time{}
	for _, m := range messages {
		input, err := streams.ParseInput(m.Subject)
		if err != nil {
			l.t.Fatal(err)
		}
		if input.Control != "" {
			continue
		}
		readings, faults := streams.DecodeReadings(m.Data)
		if len(faults) > 0 {
			l.t.Fatalf("%s at %d: %v", m.Subject, m.Seq, faults[0])
		}
		series, live := input.Series, false
		for _, r := range readings {
			if end := r.Time.Add(time.Hour); end.After(reached[series]) {
				reached[series] = end
				live = !r.History
			}
		}
		if live {
			all = append(all, entry{
				ID: streams.OutputID(created, p, m.Seq, 0), Series: series, Origin: reached[series], Seq: m.Seq, Issued: m.Time.Truncate(time.Millisecond),
			})
		}
	}
	return all
}

// answered waits until the last input of each log is answered, then returns all of FORECASTS.
func (l *ledger) answered() []bus.Message {
	l.t.Helper()
	for p, wanted := range l.wanted {
		if len(wanted) == 0 {
			continue
		}
		last := wanted[len(wanted)-1]
		eventually(l.t, patience, fmt.Sprintf("forecast for the end of partition %d", p), func() (bool, string) {
			f, _, ok := newest(l.t, l.conn, last.Series.String())
			return ok && !f.Origin.Before(last.Origin), fmt.Sprintf(
				"%s from %s, want from %s", last.Series, f.Origin, last.Origin,
			)
		})
	}
	return readStream(l.t, l.conn, topology.Forecasts)
}

// check holds FORECASTS against the logs: the same forecasts in the same order, each once.
func (l *ledger) check(messages []bus.Message) map[string]streams.Forecast {
	l.t.Helper()
	byID := make(map[string]streams.Forecast, len(messages))
	got := make([][]entry, l.partitions)
	for _, m := range messages {
		place, ok := streams.ParseOutputID(m.ID)
		if !ok || place.Partition >= l.partitions {
			l.t.Fatalf("FORECASTS at %d has id %q", m.Seq, m.ID)
		}
		f, err := streams.DecodeForecast(m.Data)
		if err != nil {
			l.t.Fatalf("FORECASTS at %d: %v", m.Seq, err)
		}
		if _, twice := byID[m.ID]; twice {
			l.t.Errorf("FORECASTS holds id %s twice, again at %d", m.ID, m.Seq)
		}
		byID[m.ID] = f
		if m.Subject != streams.ForecastSubject(f.Series) {
			l.t.Errorf("forecast of %s on %s", f.Series, m.Subject)
		}
		// later inputs came after the logs were read
		if place.Seq <= uint64(len(l.logs[place.Partition])) {
			got[place.Partition] = append(got[place.Partition], entry{ID: m.ID, Series: f.Series, Origin: f.Origin, Seq: f.InputSeq, Issued: f.Issued})
		}
	}
	for p := range l.partitions {
		if !slices.EqualFunc(got[p], l.wanted[p], entry.equal) {
			l.t.Errorf("partition %d: %d forecasts, its log asks for %d; first difference (-want +got):\n%s", p, len(got[p]), len(l.wanted[p]), firstDifference(l.wanted[p], got[p]))
		}
	}
	return byID
}

func (a entry) equal(b entry) bool {
	return a.ID == b.ID && a.Series == b.Series && a.Seq == b.Seq && a.Origin.Equal(b.Origin) &&
		a.Issued.Equal(b.Issued)
}

// firstDifference shows where two lists part.
func firstDifference(want, got []entry) string {
	i := 0
	for i < min(len(want), len(got)) && want[i].equal(got[i]) {
		i++
	}
	few := func(all []entry) []entry { return all[min(i, len(all)):min(i+3, len(all))] }
	return cmp.Diff(few(want), few(got))
}

// contiguous checks that every series is forecast from each hour since its first one, in order.
func contiguous(t *testing.T, messages []bus.Message) (series map[meter.ID]int) {
	t.Helper()
	last, series := map[meter.ID]time.Time{}, map[meter.ID]int{}
	for _, m := range messages {
		f, err := streams.DecodeForecast(m.Data)
		if err != nil {
			t.Fatalf("FORECASTS at %d: %v", m.Seq, err)
		}
		before, known := last[f.Series]
		if known && !f.Origin.Equal(before.Add(time.Hour)) {
			t.Errorf("%s: forecast from %s follows the one from %s", f.Series, f.Origin, before)
		}
		last[f.Series] = f.Origin
		series[f.Series]++
	}
	return series
}
