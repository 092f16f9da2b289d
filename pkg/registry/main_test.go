package registry_test

import (
	"os"
	"testing"

	"github.com/loadtide/loadtide/pkg/mlflow/mlflowtest"
)

func TestMain(m *testing.M) { os.Exit(mlflowtest.Main(m)) }
