package engine

import (
	"encoding/binary"
	"fmt"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Names of the sections. Their data are little-endian. Each has a version of its own, so that one
// can change while the others stay as they are.
const (
	sectionSeries  = "series"       // ids, units, counters
	sectionValues  = "ring.values"  // float32 [series][RingCells]
	sectionQuality = "ring.quality" // [series][RingCells], two to a byte
	sectionScaling = "scaling"      // moments and scaler
	sectionHidden  = "hidden"       // width, freshness, live states, settled states
	sectionAside   = "aside"        // raw values of open cells that hold something else
	sectionExtra   = "extra"        // readings that cells are joined of, or that wait
	sectionWaiting = "waiting"      // forecasts that wait for their actuals, and who made them
	sectionSetting = "settings"     // what is set for series, and how many there may be
	sectionLimits  = "limits"       // how series stand to the limits that are set for them
	sectionNotes   = "notes"        // how some series are sent; missing when there are none
	sectionMarks   = "marks"        // periods that are kept from the model; missing when there are none
)

// section is how one is read, by version: readers[0] reads version 1. The last
// is the version that is written. One that older releases did not write may be
// missing and leaves the defaults.
type section struct {
	name    string
	write   func(*slabs) []byte
	readers []func(*slabs, *reader)
	newer   bool
}

// sections in the order in which they are read: a later one may look at what an
// earlier one brought.
func sections() []section {
	type readers = []func(*slabs, *reader)
	return []section{
		{
			name:    sectionSeries,
			write:   writeSeries,
			readers: readers{readSeries1, readSeries2, readSeries3, readSeries},
		},
		{name: sectionValues, write: writeValues, readers: readers{readValues1, readValues}},
		{name: sectionQuality, write: writeQuality, readers: readers{readQuality1, readQuality}},
		{name: sectionScaling, write: writeScaling, readers: readers{readScaling1, readScaling2, readScaling}},
		{name: sectionHidden, write: writeHidden, readers: readers{readHidden1, readHidden}},
		{name: sectionAside, write: writeAside, readers: readers{readAside1, readAside}, newer: true},
		{
			name:    sectionExtra,
			write:   writeReadings,
			readers: readers{readExtra1, readReadings},
			newer:   true,
		},
		{
			name:    sectionWaiting,
			write:   writeWaiting,
			readers: readers{readWaiting1, readWaiting},
			newer:   true,
		},
	}
}

var byteOrder = binary.LittleEndian

// Sections of a cohort that is not hourly have its interval in their names.
func suffix(interval int64) string {
	if interval == meter.HourSeconds {
		return ""
	}
	return fmt.Sprintf("@%d", interval)
}

// Snapshot copies the whole state. Bringing it back with Restore and the same
// models gives an engine that goes on with the same bytes.
func (e *Engine) Snapshot() []meter.Section {
	var all []meter.Section
	for _, co := range e.cohorts {
		if co != nil {
			all = append(all, co.slabs.write()...)
		}
	}
	if e.cohorts[len(e.cohorts)-1] == nil { // readers of the first releases expect it
		all = append(newCohort(meter.HourSeconds, e.limits, e.marks).slabs.write(), all...)
	}
	all = append(all,
		meter.Section{Name: sectionSetting, Version: settingVersion, Data: e.writeSettings()},
		meter.Section{Name: sectionLimits, Version: limitsVersion, Data: e.limits.write()})
	if e.marks.Len() > 0 {
		all = append(all,
			meter.Section{Name: sectionMarks, Version: marksVersion, Data: e.writeMarks()})
	}
	if len(e.notes) > 0 {
		all = append(all,
			meter.Section{Name: sectionNotes, Version: notesVersion, Data: e.writeNotes()})
	}
	return all
}

// Versions of the engine's own sections that are written.
const (
	settingVersion = 4
	limitsVersion  = 1
	marksVersion   = 1
	notesVersion   = 1
)

func (s *slabs) write() []meter.Section {
	var all []meter.Section
	for _, part := range sections() {
		all = append(all, meter.Section{
			Name:    part.name + suffix(s.len.Interval),
			Version: uint16(len(part.readers)),
			Data:    part.write(s),
		})
	}
	return all
}

// Restore replaces the state by that of a snapshot. SetModel must have been
// called with the models in force when it was taken, if there were any. A snapshot
// of an older release is brought to this one's form. A section this release does
// not know, or does not find, or that holds what no engine can have written, is
// an error, and the engine is left as it was.
func (e *Engine) Restore(snapshot []meter.Section) error {
	next := New()
	next.foreseen = e.foreseen
	if err := next.read(snapshot, e); err != nil {
		return err
	}
	for i, co := range next.cohorts {
		old := e.cohorts[i]
		if old == nil || old.first() == nil {
			if co != nil && co.slabs.hidden != 0 {
				return fmt.Errorf(
					"state section %q: hidden states of %d units, and no model is in force",
					sectionHidden+suffix(co.len.Interval), co.slabs.hidden,
				)
			}
			continue
		}
		if co == nil {
			co = newCohort(int32(old.len.Interval), next.limits, next.marks)
			co.slabs.curve = old.slabs.curve
			co.slabs.layOut(old.slabs.waiting)
			co.slabs.useHidden(old.slabs.hidden)
			next.cohorts[i] = co
		}
		if err := co.resume(old); err != nil {
			return err
		}
	}
	*e = *next
	e.seatViews()
	return nil
}

// resume goes on with the model of a cohort, whose states those in the slabs must be.
func (co *cohort) resume(old *cohort) error {
	if want := old.slabs.hidden; co.slabs.hidden != want {
		return fmt.Errorf(
			"state section %q: hidden states of %d units, the model in force has %d",
			sectionHidden, co.slabs.hidden, want,
		)
	}
	if levels, horizon := old.levels(); !co.slabs.waiting.Fits(levels, horizon) {
		return fmt.Errorf(
			"state section %q: forecasts of levels %v to lead %d, the model in force has %v to lead %d",
			sectionWaiting, co.slabs.waiting.Levels(), co.slabs.waiting.Horizon(), levels, horizon,
		)
	}
	co.champion, co.base, co.baseModel = old.champion, old.base, old.baseModel
	co.foreseen = old.foreseen
	co.enumerate()
	co.forgetPlaces()
	return nil
}

// read fills an empty engine from the sections of a snapshot, which the models of another serve.
func (e *Engine) read(snapshot []meter.Section, other *Engine) error {
	data := map[string]meter.Section{}
	for _, sec := range snapshot {
		if _, twice := data[sec.Name]; twice {
			return fmt.Errorf("state section %q stands twice", sec.Name)
		}
		data[sec.Name] = sec
	}
	for i, interval := range intervals {
		if _, ok := data[sectionSeries+suffix(int64(interval))]; !ok && interval != meter.HourSeconds {
			continue
		}
		co := newCohort(interval, e.limits, e.marks)
		if old := other.cohorts[i]; old != nil {
			co.slabs.curve = old.slabs.curve
			co.slabs.layOut(old.slabs.waiting)
		}
		e.cohorts[i] = co
		if err := e.cohorts[i].slabs.read(data); err != nil {
			return err
		}
	}
	err := readPart(data, sectionSetting, e.readSettings1, e.readSettings2, e.readSettings3,
		e.readSettings)
	if err != nil {
		return err
	}
	e.limits.refresh()
	if err := e.count(); err != nil {
		return err
	}
	if err := readPart(data, sectionLimits, e.readLimits); err != nil {
		return err
	}
	if err := readPart(data, sectionMarks, e.readMarks); err != nil {
		return err
	}
	if err := readPart(data, sectionNotes, e.readNotes); err != nil {
		return err
	}
	for name := range data {
		return fmt.Errorf(
			"state section %q is not known to this release: use the release that wrote it",
			name,
		)
	}
	return nil
}

// count counts the series in, as far as they have entered.
func (e *Engine) count() error {
	seen := map[uint32]bool{}
	for _, co := range e.cohorts {
		for slot := 0; co != nil && slot < len(co.slabs.ids); slot++ {
			rec := co.slabs.record(int32(slot))
			if rec.viewOf != 0 {
				continue
			}
			if seen[rec.born] {
				return fmt.Errorf("state section %q: two series are the %d-th", sectionSeries, rec.born)
			}
			seen[rec.born] = true
			e.series++
			e.born = max(e.born, rec.born+1)
		}
	}
	return nil
}

// readPart reads a section of the engine, if it is there, by its version.
func readPart(data map[string]meter.Section, name string, readers ...func(*reader)) error {
	sec, ok := data[name]
	if !ok {
		return nil
	}
	delete(data, name)
	if sec.Version < 1 || int(sec.Version) > len(readers) {
		return fmt.Errorf(
			"state section %q has version %d, this release reads 1 to %d: use the release that wrote it",
			name, sec.Version, len(readers),
		)
	}
	r := reader{rest: sec.Data}
	readers[sec.Version-1](&r)
	if r.err == nil && len(r.rest) > 0 {
		r.err = fmt.Errorf("%d bytes too many", len(r.rest))
	}
	if r.err != nil {
		return fmt.Errorf("state section %q: %w", name, r.err)
	}
	return nil
}

// read fills empty slabs, whose curve is set, from the sections of a snapshot, which it takes out.
func (s *slabs) read(data map[string]meter.Section) error {
	for _, part := range sections() {
		name := part.name + suffix(s.len.Interval)
		if _, ok := data[name]; !ok && !part.newer {
			return fmt.Errorf("state section %q is missing", name)
		}
		var readers []func(*reader)
		for _, read := range part.readers {
			readers = append(readers, func(r *reader) { read(s, r) })
		}
		if err := readPart(data, name, readers...); err != nil {
			return err
		}
	}
	return nil
}
