package checkpointtest

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/loadtide/loadtide/pkg/checkpoint"
	"github.com/loadtide/loadtide/pkg/meter"
)

// Snapshot makes a small snapshot that differs by partition and sequence, with a section that is
// empty and a section that is longer than a chunk.
func Snapshot(partition int, seq uint64) *checkpoint.Snapshot {
	long := bytes.Repeat([]byte{byte(seq), byte(partition), 7}, 400_000)
	return &checkpoint.Snapshot{
		Header: checkpoint.Header{
			Partition: partition, Partitions: 8, Stream: "R", Seq: seq, Kernel: "go", Series: 3,
			Created: time.Date(2026, 1, 31, 14, 0, 0, 123456789, time.UTC),
			Models:  []string{"sha256:aa", "sha256:bb"},
		},
		Sections: []meter.Section{
			{Name: "ring", Version: 1, Data: long},
			{Name: "empty", Version: 2},
			{Name: "hidden", Version: 65535, Data: []byte{0, 1, 2, byte(seq)}},
		},
	}
}

// Run checks one kind of store; open returns a new, empty one each time.
func Run(t *testing.T, open func(t *testing.T) checkpoint.Store) {
	for name, check := range map[string]func(s *suite){
		"nothing there is no error": func(s *suite) { s.want(0, nil) },
		"what was saved is loaded": func(s *suite) {
			s.save(Snapshot(2, 41))
			s.want(2, Snapshot(2, 41))
		},
		"the highest sequence wins": func(s *suite) {
			for _, seq := range []uint64{9, 10, 99, 100, 1_000_000_000_000} {
				s.save(Snapshot(1, seq))
				s.want(1, Snapshot(1, seq))
			}
		},
		"the largest sequence sorts last": func(s *suite) {
			s.save(Snapshot(1, 1<<63))
			s.save(Snapshot(1, 1<<64-1))
			s.want(1, Snapshot(1, 1<<64-1))
		},
		"the same position again":                          samePosition,
		"partitions are apart":                             partitionsApart,
		"no section is a snapshot too":                     noSection,
		"the caller's bytes are copied":                    bytesAreCopied,
		"a wrong snapshot is refused and replaces nothing": wrongSnapshots,
		"an ended context changes nothing":                 endedContext,
		"loads run during saves":                           loadsDuringSaves,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(&suite{t, open(t)})
		})
	}
}

// suite is one check of one store.
type suite struct {
	*testing.T
	store checkpoint.Store
}

func (s *suite) save(snap *checkpoint.Snapshot) {
	s.Helper()
	if err := s.store.Save(s.Context(), snap); err != nil {
		s.Fatalf("save: %v", err)
	}
}

// want loads the newest snapshot of a partition and compares it.
func (s *suite) want(partition int, snap *checkpoint.Snapshot) {
	s.Helper()
	got, skipped, err := s.store.Load(s.Context(), partition)
	if err != nil || len(skipped) != 0 {
		s.Fatalf("load: skipped %v, error %v", skipped, err)
	}
	if diff := cmp.Diff(snap, got, cmp.Comparer(bytes.Equal)); diff != "" {
		s.Fatalf("loaded (-want +got):\n%s", diff)
	}
}

func samePosition(s *suite) {
	again := Snapshot(1, 5)
	again.Sections = again.Sections[1:]
	s.save(Snapshot(1, 5))
	s.save(again)
	s.want(1, again)
}

func partitionsApart(s *suite) {
	s.save(Snapshot(1, 7))
	s.save(Snapshot(7, 1))
	s.save(Snapshot(0, 3))
	s.want(1, Snapshot(1, 7))
	s.want(7, Snapshot(7, 1))
	s.want(0, Snapshot(0, 3))
	s.want(2, nil)
}

func noSection(s *suite) {
	bare := Snapshot(3, 0)
	bare.Sections = nil
	s.save(bare)
	s.want(3, bare)
}

func bytesAreCopied(s *suite) {
	snap := Snapshot(1, 5)
	s.save(snap)
	snap.Sections[2].Data[0] = 99
	s.want(1, Snapshot(1, 5))
	got, _, err := s.store.Load(s.Context(), 1)
	if err != nil {
		s.Fatal(err)
	}
	got.Sections[2].Data[0] = 77
	s.want(1, Snapshot(1, 5))
}

func wrongSnapshots(s *suite) {
	s.save(Snapshot(1, 5))
	wrong := map[string]func(*checkpoint.Snapshot){
		"partition beyond": func(w *checkpoint.Snapshot) { w.Header.Partitions = 1 },
		"negative series":  func(w *checkpoint.Snapshot) { w.Header.Series = -1 },
		"nameless section": func(w *checkpoint.Snapshot) { w.Sections[0].Name = "" },
		"name twice":       func(w *checkpoint.Snapshot) { w.Sections[0].Name = w.Sections[1].Name },
	}
	for name, spoil := range wrong {
		w := Snapshot(1, 6)
		spoil(w)
		if err := s.store.Save(s.Context(), w); err == nil {
			s.Errorf("%s: saved", name)
		}
	}
	s.want(1, Snapshot(1, 5))
}

func endedContext(s *suite) {
	s.save(Snapshot(1, 5))
	ended, cancel := context.WithCancel(s.Context())
	cancel()
	if err := s.store.Save(ended, Snapshot(1, 6)); !errors.Is(err, context.Canceled) {
		s.Errorf("save: %v", err)
	}
	if _, _, err := s.store.Load(ended, 1); !errors.Is(err, context.Canceled) {
		s.Errorf("load: %v", err)
	}
	s.want(1, Snapshot(1, 5))
}

func loadsDuringSaves(s *suite) {
	s.save(Snapshot(1, 1))
	failed := make(chan error, 1)
	go func() {
		defer close(failed)
		for seq := uint64(2); seq <= 40; seq++ {
			if err := s.store.Save(s.Context(), Snapshot(1, seq)); err != nil {
				failed <- err
				return
			}
		}
	}()
	last := uint64(0)
	for last < 40 {
		select {
		case err, ok := <-failed:
			if ok {
				s.Fatalf("save: %v", err)
			}
		default:
		}
		got, skipped, err := s.store.Load(s.Context(), 1)
		if err != nil || len(skipped) != 0 || got == nil {
			s.Fatalf("load: %v, skipped %v, error %v", got, skipped, err)
		}
		if got.Header.Seq < last {
			s.Fatalf("sequence went back from %d to %d", last, got.Header.Seq)
		}
		last = got.Header.Seq
	}
}
