package endtoend

import (
	"testing"

	"github.com/loadtide/loadtide/pkg/servertest"
)

// TestTrainingLoop is the way of a model: months of real readings, a first champion that is served, a worse one that is
// registered and refused, a better one that takes over. The forecaster is one process throughout.
func TestTrainingLoop(t *testing.T) {
	t.Parallel()
	servertest.Require(t, servertest.Long)
	trainingLoop(t, localModels)
}
