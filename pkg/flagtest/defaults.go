package flagtest

import (
	"testing"

	"github.com/alecthomas/kong"
)

// Defaults returns a configuration with the defaults of its tags. Variables of the environment do
// not count.
func Defaults[C any](t testing.TB) C {
	t.Helper()
	var flags struct {
		Config C `embed:"" envprefix:"LOADTIDE_FLAGTEST_NONE_"`
	}
	if err := kong.ApplyDefaults(&flags); err != nil {
		t.Fatalf("defaults of %T: %v", flags.Config, err)
	}
	return flags.Config
}
