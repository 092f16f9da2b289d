package forecaster

import (
	"context"
	"fmt"
	"slices"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/service"
)

// mostRecent bounds the models that a partition keeps in addition to those in force, and the models
// that one part of a batch loads. When a log names more models behind a checkpoint, a start from
// the checkpoint loads the older ones again.
const mostRecent = 8

// modelRef is a model that the partition's log names.
type modelRef struct {
	seq    uint64 // of the control record, or of the checkpoint that was taken under this model
	digest string
	role   role
}

// loadModel loads the model that a control record names, and hands it to the pipeline before Step
// reads the record.
func (p *partition) loadModel(ctx context.Context, m *bus.Message) error {
	record, err := decodeModelControl(m)
	if err != nil {
		return err
	}
	next, err := p.models.get(ctx, holder(p.index), record.Name, record.Version, record.Digest)
	if err != nil {
		return fmt.Errorf("partition %d: control record at %d: %w", p.index, m.Seq, err)
	}
	if next.Digest != record.Digest {
		p.log.Warn().Str(service.FieldModel, record.Name).Uint64(service.FieldStreamSeq, m.Seq).
			Msg("nobody holds the base model that the log names: that of this release serves in its " +
				"place, and forecasts of a replay differ")
	}
	p.pipeline.Use(record.Digest, next)
	p.refer(m.Seq, next)
	return nil
}

// refer notes that a start from a checkpoint before seq needs a model.
func (p *partition) refer(seq uint64, m *model.Model) {
	p.recent = append(p.recent, modelRef{seq: seq, digest: m.Digest, role: roleOf(m)})
}

// keepModels drops the models that the partition no longer needs. For a start from the newest
// checkpoint it needs the models in force at the checkpoint, and those that the log names behind
// the checkpoint. The newest model of a role is the one in force.
func (p *partition) keepModels() {
	before, former := len(p.recent), 0
	needed := p.recent[:0]
	for i, ref := range p.recent {
		next, ok := p.successor(i)
		if ok && next.seq <= p.saver.seq {
			continue
		}
		if ok {
			former++
		}
		needed = append(needed, ref)
	}
	p.recent = needed
	for i := 0; former >= mostRecent; {
		if _, ok := p.successor(i); !ok {
			i++
			continue
		}
		p.recent = slices.Delete(p.recent, i, i+1)
		former--
	}
	if len(p.recent) == before {
		return
	}
	digests := make([]string, len(p.recent))
	for i, n := range p.recent {
		digests[i] = n.digest
	}
	p.models.keep(holder(p.index), digests...)
}

// successor returns the model that took over from the i-th recent one. ok is false while the i-th
// one is in force.
func (p *partition) successor(i int) (next modelRef, ok bool) {
	for _, ref := range p.recent[i+1:] {
		if ref.role == p.recent[i].role {
			return ref, true
		}
	}
	return modelRef{}, false
}
