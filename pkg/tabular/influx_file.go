package tabular

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/loadtide/loadtide/pkg/meter"
)

// lineProtocol takes points of InfluxDB. A point whose fields are a value and what describes it is
// one reading; of other points each number is a reading of a series of its own.
type lineProtocol struct {
	*loader
	point point
	keys  map[string]*pointKey
	units unitNames
	where []recordCondition
}

// mostKeys bounds the measurements with their tags that a file may have.
const mostKeys = maxSeries

// pointKey is what measurement and tags say about all their points.
type pointKey struct {
	name    []byte            // of the series, without the name of a field
	unit    string            // of a tag, or of the measurement
	byField map[string][]byte // names of series by field, where that is a part of the name
	bad     string            // why the points have no series
	tags    map[string]string // with the measurement, where --where asks for them
}

const (
	remedyPoint = "write measurement,tag=value field=1.5 1769864400000000000"
	fieldValue  = "value"
)

// lineProtocol reads a file of line protocol.
func (l *loader) lineProtocol(plain io.Reader) error {
	return l.records(LayoutLineProtocol, func() error {
		p := &lineProtocol{loader: l, keys: map[string]*pointKey{}}
		var err error
		if p.where, err = l.recordConditions(); err != nil {
			return err
		}
		for lines := newLineReader(plain); ; {
			line, long, err := lines.next()
			if errors.Is(err, io.EOF) {
				return l.unseen(p.where)
			}
			if err != nil {
				return l.unreadable(fmt.Errorf("line %d: %w", lines.line+1, err))
			}
			l.line = lines.line
			line = bytes.TrimSpace(line)
			switch {
			case len(line) == 0 || line[0] == '#' || isStatement(line):
			case long || !parsePoint(line, &p.point):
				l.refuse("line", line, meter.ReasonUnparsable, remedyPoint)
			default:
				if err := p.take(); err != nil {
					return err
				}
			}
		}
	})
}

// take takes the point.
func (p *lineProtocol) take() error {
	key, err := p.key()
	if err != nil {
		return err
	}
	if len(p.where) > 0 && !recordFulfils(p.where, func(name string) ([]byte, bool) {
		return p.part(key, name)
	}) {
		return nil
	}
	at, ok := epochTime(p.point.timestamp)
	switch {
	case key.bad != "":
		p.refuse(partSeries, p.point.key, meter.ReasonBadSubject, key.bad)
		return nil
	case !ok:
		p.refuse(partTime, p.point.timestamp, meter.ReasonBadTimestamp, remedyEpochRange)
		return nil
	}
	unit, one, ok := p.about(key)
	if !ok {
		return nil
	}
	return p.numbers(key, unit, one, at)
}

// about returns what the point says about its numbers: their unit, and the field that is the one
// reading of the point, empty when each number is one. ok is false when the point is refused.
func (p *lineProtocol) about(key *pointKey) (unit, one string, ok bool) {
	unit, one = key.unit, p.opts.ValueColumn
	for _, f := range p.point.fields {
		text, isText := f.text()
		switch name := string(f.name); {
		case name == fieldValue && one == "":
			one = fieldValue
		case isText && isUnitName(name):
			unit = p.units.of(text)
		case isText && name == "quality":
			q, err := meter.ParseQuality(strings.ToUpper(string(text)))
			if err == nil && !q.Accepted() {
				p.refuse("quality", text, meter.ReasonBadQuality, "leave the point out")
				return "", "", false
			}
		}
	}
	return unit, one, true
}

// numbers takes the numbers of the point, or the one that is its reading.
func (p *lineProtocol) numbers(key *pointKey, unit, one string, at int64) error {
	found := false
	for _, f := range p.point.fields {
		digits, ok := f.number()
		switch {
		case one != "" && string(f.name) != one, one == "" && !ok:
			continue
		case !ok:
			p.refuse(string(f.name), f.value, meter.ReasonNotANumber, remedyNumber)
			return nil
		}
		found = true
		if err := p.reading(key, f.name, digits, at, unit, one != ""); err != nil {
			return err
		}
	}
	if !found {
		p.refuse("fields", p.point.fields[0].name, meter.ReasonNotANumber,
			"no field of the point is the number that is wanted: name one with --value-column")
	}
	return nil
}

