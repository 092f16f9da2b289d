package train

import (
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/nn"
)

// soakVariable makes TestMemoryStaysFlat run for that long (make soak); without it
// some hundred iterations have to do.
const soakVariable = "LOADTIDE_SOAK"

// A training of any length needs the memory of its first iterations.
func TestMemoryStaysFlat(t *testing.T) {
	soak, err := time.ParseDuration(os.Getenv(soakVariable))
	if err != nil && os.Getenv(soakVariable) != "" {
		t.Fatalf("%s: %v", soakVariable, err)
	}
	cfg := DefaultConfig()
	cfg.Shape, cfg.Levels = nn.Shape{Inputs: 11, Hidden: 64, Width: 64, Current: 4,
		LeadFeatures: 14, Horizon: 24, Levels: 3}, smallLevels
	batch := randomBatch(cfg.Shape, 48, 16, []int{30, 40, 47}, 1)
	g, solver := newTestGraph[float32](t, cfg, batch), &adam{clip: 1}
	solver.rate = 1e-4
	iterations := 0
	iterate := func(n int) {
		for range n {
			run(t, g, batch)
			if err := solver.Step(g.parameters()); err != nil {
				t.Fatal(err)
			}
			iterations++
		}
	}
	held := func() (heap, system uint64) {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc, m.Sys
	}
	iterate(100)
	heap, system := held()
	for began := time.Now(); ; {
		iterate(200)
		if time.Since(began) >= soak {
			break
		}
	}
	heapAfter, systemAfter := held()
	t.Logf("%d iterations: heap %d to %d KiB, from the system %d to %d KiB", iterations, heap>>10,
		heapAfter>>10, system>>10, systemAfter>>10)
	const room = 1 << 20
	if heapAfter > heap+room || systemAfter > system+32*room {
		t.Errorf("memory grew: heap %d to %d bytes, from the system %d to %d", heap, heapAfter,
			system, systemAfter)
	}
}
