package endtoend

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/servertest"
)

// TestKilledDemoForecastsOn kills the demo at random moments while a model is put in force, then
// holds FORECASTS against the logs.
func TestKilledDemoForecastsOn(t *testing.T) {
	t.Parallel()
	servertest.Require(t, servertest.Long)
	k := newKiller(t, 40, 30*time.Millisecond)
	demo := []string{"--demo", "--train-schedule", "off", "--simulate-step", "50ms", "--simulate-replay-days", "60"}
	stop := k.first(demo...)

	k.forecastsGoOn()
	k.pause(time.Second)
	k.process.interrupt() // leaves checkpoints, from which the next starts go on

	k.start(demo...)
	k.forecastsGoOn()
	k.pause(2 * time.Second)
	k.kill()

	k.start(demo...)
	k.forecastsGoOn()
	registerChampion(t, filepath.Join(k.place.dir, "registry"))
	k.pause(2 * time.Second) // before, in or after the change of model
	k.kill()

	k.process = k.place.begin(demo...)
	k.pause(time.Second) // perhaps before it is ready
	k.kill()

	k.start(demo...)
	k.forecastsGoOn()
	k.pause(2 * time.Second)
	k.kill()

	k.start(demo...)
	k.forecastsGoOn()
	k.served()
	stop()
	k.finish(4)
}
