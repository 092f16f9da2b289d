package tabular

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/loadtide/loadtide/pkg/meter"
)

// defaultSite is the site of a series that is named without one.
const defaultSite = "default"

const maxSeries = 1_000_000

// parseName reads <site>.<meter>, or <meter> of the default site. Both must be tokens.
func parseName(text string) (meter.ID, bool) {
	if !strings.Contains(text, ".") {
		id := meter.ID{Site: defaultSite, Meter: text}
		return id, id.Valid()
	}
	return meter.ParseID(text)
}

// mappedName is parseName for names that were not made for Loadtide. The unit in brackets behind a
// name is no part of it.
func mappedName(text string) (meter.ID, bool) { return tokenName(withoutUnit(text)) }

// tokenName makes a name of any text: meter.Token replaces the bytes that no token has. A dot parts
// site and meter only when it is the one dot, after a legal site and before a meter, so that "No.
// 5" stays one name.
func tokenName(text string) (meter.ID, bool) {
	site, name, _ := strings.Cut(text, ".")
	dotted := meter.ValidToken(site) && name != "" && !strings.Contains(name, ".")
	if !dotted || strings.TrimSpace(name) != name {
		site, name = defaultSite, text
	}
	if len(name) == 0 || len(name) > meter.MaxToken {
		return meter.ID{}, false
	}
	return meter.ID{Site: site, Meter: token(name)}, true
}

// token is meter.Token, but for names of which no letter and no digit would stay: they become the
// numbers of their letters, as u6771u4eac, because underscores alone tell no two names apart.
func token(name string) string {
	stays := func(r rune) bool { return r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) }
	if strings.ContainsFunc(name, stays) || !strings.ContainsFunc(name, unicode.IsLetter) {
		return meter.Token(name)
	}
	var b strings.Builder
	for _, r := range name {
		code := "_"
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			code = fmt.Sprintf("u%04x", r)
		}
		if b.Len()+len(code) > meter.MaxToken {
			break
		}
		b.WriteString(code)
	}
	return b.String()
}

// withoutUnit cuts the unit in brackets that a name ends in.
func withoutUnit(name string) string {
	for _, brackets := range [...]struct{ open, end string }{{"[", "]"}, {"(", ")"}, {"（", "）"}} {
		open := strings.LastIndex(name, brackets.open)
		if open <= 0 || !strings.HasSuffix(name, brackets.end) {
			continue
		}
		unit := strings.TrimSuffix(name[open+len(brackets.open):], brackets.end)
		plain := strings.TrimRight(name[:open], " _")
		if plain != "" && measureOf(unit).unit != "" {
			return plain
		}
	}
	return name
}

// known is a series that the files name.
type known struct {
	name  meter.ID
	as    string // as the files name it, when bytes of it were changed
	index int32  // in Table.Series, -1 until a row is kept
	skip  bool   // its rows are not wanted
	// The unit that the name says in brackets, as in "Active Import Interval (kW)".
	measure measure
}

// names finds series by what files call them.
type names struct {
	list   []known
	byText map[string]int32 // index of list, by the text in the file being read
	byName map[meter.ID]int32
	only   *meter.ID // the one series wanted, nil for all
	found  bool      // the one wanted
}

func newNames(only string) names {
	n := names{byText: map[string]int32{}, byName: map[meter.ID]int32{}}
	if only != "" {
		name, _ := mappedName(only) // checked with the options
		n.only = &name
	}
	return n
}

// lookup returns the index in list of the series that a text names. mapped says that the text need
// not be a legal name. The error is that two texts become one series. "m1" and "default.m1" may
// both name one series.
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
		return 0, problem{meter.ReasonBadSubject, remedySeries}, nil
	}
	i, ok := n.byName[name]
	if ok && n.list[i].as != as && as != "" { // the second unit of one name stays in it
		if full, legal := tokenName(as); legal && full != name {
			name = full
			i, ok = n.byName[name]
		}
	}
	switch {
	case !ok && len(n.list) == maxSeries:
		return 0, problem{meter.ReasonTooLarge, remedyMany}, nil
	case !ok:
		i = int32(len(n.list))
		n.byName[name] = i
		skip := n.only != nil && *n.only != name
		n.list = append(n.list, known{name: name, as: as, index: -1, skip: skip, measure: measureInBrackets(as)})
		n.found = n.found || !n.list[i].skip
	case n.list[i].as != as:
		other := n.list[i].as
		if other == "" {
			other = n.list[i].name.String()
		}
		return 0, problem{}, fmt.Errorf("two series with one name: %s and %s both become %s",
			strconv.Quote(shown(other)), strconv.Quote(shown(text)), name)
	}
	n.byText[string(text)] = i
	return i, problem{}, nil
}

// measureInBrackets is the unit that a name says in brackets.
func measureInBrackets(name string) measure {
	if !strings.ContainsAny(name, "[(") {
		return measure{}
	}
	return measureIn(name)
}

// changed names in one line the names that were changed. It is empty when none was.
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
