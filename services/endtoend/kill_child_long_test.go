package endtoend

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/servertest"
	"github.com/loadtide/loadtide/streams"
)

// TestTrainingChildEndsWithItsKilledParent kills the demo while a training runs, twice, and once
// more when the trained network serves.
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
	k.process.began.limit(t, "the trained network served", 90*time.Second)
	k.pause(time.Second)
	k.kill()

	k.start(demo...)
	k.served() // at once: the version is in the registry and in the logs
	k.process.began.limit(t, "after a restart it served", 15*time.Second)
	k.forecastsGoOn()
	stop()
	k.finish(3)
}

// killInTraining kills the parent at a random moment of a training. The child must end then, and
// the registry holds whole versions or none. The child stands still over the kill, so that it
// cannot end by itself before.
func (k *killer) killInTraining(most time.Duration) {
	k.t.Helper()
	child := k.trainingChild()
	k.pause(most)
	for !freeze(k.t, child) {
		child = k.trainingChild() // the training was over before the pause was
	}
	k.kill()
	signal(k.t, child, "CONT")
	eventually(k.t, patience, "the training child is gone", func() (bool, string) {
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

// ownTraining is how long the demo has to begin the training that it begins by itself. That one is
// quick; one that is asked for takes minutes on a slow machine.
const ownTraining = 20 * time.Second

// trainingChild waits for the child of a training. It asks for a training where none runs after a
// while: the one that the demo begins by itself may be over.
func (k *killer) trainingChild() (child int) {
	k.t.Helper()
	began := time.Now()
	eventually(k.t, patience, "a training child", func() (bool, string) {
		k.process.alive()
		if child = trainingChild(k.t, k.process.cmd.Process.Pid); child == 0 && time.Since(began) > ownTraining {
			// Refused while a cycle is open.
			if _, err := k.conn.Request(k.t.Context(), streams.TrainingSubject, nil); err != nil {
				return false, err.Error()
			}
		}
		return child != 0, "none"
	})
	return child
}

// freeze stops a process; it returns false when the process has ended.
func freeze(t *testing.T, pid int) (frozen bool) {
	t.Helper()
	signal(t, pid, "STOP")
	eventually(t, patience, "the training child stands still", func() (bool, string) {
		letter, _ := state(pid)
		frozen = letter == "T"
		return frozen || !runs(pid), letter
	})
	return frozen
}

// signal sends a signal to a process, which may have ended.
func signal(t *testing.T, pid int, name string) {
	t.Helper()
	_ = exec.CommandContext(t.Context(), "kill", "-"+name, strconv.Itoa(pid)).Run()
}

// trainingChild is the process id of a `loadtide train` that parent has started, 0 when there is
// none.
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
		if args, err := os.ReadFile(filepath.Join(filepath.Dir(stat), "cmdline")); err == nil &&
			strings.Contains(string(args), "\x00train\x00") {
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
