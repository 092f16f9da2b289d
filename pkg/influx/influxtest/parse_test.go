package influxtest_test

import (
	"testing"

	"github.com/loadtide/loadtide/pkg/influx/influxtest"
)

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{
		"empty":             "",
		"no fields":         "m,a=1 1",
		"no time":           "m,a=1 x=1",
		"empty tag":         "m,a= x=1 1",
		"tags out of order": "m,b=1,a=1 x=1 1",
		"same tag twice":    "m,a=1,a=2 x=1 1",
		"not a number":      "m,a=1 x=one 1",
		"open quote":        `m,a=1 x="one 1`,
		"broken time":       "m,a=1 x=1 1.5",
	} {
		if points, err := influxtest.Parse(line); err == nil {
			t.Errorf("%s: %q was taken as %v", name, line, points)
		}
	}
}
