package trainer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/services/trainer/cycle"
)

// waves is a source in memory: meters with a day in them.
type waves struct {
	meters int
	days   int64
}

func (s waves) Load(_ context.Context, b *dataset.Builder) error {
	const epoch = 480_000
	for m := range s.meters {
		id := meter.ID{Site: "site", Meter: fmt.Sprintf("m%02d", m)}
		for i := range s.days * 24 {
			v := 2 + math.Sin(2*math.Pi*float64(i+int64(m))/24)
			b.Add(id, "kWh", (epoch+i)*meter.HourSeconds, v*float64(m+1))
		}
	}
	return nil
}

// The role runs cycles in its own process by the same path.
func TestInProcess(t *testing.T) {
	t.Parallel()
	reg := local(t)
	cfg := cycle.DefaultConfig()
	cfg.Model, cfg.Hidden, cfg.Iterations, cfg.Workers = "load-1h", 8, 40, 1
	cfg.Window, cfg.BurnIn, cfg.Positions, cfg.Batch, cfg.Choose = 60, 30, 4, 8, false
	closed := 0
	p := InProcess{
		Config: cfg, Registry: reg, Scratch: t.TempDir(),
		Open: func() (cycle.Source, func() error, error) {
			return waves{3, 50}, func() error { closed++; return errors.New("full") }, nil
		},
	}
	var told []cycle.EventKind
	got, err := p.Run(t.Context(), Job{Model: "load-1h", Cycle: "c", Start: cycle.StartScratch, Quick: true},
		func(e cycle.Event) {
			if len(told) == 0 || told[len(told)-1] != e.Kind {
				told = append(told, e.Kind)
			}
		})
	if err != nil || !got.Champion || got.Version != "1" || got.Kind != cycle.Done || closed != 1 ||
		len(told) != 3 || told[0] != cycle.Loaded || told[2] != cycle.Judging {
		t.Errorf("%+v, %v; told %v", got, err, told)
	}
	p.Open = func() (cycle.Source, func() error, error) { return nil, nil, dataset.ErrNoWindows }
	if _, err := p.Run(t.Context(), Job{Model: "load-1h", Start: cycle.StartScratch},
		func(cycle.Event) {}); !errors.Is(err, dataset.ErrNoWindows) {
		t.Errorf("%v", err)
	}
}
