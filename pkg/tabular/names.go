package tabular

import (
	"fmt"
	"strconv"
	"strings"
)

// defaultSite is the site of a series that is named without one.
const defaultSite = "default"

const (
	maxToken  = 64 // bytes of a site or meter
	maxSeries = 1_000_000
)

// parseName reads <site>.<meter> or <meter>; both must be legal tokens.
func parseName(text string) (SeriesName, bool) {
	site, meter, dotted := strings.Cut(text, ".")
	if !dotted {
		site, meter = defaultSite, text
	}
	return SeriesName{Site: site, Meter: meter}, validToken(site) && validToken(meter)
}

// mappedName is parseName for names that were not made for Loadtide: bytes that no token has become _. A dot parts site
// and meter only when it is the one dot, after a legal site and before a meter, so that "No. 5" stays one name.
func mappedName(text string) (SeriesName, bool) {
	site, meter, _ := strings.Cut(text, ".")
	if !validToken(site) || meter == "" || strings.Contains(meter, ".") || strings.TrimSpace(meter) != meter {
		site, meter = defaultSite, text
	}
	if len(meter) == 0 || len(meter) > maxToken {
		return SeriesName{}, false
	}
	legal := []byte(meter)
	for i, c := range legal {
		if !tokenByte(c) {
			legal[i] = '_'
		}
	}
	return SeriesName{Site: site, Meter: string(legal)}, true
}

// validToken reports whether s can stand in a subject: 1 to 64 of [A-Za-z0-9_-].
func validToken(s string) bool {
	if len(s) == 0 || len(s) > maxToken {
		return false
	}
	for i := range len(s) {
		if !tokenByte(s[i]) {
			return false
		}
	}
	return true
}

func tokenByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

// known is a series that the files name.
type known struct {
	name  SeriesName
	as    string // as the files name it, when bytes of it were changed
	index int32  // in Table.Series, -1 until a row is kept
	skip  bool   // its rows are not wanted
}

// names finds series by what files call them.
type names struct {
	list   []known
	byText map[string]int32 // index of list, by the text in the file being read
	byName map[SeriesName]int32
	only   *SeriesName // the one series wanted, nil for all
	found  bool        // the one wanted
}

func newNames(only string) names {
	n := names{byText: map[string]int32{}, byName: map[SeriesName]int32{}}
	if only != "" {
		name, _ := mappedName(only) // checked with the options
		n.only = &name
	}
	return n
}

// lookup returns the index in list of the series that a text names. mapped says that the text need not be a legal name.
// The error tells two texts that come to one series; "m1" and "default.m1" are one by contract.
func (n *names) lookup(text []byte, mapped bool) (int32, problem, error) {
	if i, ok := n.byText[string(text)]; ok {
		return i, problem{}, nil
	}
	as := string(text)
	name, ok := parseName(as)
	if ok {
		as = ""
	} else if mapped {
		name, ok = mappedName(as)
	}
	if !ok {
		return 0, problem{reasonBadSubject, remedySeries}, nil
	}
	i, ok := n.byName[name]
	switch {
	case !ok && len(n.list) == maxSeries:
		return 0, problem{reasonTooLarge, remedyMany}, nil
	case !ok:
		i = int32(len(n.list))
		n.byName[name] = i
		n.list = append(n.list, known{name: name, as: as, index: -1, skip: n.only != nil && *n.only != name})
		n.found = n.found || !n.list[i].skip
	case n.list[i].as != as:
		other := n.list[i].as
		if other == "" {
			other = n.list[i].name.String()
		}
		return 0, problem{}, fmt.Errorf("two series with one name: %s and %s both become %s", strconv.Quote(shown(other)), strconv.Quote(shown(text)), name)
	}
	n.byText[string(text)] = i
	return i, problem{}, nil
}

// changed says in one line which names were changed, empty when none was.
func (n *names) changed() string {
	var pairs []string
	for _, k := range n.list {
		if k.as != "" && !k.skip {
			pairs = append(pairs, fmt.Sprintf("%s is read as %s", strconv.Quote(shown(k.as)), k.name))
		}
	}
	if len(pairs) == 0 {
		return ""
	}
	return "names of series may have letters, digits, _ and - alone: " + firstOf(pairs)
}

// firstOf joins the first words of a list that may be long.
func firstOf(words []string) string {
	const most = 12
	if more := len(words) - most; more > 0 {
		return strings.Join(words[:most], ", ") + fmt.Sprintf(", and %d more", more)
	}
	return strings.Join(words, ", ")
}
