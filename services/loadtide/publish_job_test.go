package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/tabular"
	"github.com/loadtide/loadtide/streams"
)

// shakySink stores messages until a flush fails; what was sent since the last flush is stored too,
// and nobody is told.
type shakySink struct {
	stored  []string // series and time of each reading
	flushes int
	fails   int // the flush that fails, from 1 on; 0 for none
}

var errShaky = errors.New("the server is gone")

func (s *shakySink) PublishReadings(
	_ context.Context,
	id meter.ID,
	readings []streams.Reading,
) error {
	for _, r := range readings {
		s.stored = append(s.stored, id.String()+" "+r.Time.Format(time.RFC3339))
	}
	return nil
}

func (s *shakySink) Flush(context.Context) error {
	if s.flushes++; s.flushes == s.fails {
		return errShaky
	}
	return nil
}

// publishTable makes hourly rows of three series, of which one begins late and one ends early.
func publishTable(t *testing.T) *tabular.Table {
	t.Helper()
	var csv strings.Builder
	csv.WriteString("series,timestamp,value\n")
	for i := range 1000 {
		at := time.Date(2026, 1, 1, i, 0, 0, 0, time.UTC).Format(time.RFC3339)
		for name, has := range map[string]bool{"a.one": true, "a.late": i > 700, "a.early": i < 100} {
			if has {
				fmt.Fprintf(&csv, "%s,%s,%d\n", name, at, i%7)
			}
		}
	}
	file := filepath.Join(t.TempDir(), "readings.csv")
	if err := os.WriteFile(file, []byte(csv.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	table, _, err := tabular.Load([]string{file}, tabular.Options{})
	if err != nil {
		t.Fatal(err)
	}
	table.SortByTime()
	return table
}

// TestPublishGoesOnWhereItStopped breaks a run at each of its flushes and resumes it: every reading
// is stored, and what is stored twice is so little that the series still remember it.
func TestPublishGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	table := publishTable(t)
	for _, history := range []bool{false, true} {
		for fails := 1; ; fails++ {
			first := shakySink{fails: fails}
			stored := runJob(t, table, &first, history, 0)
			if first.flushes < fails {
				if fails < 5 || len(first.stored) != table.Len() || stored.readings != table.Len() {
					t.Fatalf(
						"history %v: %d flushes, %d readings stored",
						history,
						first.flushes,
						len(first.stored),
					)
				}
				break
			}
			second := shakySink{}
			whole := runJob(t, table, &second, history, stored.messages)
			if whole.readings != table.Len() {
				t.Fatalf("history %v: %+v after the second run", history, whole)
			}
			times := map[string]int{}
			for _, reading := range append(first.stored, second.stored...) {
				times[reading]++
			}
			twice := map[string]int{}
			for reading, n := range times {
				series, _, _ := strings.Cut(reading, " ")
				twice[series] += n - 1
			}
			if len(times) != table.Len() {
				t.Fatalf(
					"history %v, flush %d: %d of %d readings are stored",
					history,
					fails,
					len(times),
					table.Len(),
				)
			}
			for series, n := range twice {
				if n > historyCells {
					t.Errorf(
						"history %v, flush %d: %d readings of %s are stored twice",
						history,
						fails,
						n,
						series,
					)
				}
			}
		}
	}
}

// runJob returns how far a run came.
func runJob(t *testing.T, table *tabular.Table, to readingSink, history bool, skip int) progress {
	t.Helper()
	job := publishJob{
		cmd: &publishCmd{
			History: history,
			Skip:    skip,
		}, table: table, to: to, show: newScreen(io.Discard),
	}
	if err := job.run(t.Context(), t.Context()); err != nil && !errors.Is(err, errShaky) {
		t.Fatal(err)
	}
	if !strings.HasSuffix(job.remedy(), fmt.Sprintf(" --skip %d", job.stored.messages)) {
		t.Errorf("the remedy is %q", job.remedy())
	}
	return job.stored
}

// A run that is told to stop confirms what it has sent.
func TestPublishThatIsStoppedConfirms(t *testing.T) {
	t.Parallel()
	table, sink := publishTable(t), shakySink{}
	ctx, stop := context.WithCancel(t.Context())
	job := publishJob{cmd: &publishCmd{}, table: table, show: newScreen(io.Discard)}
	job.to = stopAfter{&sink, 300, stop}
	if err := job.run(ctx, t.Context()); err != nil || ctx.Err() == nil {
		t.Fatalf("%v, %v", err, ctx.Err())
	}
	if job.stored != (progress{300, 300}) || len(sink.stored) != 300 {
		t.Errorf("%+v is confirmed of %d readings", job.stored, len(sink.stored))
	}
}

// stopAfter ends a run with the reading of a number.
type stopAfter struct {
	*shakySink
	count int
	stop  func()
}

func (s stopAfter) PublishReadings(
	ctx context.Context,
	id meter.ID,
	readings []streams.Reading,
) error {
	err := s.shakySink.PublishReadings(ctx, id, readings)
	if len(s.stored) == s.count {
		s.stop()
	}
	return err
}
