package train

import (
	"fmt"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/nn"
)

// checkBatch compares the lengths of a batch with the shape. With a batch that passes, no operation
// reads out of range.
func checkBatch(s nn.Shape, b *dataset.Batch) error {
	if b == nil {
		return fmt.Errorf("batch: nil")
	}
	if b.T < 1 || b.B < 1 || b.S < 1 {
		return fmt.Errorf("batch: %d steps, %d windows, %d positions; each must be at least 1", b.T,
			b.B, b.S)
	}
	rows := b.S * b.B
	for _, f := range []struct {
		name      string
		got, want int
	}{
		{"x", len(b.X), b.T * b.B * s.Inputs}, {"positions", len(b.Positions), b.S},
		{"current", len(b.Current), rows * s.Current},
		{"lead", len(b.Lead), rows * s.Horizon * s.LeadFeatures},
		{"target", len(b.Target), rows * s.Horizon}, {"weight", len(b.Weight), rows * s.Horizon},
	} {
		if f.got != f.want {
			return fmt.Errorf("batch: %s has %d elements, %d steps, %d windows, %d positions and "+
				"the shape need %d",
				f.name, f.got, b.T, b.B, b.S, f.want)
		}
	}
	for i, p := range b.Positions {
		if p < 0 || p >= b.T || i > 0 && p <= b.Positions[i-1] {
			return fmt.Errorf("batch: position %d at %d, must ascend within 0 to %d", p, i, b.T-1)
		}
	}
	return nil
}
