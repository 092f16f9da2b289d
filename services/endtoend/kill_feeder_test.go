package endtoend

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
)

// feeder is a client beside the process: it publishes hourly readings of series of its own in the
// order of time, and sends each one again until it is acknowledged. It carries no message ids, so
// that a reading whose acknowledgement was lost is stored twice and the forecaster has to see that
// it says nothing new.
type feeder struct {
	conn    *bus.Conn
	series  []meter.ID
	first   time.Time
	pace    time.Duration // at least between two hours
	hours   atomic.Int64  // acknowledged for every series
	repeats atomic.Int64  // readings that were sent again
}

// feederDays is how far in the past a feeder begins: it must not run into the future.
const feederDays = 120

func newFeeder(conn *bus.Conn, meters int, pace time.Duration) *feeder {
	f := &feeder{conn: conn, pace: pace, first: time.Now().UTC().Truncate(time.Hour).AddDate(0, 0, -feederDays)}
	for i := range meters {
		f.series = append(f.series, meter.ID{Site: fmt.Sprintf("feed%d", i%3), Meter: fmt.Sprintf("n%02d", i)})
	}
	return f
}

// start feeds until stop is called, which finishes the hour under way.
func (f *feeder) start(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	quit, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- f.run(ctx, quit) }()
	t.Cleanup(cancel)
	return func() {
		t.Helper()
		close(quit)
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
		case <-time.After(patience):
			t.Fatal("the feeder's last hour is not acknowledged")
		}
	}
}

func (f *feeder) run(ctx context.Context, quit <-chan struct{}) error {
	tick := time.NewTicker(f.pace)
	defer tick.Stop()
	for hour := int64(0); hour < feederDays*24; hour++ {
		var group errgroup.Group
		group.SetLimit(8)
		for i := range f.series {
			group.Go(func() error { return f.send(ctx, i, hour) })
		}
		if err := group.Wait(); err != nil {
			return err
		}
		f.hours.Store(hour + 1)
		select {
		case <-quit:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return fmt.Errorf("the feeder has come to the present after %d hours; give it a slower pace", feederDays*24)
}

// send publishes one reading as any client would, until it is acknowledged.
func (f *feeder) send(ctx context.Context, i int, hour int64) error {
	s := f.series[i]
	data := hourly(f.first.Add(time.Duration(hour)*time.Hour), f.value(i, hour))
	for {
		_, err := f.conn.Publish(ctx, streams.PublicReadingSubject(s), data, "")
		if err == nil {
			return nil
		}
		f.repeats.Add(1)
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", s, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// value has a day and a week.
func (f *feeder) value(i int, hour int64) float64 {
	day := math.Sin(2 * math.Pi * float64(hour+int64(i)) / 24)
	week := math.Cos(2 * math.Pi * float64(hour) / 168)
	return math.Round(1000*(2+float64(i)/10+day+week/3)) / 1000
}

// origin is where the newest forecast of every series must start once all that was acknowledged is
// forecast.
func (f *feeder) origin() time.Time { return f.first.Add(time.Duration(f.hours.Load()) * time.Hour) }
