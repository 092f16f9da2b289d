package forecaster

import (
	"context"
	"fmt"

	"github.com/loadtide/loadtide/pkg/bus"
)

// mostRecent bounds the models that a partition keeps. A start from a checkpoint with more of them
// behind it loads the older ones again.
const mostRecent = 8

// modelRef is a model that the partition's log names.
type modelRef struct {
	seq    uint64 // of the control record, or of the checkpoint that was taken under this model
	digest string
}

// loadModel hands the model that a control record names to the pipeline, before Step meets the
// record.
func (p *partition) loadModel(ctx context.Context, m *bus.Message) error {
	record, err := decodeModelControl(m)
	if err != nil {
		return err
	}
	next, err := p.models.get(ctx, holder(p.index), record.Name, record.Version, record.Digest)
	if err != nil {
		return fmt.Errorf("partition %d: control record at %d: %w", p.index, m.Seq, err)
	}
	p.pipeline.Use(next)
	p.recent = append(p.recent, modelRef{seq: m.Seq, digest: next.Digest})
	return nil
}

// keepModels drops the models that the partition needs no more. It needs the one in force at the
// newest checkpoint and those that the log names behind it, for a start from there; the newest of
// them is the model in force.
func (p *partition) keepModels() {
	needed := p.recent
	for len(needed) > 1 && (needed[1].seq <= p.saver.seq || len(needed) > mostRecent) {
		needed = needed[1:]
	}
	if len(needed) == len(p.recent) {
		return
	}
	p.recent = append([]modelRef(nil), needed...)
	digests := make([]string, len(p.recent))
	for i, n := range p.recent {
		digests[i] = n.digest
	}
	p.models.keep(holder(p.index), digests...)
}
