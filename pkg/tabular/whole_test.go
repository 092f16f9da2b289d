package tabular

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// wholeFile is a file of which no row is refused, and what is read from it: see readingsOf.
type wholeFile struct {
	content string
	opts    Options
	want    []string
}

// testWhole reads each file in a test of its own.
func testWhole(t *testing.T, files map[string]wholeFile) {
	t.Helper()
	for name, c := range files {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, report := readingsOf(t, c.content, c.opts)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if report.Rejected > 0 {
				t.Errorf("report %+v", report)
			}
		})
	}
}
