package engine

import (
	"os"
	"testing"

	"github.com/loadtide/loadtide/pkg/rapidtest"
)

func TestMain(m *testing.M) { os.Exit(rapidtest.Main(m)) }
