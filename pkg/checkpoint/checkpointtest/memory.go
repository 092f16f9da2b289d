package checkpointtest

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/loadtide/loadtide/pkg/checkpoint"
)

// Memory is a checkpoint.Store that keeps the newest snapshot of each partition in the process. It
// uses the format of the files, so that Load returns a copy.
type Memory struct {
	mu  sync.Mutex
	all map[int]stored
}

type stored struct {
	seq  uint64
	data []byte
}

// NewMemory returns an empty store.
func NewMemory() *Memory { return &Memory{all: map[int]stored{}} }

// Save implements checkpoint.Store.
func (m *Memory) Save(ctx context.Context, s *checkpoint.Snapshot) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	var buf bytes.Buffer
	if err := checkpoint.Encode(&buf, s); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	p := s.Header.Partition
	if old, ok := m.all[p]; !ok || s.Header.Seq >= old.seq {
		m.all[p] = stored{seq: s.Header.Seq, data: buf.Bytes()}
	}
	return nil
}

// Load implements checkpoint.Store.
func (m *Memory) Load(ctx context.Context, partition int) (*checkpoint.Snapshot, []error, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, fmt.Errorf("load checkpoint: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	got, ok := m.all[partition]
	if !ok {
		return nil, nil, nil
	}
	s, err := checkpoint.Decode(bytes.NewReader(got.data), int64(len(got.data)))
	return s, nil, err
}
