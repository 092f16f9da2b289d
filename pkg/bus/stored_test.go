package bus_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/bus/bustest"
)

// Stored asks without storing. The answer of a listener makes a publisher fail with its text.
func TestStored(t *testing.T) {
	t.Parallel()
	c := bustest.Start(t).Connect()
	makeStream(t, c, "S", "s.*")
	ctx, cancel := context.WithCancel(patient(t))
	ended := make(chan error, 1)
	go func() {
		ended <- c.Overhear(ctx, "u.>", "all", bus.Listener{
			Hear: func(bus.Message) {}, Missed: func(int) {},
			Answer: func(m bus.Message) []byte {
				if m.ID == bus.ProbeID {
					return bus.NoStreamAnswer("a probe")
				}
				return bus.NoStreamAnswer("try s.*")
			},
		})
	}()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	var err error
	await(t, "the answer of the listener", func() bool {
		_, err = c.Publish(ctx, "u.a", nil, "")
		return errors.Is(err, bus.ErrNoStream) && strings.Contains(err.Error(), "try s.*")
	})
	for subject, want := range map[string]bool{"s.a": true, "nowhere.a": false, "u.a": false} {
		if stored, err := c.Stored(ctx, subject); err != nil || stored != want {
			t.Errorf("%s: %v, %v", subject, stored, err)
		}
	}
	if state, err := c.StreamState(ctx, "S"); err != nil || state.Messages != 0 {
		t.Errorf("%d messages, %v", state.Messages, err)
	}
}
