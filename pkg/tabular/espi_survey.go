package tabular

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/loadtide/loadtide/pkg/meter"
)

// mostEntries bounds the entries and the blocks of a file.
const mostEntries = 1_000_000

// mostLink bounds the links that are compared.
const mostLink = 1024

// espiSurvey is what a file of Green Button says beside its readings: how its entries lead from
// blocks of readings to their type and their usage point.
type espiSurvey struct {
	root     string
	titles   map[string]string   // of usage points, by their own link
	meters   map[string][]string // the related links of meter readings, by their own link
	types    []readingType
	blocks   []espiLinks // in the order of the file
	readings int
	entries  int

	byTitle   map[string]int    // usage points of a title
	byRelated map[string]string // the meter reading that is related to a link
	byType    map[string]int    // index of types, by their own link
	typeIn    map[string]int    // index of types, by the meter reading that their own link lies in
}

// espiLinks are the links of an entry.
type espiLinks struct {
	line     int
	self, up string
	related  []string
}

// espiEntry is an entry while it is read: its links may follow what they are of.
type espiEntry struct {
	links                 espiLinks
	title                 string
	isPoint, isMeter      bool
	firstType, firstBlock int
	kind                  *readingType // that is open
}

// survey reads a file once, without its readings.
func survey(x *xmlReader) (*espiSurvey, error) {
	s := &espiSurvey{titles: map[string]string{}, meters: map[string][]string{}}
	var at espiEntry
	for {
		name, begins, err := x.next()
		if errors.Is(err, io.EOF) {
			s.close(&at)
			s.index()
			return s, nil
		}
		if err != nil {
			return nil, err
		}
		if begins {
			s.begin(string(name), x, &at)
		} else if err := s.end(string(name), x, &at); err != nil {
			return nil, x.fault(err.Error())
		}
		if s.entries > mostEntries || len(s.blocks) > mostEntries || len(s.types) > mostEntries {
			return nil, x.fault(fmt.Sprintf("the file has more than %d entries or blocks", mostEntries))
		}
	}
}

// begin takes an element that begins.
func (s *espiSurvey) begin(name string, x *xmlReader, at *espiEntry) {
	if s.root == "" {
		s.root = name
	}
	switch name {
	case espiEntryName:
		s.close(at)
		*at = espiEntry{firstType: len(s.types), firstBlock: len(s.blocks)}
		s.entries++
	case espiLink:
		at.links.add(x)
	case espiUsagePoint:
		at.isPoint = true
	case espiMeterReading:
		at.isMeter = true
	case espiReadingType:
		s.types = append(s.types, readingType{})
		at.kind = &s.types[len(s.types)-1]
	case espiIntervalBlock:
		s.blocks = append(s.blocks, espiLinks{line: x.line})
	case espiIntervalReading:
		s.readings++
	}
}

// end takes an element that ends.
func (s *espiSurvey) end(name string, x *xmlReader, at *espiEntry) error {
	switch {
	case name == espiReadingType:
		at.kind = nil
	case at.kind != nil:
		return at.kind.set(name, string(x.content()))
	case name == espiTitle:
		at.title = unescapedXML(x.content())
	}
	return nil
}

// close takes over an entry that was read.
func (s *espiSurvey) close(at *espiEntry) {
	for i := at.firstType; i < len(s.types); i++ {
		s.types[i].self = at.links.self
	}
	for i := at.firstBlock; i < len(s.blocks); i++ {
		line := s.blocks[i].line
		s.blocks[i] = at.links
		s.blocks[i].line = line
	}
	if at.isPoint {
		s.titles[at.links.self] = at.title
	}
	if at.isMeter {
		s.meters[at.links.self] = at.links.related
	}
}

// index makes what links are found by.
func (s *espiSurvey) index() {
	s.byTitle, s.byRelated, s.byType = map[string]int{}, map[string]string{}, map[string]int{}
	for _, title := range s.titles {
		s.byTitle[title]++
	}
	for _, self := range slices.Sorted(maps.Keys(s.meters)) {
		for _, link := range s.meters[self] {
			s.byRelated[link] = self
		}
	}
	s.typeIn = map[string]int{}
	for i := range s.types {
		self := s.types[i].self
		s.byType[self] = i
		s.typeIn[partOf(&espiLinks{self: self}, espiMeterReading)] = i
	}
}

// add takes a link of an entry.
func (e *espiLinks) add(x *xmlReader) {
	href := strings.TrimRight(x.attribute("href"), "/")
	if href == "" || len(href) > mostLink {
		return
	}
	switch x.attribute("rel") {
	case "self":
		e.self = href
	case "up":
		e.up = href
	case "related":
		if len(e.related) < maxFields {
			e.related = append(e.related, href)
		}
	}
}

// within returns the link itself or the one that it lies in, of those that are known; "" when there
// is none.
func within[T any](known map[string]T, link string) string {
	for link != "" {
		if _, ok := known[link]; ok {
			return link
		}
		link = link[:max(strings.LastIndexByte(link, '/'), 0)]
	}
	return ""
}

// only returns the one link that is known, "" when there are others.
func only[T any](known map[string]T) string {
	if len(known) != 1 {
		return ""
	}
	for link := range known {
		return link
	}
	return ""
}

// partOf returns the link of the thing of a kind that a block lies in, as its own links say it: a
// feed may leave the entry of the thing out.
func partOf(b *espiLinks, kind string) string {
	for _, link := range []string{b.up, b.self} {
		if at := strings.Index(link, kind+"/"); at >= 0 {
			id, _, _ := strings.Cut(link[at+len(kind)+1:], "/")
			return link[:at+len(kind)+1+len(id)]
		}
	}
	return ""
}

// meterReading returns the link of the meter reading that a block is of, "" when nothing tells.
func (s *espiSurvey) meterReading(b *espiLinks) string {
	return cmp.Or(within(s.meters, b.up), within(s.meters, b.self), s.byRelated[b.up],
		s.byRelated[b.self], partOf(b, espiMeterReading), only(s.meters))
}

// typeOf returns the reading type of a block, nil when the file has none or does not tell which.
func (s *espiSurvey) typeOf(b *espiLinks) *readingType {
	reading := s.meterReading(b)
	for _, link := range s.meters[reading] {
		if i, ok := s.byType[link]; ok && link != "" {
			return &s.types[i]
		}
	}
	if i, ok := s.typeIn[reading]; ok && reading != "" {
		return &s.types[i]
	}
	if len(s.types) == 1 {
		return &s.types[0]
	}
	return nil
}

// usagePoint returns the link of the usage point that a block is of, "" when nothing tells.
func (s *espiSurvey) usagePoint(b *espiLinks) string {
	return cmp.Or(within(s.titles, s.meterReading(b)), within(s.titles, b.up),
		within(s.titles, b.self), partOf(b, espiUsagePoint), only(s.titles))
}

// nameOf names a usage point: by its title when no other has the same, else by the last part of its
// link.
func (s *espiSurvey) nameOf(point string) string {
	const longest = meter.MaxToken / 2 // suffixes follow
	name := s.titles[point]
	if name == "" || len(name) > longest || s.byTitle[name] > 1 {
		name = point[strings.LastIndexByte(point, '/')+1:]
	}
	if name == "" || len(name) > longest {
		name = "usage_point"
	}
	return strings.ReplaceAll(name, ".", "_")
}
