package tabular

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/loadtide/loadtide/pkg/meter"
)

// greenButton reads a file of Green Button twice: first how its entries hang together, then the
// readings, because an entry may stand before those that it needs.
func (l *loader) greenButton(plain *bufio.Reader) error {
	s, err := survey(newXMLReader(plain))
	if err != nil {
		return l.unreadable(err)
	}
	if s.readings == 0 {
		return l.fileError(
			fmt.Sprintf("is XML of <%s> without an %s: of XML, Green Button (ESPI) is read",
				shown(s.root), espiIntervalReading),
			"export the usage as Green Button or as CSV")
	}
	blocks, err := l.espiBlocks(s)
	if err != nil {
		return err
	}
	again, done, err := l.unpacked()
	if err != nil {
		return err
	}
	defer done()
	return l.records(LayoutGreenButton, func() error {
		if err := l.unconditional(); err != nil {
			return err
		}
		r := &espiReader{loader: l, x: newXMLReader(again), blocks: blocks}
		if err := r.read(); err != nil && isNamed(err) {
			return err
		} else if err != nil {
			return l.unreadable(err)
		}
		if r.estimated > 0 {
			l.report.Warnings = append(l.report.Warnings, fmt.Sprintf(
				"%s: %d readings are marked as estimated, and count as others", l.file, r.estimated))
		}
		return nil
	})
}

// espiBlock is what the readings of a block are.
type espiBlock struct {
	name     []byte
	terms    meter.Terms
	power    int // of ten
	register bool
}

// espiBlocks finds the series of each block, in the order of the file.
func (l *loader) espiBlocks(s *espiSurvey) ([]espiBlock, error) {
	blocks := make([]espiBlock, len(s.blocks))
	type seriesKey struct{ meterReading, name string }
	names, taken := map[seriesKey]string{}, map[string]bool{}
	for i := range s.blocks {
		b := &s.blocks[i]
		t := s.typeOf(b)
		switch {
		case t == nil && len(s.types) > 0:
			return nil, l.fileError(fmt.Sprintf("line %d: nothing says which of %d reading types the "+
				"%s is of", b.line, len(s.types), espiIntervalBlock),
				"export the file again: its links from block to meter reading to reading type are broken")
		case t == nil && l.opts.Unit == "":
			return nil, l.fileError("has no ReadingType, so its unit is not known",
				"say what the values are, such as --unit Wh")
		case t == nil:
			t = &readingType{}
		}
		key := seriesKey{s.meterReading(b), s.nameOf(s.usagePoint(b)) + t.suffix()}
		if names[key] == "" {
			name := key.name
			for n := 2; taken[name]; n++ { // another meter reading of the same quantity
				name = key.name + "_" + strconv.Itoa(n)
			}
			names[key], taken[name] = name, true
		}
		blocks[i] = espiBlock{name: []byte(names[key]), register: t.register()}
		blocks[i].terms, blocks[i].power = t.measure()
	}
	if len(taken) == 1 && l.opts.Series != "" {
		for i := range blocks {
			blocks[i].name = []byte(l.opts.Series)
		}
	}
	return blocks, nil
}

// espiReader reads the readings of a file.
type espiReader struct {
	*loader
	x         *xmlReader
	blocks    []espiBlock
	block     int // the number of blocks that began
	estimated int

	// Of the reading that is open.
	inside, inPeriod       bool
	start, duration, value []byte
	doubt                  bool
}

func (r *espiReader) read() error {
	for {
		name, begins, err := r.x.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := r.element(string(name), begins); err != nil {
			return err
		}
	}
}

func (r *espiReader) element(name string, begins bool) error {
	switch {
	case name == espiIntervalBlock && begins:
		r.block++
	case name == espiIntervalReading && begins:
		r.inside, r.doubt = true, false
		r.start, r.duration, r.value = r.start[:0], r.duration[:0], r.value[:0]
	case name == espiIntervalReading:
		r.inside = false
		return r.reading()
	case !r.inside:
	case name == espiTimePeriod:
		r.inPeriod = begins
	case begins:
	case name == espiStart && r.inPeriod:
		r.start = append(r.start, r.x.content()...)
	case name == espiDuration && r.inPeriod:
		r.duration = append(r.duration, r.x.content()...)
	case name == espiValue:
		r.value = append(r.value[:0], r.x.content()...)
	case name == espiQuality:
		r.doubt = r.doubt || estimatedQuality(string(r.x.content()))
	}
	return nil
}

// estimatedQuality reports whether a quality of ESPI is one of estimates: 8 and 9 are estimated, 11
// is derived.
func estimatedQuality(text string) bool { return text == "8" || text == "9" || text == "11" }

// reading takes the reading that ends.
func (r *espiReader) reading() error {
	r.line = r.x.line
	if r.block == 0 || r.block > len(r.blocks) {
		r.refuse(espiIntervalReading, nil, meter.ReasonUnparsable,
			"a reading stands in an "+espiIntervalBlock)
		return nil
	}
	b := &r.blocks[r.block-1]
	start, err := strconv.ParseInt(string(r.start), 10, 64)
	if err != nil || start < minUnix || start > maxUnix {
		r.refuse(espiStart, r.start, meter.ReasonBadTimestamp, "start is in seconds since 1970")
		return nil
	}
	if b.register && len(r.duration) > 0 {
		duration, err := strconv.ParseUint(string(r.duration), 10, 31)
		if err != nil {
			r.refuse(espiDuration, r.duration, meter.ReasonBadTimestamp, "duration is in seconds")
			return nil
		}
		start += int64(duration) // a register was read at the end
	}
	value, bad := parseValue(r.value)
	if bad.reason != "" {
		r.refuse(espiValue, r.value, bad.reason, bad.remedy)
		return nil
	}
	if r.doubt {
		r.estimated++
	}
	return r.put(record{
		series: b.name, unix: start, value: scaled(value, b.power), terms: b.terms,
	})
}
