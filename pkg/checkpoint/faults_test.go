package checkpoint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/loadtide/loadtide/pkg/durable/durabletest"
)

func at(seq uint64) *Snapshot {
	s := tiny()
	s.Header.Seq = seq
	s.Sections[0].Data = bytes.Repeat([]byte{byte(seq)}, 100_000) // more than one write
	return s
}

// whatIsThere loads a snapshot from a disk that works again, checks that it is whole, and returns
// its sequence.
func whatIsThere(t *testing.T, disk *durabletest.Disk, when string) uint64 {
	t.Helper()
	store, err := newFile(disk, "d", 2)
	if err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	s, skipped, err := store.Load(context.Background(), 1)
	if err != nil || len(skipped) != 0 {
		t.Fatalf("%s: skipped %v, error %v", when, skipped, err)
	}
	if s == nil {
		return 0
	}
	if want := at(s.Header.Seq); !bytes.Equal(s.Sections[0].Data, want.Sections[0].Data) {
		t.Fatalf("%s: sequence %d has another's bytes", when, s.Header.Seq)
	}
	return s.Header.Seq
}

// Each call of the disk fails once, or from there on, while sequence 4 is saved after 1 to 3. The
// newest snapshot, at once and after a loss of power, is whole and is 3 or 4; it is 4 when Save
// succeeded.
func TestEveryCallOfTheDiskFails(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, forGood := range []bool{false, true} {
		for call := 1; ; call++ {
			disk := durabletest.New()
			store, err := newFile(disk, "d", 2)
			if err != nil {
				t.Fatal(err)
			}
			for seq := uint64(1); seq <= 3; seq++ {
				if err := store.Save(ctx, at(seq)); err != nil {
					t.Fatal(err)
				}
			}
			disk.Fail(call, forGood)
			err = store.Save(ctx, at(4))
			reached := disk.Mend()
			if reached && err == nil {
				t.Fatalf("call %d failed and save said nothing", call)
			}
			for when, newest := range map[string]uint64{
				"at once":                    whatIsThere(t, disk, "at once"),
				"after power, names lost":    whatIsThere(t, disk.Crash(false), "after power, names lost"),
				"after power, names written": whatIsThere(t, disk.Crash(true), "after power, names written"),
			} {
				if newest != 4 && (newest != 3 || err == nil) {
					t.Errorf("call %d, for good %v, %s: found %d, save said %v", call, forGood, when, newest, err)
				}
			}
			if err := store.Save(ctx, at(5)); err != nil {
				t.Fatalf("call %d: the next save: %v", call, err)
			}
			if newest := whatIsThere(t, disk.Crash(false), "after the next save"); newest != 5 {
				t.Errorf("call %d: after the next save found %d", call, newest)
			}
			if names, err := disk.ReadDir("d"); err != nil || len(names) > 3 {
				t.Errorf("call %d: %q stay, %v", call, names, err)
			}
			if !reached {
				if call < 10 {
					t.Fatalf("a save makes only %d calls", call)
				}
				break
			}
		}
	}
}

// Power is lost before each call of the disk in turn.
func TestPowerIsLostAtEveryCall(t *testing.T) {
	t.Parallel()
	disk := durabletest.New()
	store, err := newFile(disk, "d", 2)
	if err != nil {
		t.Fatal(err)
	}
	saved := uint64(0)
	disk.Before = func(op string) {
		for _, namesKept := range []bool{false, true} {
			when := fmt.Sprintf("power lost before %s after sequence %d", op, saved)
			if newest := whatIsThere(t, disk.Crash(namesKept), when); newest < saved || newest > saved+1 {
				t.Errorf("%s: found %d", when, newest)
			}
		}
	}
	for seq := uint64(1); seq <= 5; seq++ {
		if err := store.Save(context.Background(), at(seq)); err != nil {
			t.Fatal(err)
		}
		saved = seq
	}
}

// When the disk cannot be read, Load returns an error, and not the answer for a partition without
// checkpoints.
func TestLoadFromAFailingDisk(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for call := 1; ; call++ {
		disk := durabletest.New()
		store, err := newFile(disk, "d", 2)
		if err != nil {
			t.Fatal(err)
		}
		for seq := uint64(1); seq <= 2; seq++ {
			if err := store.Save(ctx, at(seq)); err != nil {
				t.Fatal(err)
			}
		}
		disk.Fail(call, true)
		s, _, err := store.Load(ctx, 1)
		if !disk.Mend() {
			break
		}
		if s == nil && err == nil {
			t.Errorf("call %d: a failing disk looks empty", call)
		}
		if err != nil && !errors.Is(err, durabletest.ErrDisk) {
			t.Errorf("call %d: %v", call, err)
		}
	}
}

// A second save of a partition while the first is under way is refused: the two
// would write the same file.
func TestSavesOfAPartitionDoNotOverlap(t *testing.T) {
	t.Parallel()
	disk := durabletest.New()
	store, err := newFile(disk, "d", 2)
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	disk.Before = func(string) {
		tried++
		if err := store.Save(context.Background(), at(9)); err == nil {
			t.Error("overlapping save was accepted")
		}
	}
	if err := store.Save(context.Background(), at(1)); err != nil || tried == 0 {
		t.Fatalf("save: %v after %d tries", err, tried)
	}
}
