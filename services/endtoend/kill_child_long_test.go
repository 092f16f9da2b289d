package endtoend

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/servertest"
)

// TestTrainingChildEndsWithItsKilledParent kills the demo while its first training runs, twice, and once more when the
// trained network serves.
func TestTrainingChildEndsWithItsKilledParent(t *testing.T) {
	t.Parallel()
	servertest.Require(t, servertest.Long)
	if runtime.GOOS != "linux" {
		t.Skip("children are found in /proc")
	}
	// Slow enough that what arrives while it waits does not make the training wait for more.
	k := newKiller(t, 8, 250*time.Millisecond)
	demo := []string{"--demo", "--simulate-meters", "12", "--simulate-step", "250ms"}
	stop := k.first(demo...)

	k.forecastsGoOn()
	k.killInTraining(time.Second) // reads its history, or has just begun

	k.start(demo...)
	k.forecastsGoOn()
	k.killInTraining(4 * time.Second)

	k.start(demo...)
	k.forecastsGoOn()
	k.served()
	took := time.Since(k.process.began)
	if t.Logf("the trained network served %s after the start", took); took > 90*time.Second {
		t.Errorf("the network served %s after the start, want 90 s at most", took)
	}
	k.pause(time.Second)
	k.kill()

	k.start(demo...)
	k.served() // at once: it is in the registry and in the logs
	took = time.Since(k.process.began)
	if t.Logf("it served %s after a restart", took); took > 15*time.Second {
		t.Errorf("forecasts of the network %s after a restart, want 5 s on a machine of its own", took)
	}
	k.forecastsGoOn()
	stop()
	k.finish(3)
}

// killInTraining waits for the training child, then for a random moment, and kills the parent. The child must be gone soon,
// and the registry holds whole versions or none.
func (k *killer) killInTraining(most time.Duration) {
	k.t.Helper()
	var child int
	eventually(k.t, patience, "a training child", func() (bool, string) {
		k.process.alive()
		child = trainingChild(k.t, k.process.cmd.Process.Pid)
		return child != 0, "none"
	})
	k.pause(most)
	if trainingChild(k.t, k.process.cmd.Process.Pid) != child {
		k.t.Fatal("the training was over before the kill")
	}
	k.kill()
	eventually(k.t, 5*time.Second, "the training child is gone", func() (bool, string) {
		return !runs(child), fmt.Sprintf("process %d runs on", child)
	})
	dir := filepath.Join(k.place.dir, "registry")
	models, err := registry.NewLocal(dir)
	if err != nil {
		k.t.Fatal(err)
	}
	versions, err := models.Versions(k.t.Context(), modelName)
	if err != nil {
		k.t.Errorf("half a version is left: %v", err)
	}
	for _, v := range versions {
		if _, err := model.Load(filepath.Join(dir, "models", modelName, "version-"+v.Version)); err != nil {
			k.t.Error(err)
		}
	}
}

// trainingChild is the process id of a `loadtide train` that parent has started, 0 when there is none.
func trainingChild(t *testing.T, parent int) int {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, stat := range stats {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
		if err != nil {
			continue
		}
		if _, of := state(pid); of != parent {
			continue
		}
		if args, err := os.ReadFile(filepath.Join(filepath.Dir(stat), "cmdline")); err == nil && strings.Contains(string(args), "\x00train\x00") {
			return pid
		}
	}
	return 0
}

// runs says whether a process is there and has not ended; one that nobody has waited for has ended.
func runs(pid int) bool {
	letter, _ := state(pid)
	return letter != "" && letter != "Z" && letter != "X"
}

// state is the letter of a process' state and its parent, "" when there is no such process.
func state(pid int) (letter string, parent int) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", 0
	}
	_, rest, _ := strings.Cut(string(data), ") ") // the name may hold anything
	fields := strings.Fields(rest)
	if len(fields) < 2 {
		return "", 0
	}
	parent, _ = strconv.Atoi(fields[1])
	return fields[0], parent
}
