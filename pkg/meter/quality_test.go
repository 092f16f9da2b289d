package meter

import (
	"strings"
	"testing"
)

func TestQualityWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		word     string
		quality  Quality
		accepted bool
	}{
		{"OK", OK, true}, {"ESTIMATED", Estimated, true}, {"MISSING", Missing, false},
		{"BAD", Bad, false},
		{"ok", OK, true}, {"Estimated", Estimated, true},
	} {
		q, err := ParseQuality(c.word)
		if err != nil || q != c.quality || q.String() != strings.ToUpper(c.word) ||
			q.Accepted() != c.accepted {
			t.Errorf("%s: %d %s accepted %v, %v", c.word, q, q, q.Accepted(), err)
		}
	}
	if q, err := ParseQuality(""); q != OK || err != nil {
		t.Errorf("no word: %s, %v", q, err)
	}
	for _, bad := range []string{"okay", "GOOD", "UNKNOWN", "OK "} {
		if q, err := ParseQuality(bad); err == nil || q != Unknown ||
			!strings.Contains(err.Error(), "ESTIMATED") {
			t.Errorf("%q: %s, %v", bad, q, err)
		}
	}
	if Unknown.Accepted() {
		t.Error("a cell that was never written counts as accepted")
	}
	if got := Quality(9).String(); got != "Quality(9)" {
		t.Errorf("%s", got)
	}
}
