package evaluate_test

import (
	"os"
	"testing"

	"github.com/loadtide/loadtide/pkg/rapidtest"
)

// A case streams weeks of readings twice and takes up to a second. `make soak-properties` has many.
func TestMain(m *testing.M) { os.Exit(rapidtest.MainOf(m, 8)) }
