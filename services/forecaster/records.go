package forecaster

import (
	"fmt"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/series"
	"github.com/loadtide/loadtide/streams"
)

// operatorRecord applies a record that an operator wrote into the log. The events of the result
// report the outcome. An error means that no program of this release wrote the record.
func (p *Pipeline) operatorRecord(kind string, m *bus.Message) (done engine.Result, err error) {
	switch kind {
	case streams.ControlLimit:
		record, err := streams.DecodeLimitControl(m.Data)
		if err != nil {
			return done, err
		}
		p.engine.Limit(streams.ShareOf(record.Series, p.partition, p.partitions))
		return done, nil
	case streams.ControlSettings:
		record, err := streams.DecodeSettingsControl(m.Data)
		if err != nil {
			return done, err
		}
		return p.configure(&record), nil
	case streams.ControlMark:
		return p.mark(m.Data), nil
	case streams.ControlDelete:
		record, err := streams.DecodeDeleteControl(m.Data)
		if err != nil {
			return done, err
		}
		done.Events = p.forget(record.Series)
		return done, nil
	case streams.ControlState:
		record, err := streams.DecodeStateControl(m.Data)
		if err != nil { // damaged, or written by another program: the partition goes on without it
			done.Events = []engine.Event{{Kind: streams.EventSeriesImportRefused, Text: err.Error()}}
			return done, nil
		}
		done.Events = []engine.Event{p.importState(&record, m.Time)}
		return done, nil
	}
	return done, fmt.Errorf(
		"kind %q: operators write limit, settings, mark, delete and state",
		kind,
	)
}

// SettingOf converts settings to those of the engine. The error names an unknown word and the
// remedy.
func SettingOf(s streams.Settings) (engine.Setting, error) {
	kind, err := meter.ParseKind(s.Kind)
	if err != nil {
		return engine.Setting{}, err
	}
	label, err := meter.ParseLabel(s.Label)
	if err != nil {
		return engine.Setting{}, err
	}
	setting := engine.Setting{
		Unit: s.Unit, Kind: kind, Zone: s.Zone, Country: s.Country, Label: label,
		Interval:    int32(time.Duration(s.Interval) / time.Second),
		LimitChance: s.LimitChance,
	}
	if s.Limit != "" {
		if setting.Limit, err = meter.ParseQuantity(s.Limit); err != nil {
			return engine.Setting{}, fmt.Errorf("limit: %w", err)
		}
	}
	return setting, setting.Check()
}

// configure applies settings. It ignores settings that this release cannot apply, and the event
// says so; the owner validates settings before it writes them. Further events are about limits that
// were passed and are not set any more.
func (p *Pipeline) configure(record *streams.SettingsControl) engine.Result {
	event := engine.Event{Kind: streams.EventSeriesSettings}
	pattern, _ := meter.ParsePattern(record.Pattern)
	if pattern.Valid() {
		event.Series = pattern
	}
	var done engine.Configured
	setting, err := SettingOf(record.Settings)
	if err == nil {
		done, err = p.engine.Configure(pattern, setting)
	}
	if err != nil {
		event.Text = fmt.Sprintf("%s: not taken: %v", record.Pattern, err)
		return engine.Result{Events: []engine.Event{event}}
	}
	settings := string(record.Settings.AppendJSON(nil))
	if record.Settings == (streams.Settings{}) {
		settings, done.Kept = "nothing any more", 0
	}
	event.Text = fmt.Sprintf(
		"%s: %s from here on, %d series so far", record.Pattern, settings, done.Series,
	)
	if done.Kept > 0 {
		event.Text += fmt.Sprintf(
			"; %d of them keep what their readings are stored in (%s): "+
				"loadtide series delete lets one begin anew",
			done.Kept,
			done.Which,
		)
	}
	return engine.Result{
		Events:  append([]engine.Event{event}, done.Events...),
		Applied: done.Applied, Unscored: done.Unscored,
	}
}

// mark keeps a period of series from the models, or gives one back. A record that cannot be taken
// changes nothing, and the event says so: any program may write one.
func (p *Pipeline) mark(data []byte) engine.Result {
	event := engine.Event{Kind: streams.EventSeriesMarked}
	record, err := streams.DecodeMarkControl(data)
	var pattern meter.ID
	var mark meter.Mark
	if err == nil {
		pattern, mark, err = record.Mark()
	}
	if pattern.Valid() {
		if event.Series = pattern; streams.Partition(pattern, p.partitions) != p.partition {
			err = fmt.Errorf("the series belongs to partition %d of %d",
				streams.Partition(pattern, p.partitions), p.partitions)
		}
	}
	var done engine.Marked
	var result engine.Result
	if err == nil {
		done, result, err = p.engine.Mark(pattern, mark, 0)
	}
	if err != nil {
		event.Text = fmt.Sprintf("not taken: %v", err)
		return engine.Result{Events: []engine.Event{event}}
	}
	event.Mark, event.Text = &done, markText(&done)
	result.Events = append([]engine.Event{event}, result.Events...)
	return result
}

