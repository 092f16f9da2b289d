package meter

import (
	"strings"
	"testing"
)

func TestParseID(t *testing.T) {
	t.Parallel()
	id, err := ParseID("north.m17")
	if err != nil || id != (ID{Site: "north", Meter: "m17"}) || id.String() != "north.m17" {
		t.Errorf("%+v %q, %v", id, id.String(), err)
	}
	for _, bad := range []string{"", ".", "north", "north.", ".m17", "a.b.c", "north..m17"} {
		if id, err := ParseID(bad); err == nil || !strings.Contains(err.Error(), "<site>.<meter>") || id != (ID{}) {
			t.Errorf("%q: %+v, %v", bad, id, err)
		}
	}
}
