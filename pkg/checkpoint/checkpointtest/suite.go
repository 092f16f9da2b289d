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
	ctx := context.Background()
	save := func(t *testing.T, s checkpoint.Store, snap *checkpoint.Snapshot) {
		t.Helper()
		if err := s.Save(ctx, snap); err != nil {
			t.Fatalf("save: %v", err)
		}
	}
	want := func(t *testing.T, s checkpoint.Store, partition int, snap *checkpoint.Snapshot) {
		t.Helper()
		got, skipped, err := s.Load(ctx, partition)
		if err != nil || len(skipped) != 0 {
			t.Fatalf("load: skipped %v, error %v", skipped, err)
		}
		if diff := cmp.Diff(snap, got, cmp.Comparer(bytes.Equal)); diff != "" {
			t.Fatalf("loaded (-want +got):\n%s", diff)
		}
	}
	cases := map[string]func(t *testing.T, s checkpoint.Store){
		"nothing there is no error": func(t *testing.T, s checkpoint.Store) {
			want(t, s, 0, nil)
		},
		"what was saved is loaded": func(t *testing.T, s checkpoint.Store) {
			save(t, s, Snapshot(2, 41))
			want(t, s, 2, Snapshot(2, 41))
		},
		"the highest sequence wins": func(t *testing.T, s checkpoint.Store) {
			for _, seq := range []uint64{9, 10, 99, 100, 1_000_000_000_000} {
				save(t, s, Snapshot(1, seq))
				want(t, s, 1, Snapshot(1, seq))
			}
		},
		"the largest sequence sorts last": func(t *testing.T, s checkpoint.Store) {
			save(t, s, Snapshot(1, 1<<63))
			save(t, s, Snapshot(1, 1<<64-1))
			want(t, s, 1, Snapshot(1, 1<<64-1))
		},
		"the same position again": func(t *testing.T, s checkpoint.Store) {
			again := Snapshot(1, 5)
			again.Sections = again.Sections[1:]
			save(t, s, Snapshot(1, 5))
			save(t, s, again)
			want(t, s, 1, again)
		},
		"partitions are apart": func(t *testing.T, s checkpoint.Store) {
			save(t, s, Snapshot(1, 7))
			save(t, s, Snapshot(7, 1))
			save(t, s, Snapshot(0, 3))
			want(t, s, 1, Snapshot(1, 7))
			want(t, s, 7, Snapshot(7, 1))
			want(t, s, 0, Snapshot(0, 3))
			want(t, s, 2, nil)
		},
		"no section is a snapshot too": func(t *testing.T, s checkpoint.Store) {
			bare := Snapshot(3, 0)
			bare.Sections = nil
			save(t, s, bare)
			want(t, s, 3, bare)
		},
		"the caller's bytes are copied": func(t *testing.T, s checkpoint.Store) {
			snap := Snapshot(1, 5)
			save(t, s, snap)
			snap.Sections[2].Data[0] = 99
			want(t, s, 1, Snapshot(1, 5))
			got, _, err := s.Load(ctx, 1)
			if err != nil {
				t.Fatal(err)
			}
			got.Sections[2].Data[0] = 77
			want(t, s, 1, Snapshot(1, 5))
		},
		"a wrong snapshot is refused and replaces nothing": func(t *testing.T, s checkpoint.Store) {
			save(t, s, Snapshot(1, 5))
			wrong := map[string]func(*checkpoint.Snapshot){
				"partition beyond": func(w *checkpoint.Snapshot) { w.Header.Partitions = 1 },
				"negative series":  func(w *checkpoint.Snapshot) { w.Header.Series = -1 },
				"nameless section": func(w *checkpoint.Snapshot) { w.Sections[0].Name = "" },
				"name twice":       func(w *checkpoint.Snapshot) { w.Sections[0].Name = w.Sections[1].Name },
			}
			for name, spoil := range wrong {
				w := Snapshot(1, 6)
				spoil(w)
				if err := s.Save(ctx, w); err == nil {
					t.Errorf("%s: saved", name)
				}
			}
			want(t, s, 1, Snapshot(1, 5))
		},
		"an ended context changes nothing": func(t *testing.T, s checkpoint.Store) {
			save(t, s, Snapshot(1, 5))
			ended, cancel := context.WithCancel(ctx)
			cancel()
			if err := s.Save(ended, Snapshot(1, 6)); !errors.Is(err, context.Canceled) {
				t.Errorf("save: %v", err)
			}
			if _, _, err := s.Load(ended, 1); !errors.Is(err, context.Canceled) {
				t.Errorf("load: %v", err)
			}
			want(t, s, 1, Snapshot(1, 5))
		},
		"loads run during saves": func(t *testing.T, s checkpoint.Store) {
			save(t, s, Snapshot(1, 1))
			failed := make(chan error, 1)
			go func() {
				defer close(failed)
				for seq := uint64(2); seq <= 40; seq++ {
					if err := s.Save(ctx, Snapshot(1, seq)); err != nil {
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
						t.Fatalf("save: %v", err)
					}
				default:
				}
				got, skipped, err := s.Load(ctx, 1)
				if err != nil || len(skipped) != 0 || got == nil {
					t.Fatalf("load: %v, skipped %v, error %v", got, skipped, err)
				}
				if got.Header.Seq < last {
					t.Fatalf("sequence went back from %d to %d", last, got.Header.Seq)
				}
				last = got.Header.Seq
			}
		},
	}
	for name, check := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, open(t))
		})
	}
}