// markText says what a mark came to.
func markText(done *engine.Marked) string {
	stamp := func(second int64) string { return time.Unix(second, 0).UTC().Format(time.RFC3339) }
	word := done.Mark.Reason.String()
	if done.Mark.Reason == meter.Unmarked {
		word = "no mark"
	}
	text := fmt.Sprintf("%s: %s from %s until %s; ", done.Pattern, word,
		stamp(done.Mark.From), stamp(done.Mark.Until))
	if done.Mark.Reason == meter.Unmarked {
		text += fmt.Sprintf("%d measured intervals of %d series count again", done.Returned, done.Series)
	} else {
		text += fmt.Sprintf("%d measured intervals of %d series are kept from the models", done.Cells,
			done.Series)
	}
	if done.Forgotten > 0 {
		text += fmt.Sprintf("; the earliest %d marks are forgotten, at most %d are kept", done.Forgotten,
			meter.MostMarks)
	}
	return text
}

// forget deletes the state of a series.
func (p *Pipeline) forget(name string) []engine.Event {
	id, _ := meter.ParseID(name)
	done, ok := p.engine.Delete(id)
	text := "nothing was known of it"
	if ok {
		text = fmt.Sprintf("its state of %d intervals is forgotten", done.Cells)
	}
	event := engine.Event{Kind: streams.EventSeriesDeleted, Series: id, Text: text}
	return append([]engine.Event{event}, done.Events...)
}

// importState imports the state of a series.
func (p *Pipeline) importState(record *streams.StateControl, now time.Time) engine.Event {
	id, _ := meter.ParseID(record.Series)
	event := engine.Event{Kind: streams.EventSeriesImportRefused, Series: id}
	state, err := ReadState(record)
	switch {
	case err != nil:
		event.Text = err.Error()
		return event
	case state.Series() != id:
		event.Text = fmt.Sprintf("the state is that of %s", state.Series())
		return event
	case streams.Partition(id, p.partitions) != p.partition:
		event.Text = fmt.Sprintf(
			"the series belongs to partition %d of %d",
			streams.Partition(id, p.partitions),
			p.partitions,
		)
		return event
	case newestOf(state) > now.Add(meter.FutureLimit).Unix():
		event.Text = fmt.Sprintf(
			"its newest interval ends at %s, which is ahead of the broker's clock",
			time.Unix(state.Origin(), 0).UTC().Format(time.RFC3339),
		)
		return event
	}
	warm, err := p.engine.Insert(state, record.Model, record.Replace)
	if err != nil {
		event.Text = err.Error()
		return event
	}
	event.Kind, event.Text = streams.EventSeriesImported, "hidden state as it was"
	if !warm {
		event.Text = "hidden state computed anew from the ring at its next reading: it is of another " +
			"model"
	}
	return event
}

// newestOf returns the start of the newest interval of a state, as a Unix second.
func newestOf(state *engine.Portable) int64 {
	return max(state.Newest(), state.Origin()-int64(state.Interval()))
}

// ReadState returns the state in a record. The error says what is wrong with the state.
func ReadState(record *streams.StateControl) (*engine.Portable, error) {
	curve := series.Plain
	if record.Scale == model.ScaleAsinh {
		curve = series.Asinh
	}
	return engine.ReadState(record.Sections, curve)
}

// stateOf returns the record that imports the state of a series.
func (p *Pipeline) stateOf(id meter.ID) (streams.StateControl, bool) {
	sections, curve, ok := p.engine.Extract(id)
	if !ok {
		return streams.StateControl{}, false
	}
	record := streams.StateControl{
		Schema:   streams.Schema,
		Series:   id.String(),
		Scale:    model.ScalePlain,
		Sections: sections,
	}
	if curve == series.Asinh {
		record.Scale = model.ScaleAsinh
	}
	m := p.engine.ModelOf(id)
	if m == nil { // a rule serves it: its states are those that the champion begins with
		summary, _ := p.engine.Summary(id)
		m = p.engine.Model(summary.Serving)
	}
	if m != nil {
		record.Model = m.Digest
	}
	record.Digest = record.SectionsDigest()
	return record, true
}