// part returns a tag, a field or the measurement of the point.
func (p *lineProtocol) part(key *pointKey, name string) ([]byte, bool) {
	if tag, ok := key.tags[name]; ok {
		return []byte(tag), true
	}
	for _, f := range p.point.fields {
		if string(f.name) == name {
			if text, ok := f.text(); ok {
				return text, true
			}
			return f.value, true
		}
	}
	return nil, false
}

// reading takes one field. alone says that the point is one reading.
func (p *lineProtocol) reading(
	key *pointKey, field, digits []byte, at int64, unit string, alone bool,
) error {
	value, bad := parseValue(digits)
	if bad.reason != "" {
		p.refuse(string(field), digits, bad.reason, bad.remedy)
		return nil
	}
	name := key.name
	if !alone {
		var ok bool
		if name, ok = key.byField[string(field)]; !ok {
			name = fmt.Appendf(nil, "%s_%s", key.name, unescaped(field))
			key.byField[string(field)] = name
		}
		if u := unitInName(field); u != "" {
			unit = u
		}
	} else if unit == "" {
		unit = unitInName(field)
	}
	return p.put(record{series: name, unix: at, value: value, terms: meter.Terms{Unit: unit}})
}

// key returns what the measurement and the tags of the point say.
func (p *lineProtocol) key() (*pointKey, error) {
	if key, ok := p.keys[string(p.point.key)]; ok {
		return key, nil
	}
	if len(p.keys) == mostKeys {
		return nil, p.fileError(fmt.Sprintf("has more than %d measurements with tags", mostKeys),
			"split it and load the parts one by one")
	}
	key := &pointKey{byField: map[string][]byte{}}
	tags, parts := map[string]string{}, []string{}
	measurement := string(p.point.tags(func(name, value []byte) {
		tags[string(name)] = string(value)
		if isUnitName(string(name)) {
			key.unit = p.units.of(value)
		}
	}))
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		if !isUnitName(name) {
			parts = append(parts, tags[name])
		}
	}
	if meter.ParseUnit(measurement).Dimension != meter.DimensionNone {
		key.unit = measurement // as Home Assistant names measurements
	} else {
		parts = append([]string{measurement}, parts...)
	}
	name, ok := p.nameOf(tags, parts)
	key.name = []byte(name)
	if !ok {
		key.bad = "the point has no tag " + p.opts.SeriesColumn
	}
	if len(p.where) > 0 {
		tags["measurement"] = measurement
		key.tags = tags
	}
	p.keys[string(p.point.key)] = key
	return key, nil
}

// nameOf names the series of a point: by the tag that the options name, by the tags site and meter,
// by those of Home Assistant, else by measurement and all tags.
func (p *lineProtocol) nameOf(tags map[string]string, parts []string) (name string, ok bool) {
	if p.opts.SeriesColumn != "" {
		name, ok := tags[p.opts.SeriesColumn]
		return name, ok
	}
	for _, pair := range [][2]string{{"site", "meter"}, {"domain", "entity_id"}} {
		first, ok1 := tags[pair[0]]
		second, ok2 := tags[pair[1]]
		if ok1 && ok2 {
			return first + "." + second, true
		}
	}
	if name, ok := tags[columnSeries]; ok {
		return name, true
	}
	return strings.Join(parts, "_"), true
}

// isUnitName reports whether a field or tag of this name holds the unit.
func isUnitName(name string) bool { return name == "unit" || name == "unit_of_measurement" }

// unitInName returns the unit of energy or power that the name of a field ends with.
func unitInName(name []byte) string {
	last := name[bytes.LastIndexByte(name, '_')+1:]
	for _, unit := range [...]string{"kWh", "Wh", "MWh", "kW", "W", "MW"} {
		// an m is milli and never mega
		if len(last) < len(name) && strings.EqualFold(unit, string(last)) && last[0] != 'm' {
			return unit
		}
	}
	return ""
}
