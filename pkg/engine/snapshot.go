package engine

import (
	"encoding/binary"
	"fmt"
)

// Section is one named part of the engine's state, little-endian. Each section has a version of its
// own, so that a new section or version leaves the other sections as they are.
type Section struct {
	Name    string
	Version uint16
	Data    []byte
}

// Names of the sections.
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
)

// section describes a section: how it is written, and how each version of it is read. readers[0]
// reads version 1; the last reader reads the version that is written. A section that older releases
// did not write may be missing, and leaves the defaults.
type section struct {
	name    string
	write   func(*slabs) []byte
	readers []func(*slabs, *reader)
	newer   bool
}

// sections lists the sections in the order in which they are read. A later section may depend on an
// earlier one.
func sections() []section {
	type readers = []func(*slabs, *reader)
	return []section{
		{
			name:    sectionSeries,
			write:   writeSeries,
			readers: readers{readSeries1, readSeries2, readSeries},
		},
		{name: sectionValues, write: writeValues, readers: readers{readValues1, readValues}},
		{name: sectionQuality, write: writeQuality, readers: readers{readQuality1, readQuality}},
		{name: sectionScaling, write: writeScaling, readers: readers{readScaling1, readScaling}},
		{name: sectionHidden, write: writeHidden, readers: readers{readHidden1, readHidden}},
		{name: sectionAside, write: writeAside, readers: readers{readAside}, newer: true},
		{name: sectionExtra, write: writeExtra, readers: readers{readExtra}, newer: true},
		{
			name:    sectionWaiting,
			write:   writeWaiting,
			readers: readers{readWaiting1, readWaiting},
			newer:   true,
		},
		{name: sectionSetting, write: writeSettings, readers: readers{readSettings}, newer: true},
	}
}

var byteOrder = binary.LittleEndian

// Snapshot returns a copy of the whole state. An engine with the same model that restores it
// continues with the same bytes.
func (e *Engine) Snapshot() []Section { return e.slabs.write() }

func (s *slabs) write() []Section {
	var all []Section
	for _, part := range sections() {
		all = append(all, Section{part.name, uint16(len(part.readers)), part.write(s)})
	}
	return all
}

// Restore replaces the state by a snapshot. The caller has called SetModel with the model that was
// in force at the snapshot, if there was one. A snapshot of an older release is converted. Restore
// returns an error, and leaves the engine as it was, when a section is unknown or missing, or holds
// a state that no engine can have written.
func (e *Engine) Restore(snapshot []Section) error {
	next := newSlabs(e.slabs.waiting)
	next.curve = e.slabs.curve
	if err := next.read(snapshot); err != nil {
		return err
	}
	if want := e.slabs.hidden; next.hidden != want {
		return fmt.Errorf(
			"state section %q: hidden states of %d units, the model in force has %d",
			sectionHidden,
			next.hidden,
			want,
		)
	}
	if levels, horizon := e.levels(); !next.waiting.Fits(levels, horizon) {
		return fmt.Errorf(
			"state section %q: forecasts of levels %v to lead %d, "+
				"the model in force has %v to lead %d",
			sectionWaiting,
			next.waiting.Levels(),
			next.waiting.Horizon(),
			levels,
			horizon,
		)
	}
	next.serve(e.model)
	e.slabs = next
	e.forgetPlaces()
	return nil
}

// read fills empty slabs from the sections of a snapshot. The curve of the slabs is set.
func (s *slabs) read(snapshot []Section) error {
	data := map[string]Section{}
	for _, sec := range snapshot {
		if _, twice := data[sec.Name]; twice {
			return fmt.Errorf("state section %q stands twice", sec.Name)
		}
		data[sec.Name] = sec
	}
	for _, part := range sections() {
		sec, ok := data[part.name]
		if !ok {
			if part.newer {
				continue
			}
			return fmt.Errorf("state section %q is missing", part.name)
		}
		delete(data, part.name)
		if sec.Version < 1 || int(sec.Version) > len(part.readers) {
			return fmt.Errorf(
				"state section %q has version %d, this release reads 1 to %d: "+
					"use the release that wrote it",
				part.name,
				sec.Version,
				len(part.readers),
			)
		}
		r := reader{rest: sec.Data}
		part.readers[sec.Version-1](s, &r)
		if r.err == nil && len(r.rest) > 0 {
			r.err = fmt.Errorf("%d bytes too many", len(r.rest))
		}
		if r.err != nil {
			return fmt.Errorf("state section %q: %w", part.name, r.err)
		}
	}
	for name := range data {
		return fmt.Errorf(
			"state section %q is not known to this release: use the release that wrote it",
			name,
		)
	}
	return nil
}
