package bus

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

// TestServerLogLevels: what every start after a kill says is no warning, all else is.
func TestServerLogLevels(t *testing.T) {
	t.Parallel()
	for text, level := range map[string]string{
		"Filestore [R0] Stream state outdated, last block has additional entries, will rebuild": "info",
		"Filestore [R0] Stream state outdated, found extra blocks, will rebuild":                "info",
		"Filestore [R0] Recovering stream state from index errored: prior state file":           "info",
		"Filestore [R0] Recovering stream state from index errored: corrupt state file":         "warn",
		"Filestore [R0] Stream state bad checksum":                                              "warn",
		"slow consumer detected": "warn",
	} {
		var out bytes.Buffer
		l := serverLog{log: zerolog.New(&out)}
		l.Warnf("%s", text)
		if !strings.HasPrefix(out.String(), `{"level":"`+level+`"`) ||
			!strings.Contains(out.String(), text) {
			t.Errorf("%s: want %s, got %s", text, level, out.String())
		}
	}
}
