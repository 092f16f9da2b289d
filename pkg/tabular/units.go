package tabular

import "github.com/loadtide/loadtide/pkg/meter"

// inUnit turns the value of a column into the unit of its series, which is the first one that a
// file says. A unit that the caller names is that of all values as they stand.
func (l *loader) inUnit(id int32, column int, value float64) (float64, problem) {
	if l.opts.Unit != "" {
		return value, problem{}
	}
	m := l.at.measures[column]
	switch {
	case l.at.suffixed:
		_, unit := cutUnit(l.fields[column])
		m = l.measureOf(unit)
	case l.at.unit >= 0:
		m = l.measureOf(l.fields[l.at.unit])
	case l.at.unitInNames:
		m = l.names.list[id].measure
	}
	if m.unit == "" && l.at.unit >= 0 {
		m = measure{string(l.fields[l.at.unit]), 1} // known to the user alone
	}
	if m.unit == "" {
		return value, problem{}
	}
	terms := &l.table.Terms[l.index(id)]
	if terms.Unit == "" && terms.Kind.Fits(m.unit) {
		terms.Unit = m.unit
	}
	if m.factor == 1 && terms.Unit == m.unit {
		return value, problem{}
	}
	conversion, err := meter.Convert(m.unit, terms.Unit)
	if err != nil {
		return value, problem{meter.ReasonWrongUnit, remedyOtherUnit}
	}
	value = conversion.Apply(value * m.factor)
	if value >= meter.MaxValue || value <= -meter.MaxValue {
		return value, problem{meter.ReasonOutOfRange, remedyRange}
	}
	return value, problem{}
}

// measureOf is measureOf of a text that is often that of the row before.
func (l *loader) measureOf(text []byte) measure {
	if string(text) != l.unitText || l.unitText == "" {
		l.unitText = string(text)
		l.unitRead = measureOf(l.unitText)
	}
	return l.unitRead
}
