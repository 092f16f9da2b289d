package engine

import (
	"os"
	"testing"

	"github.com/loadtide/loadtide/pkg/rapidtest"
)

// A case walks weeks of cells. `make soak-properties` has many.
func TestMain(m *testing.M) { os.Exit(rapidtest.MainOf(m, 10)) }
