package meter

import (
	"fmt"
	"strings"
)

// ID names a series: the site it stands on and the meter that measures it,
// written `<site>.<meter>`.
type ID struct {
	Site  string
	Meter string
}

// String is `<site>.<meter>`.
func (id ID) String() string { return id.Site + "." + id.Meter }

// ParseID reads `<site>.<meter>`. It checks the form alone; which bytes a token
// may have is the message codec's business.
func ParseID(s string) (ID, error) {
	site, meter, ok := strings.Cut(s, ".")
	if !ok || site == "" || meter == "" || strings.Contains(meter, ".") {
		return ID{}, fmt.Errorf("series %q: want <site>.<meter>, as in north.m17", s)
	}
	return ID{Site: site, Meter: meter}, nil
}
