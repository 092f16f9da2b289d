package tabular

import (
	"fmt"

	"github.com/loadtide/loadtide/pkg/meter"
)

// inUnit turns the value of a column into the unit of its series, which is the first one that a
// file says. A unit that the caller names is that of all values as they stand.
func (l *loader) inUnit(id int32, column int, value float64) (float64, problem) {
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
	if l.opts.Unit != "" {
		if l.overruled == "" && m.unit != "" && (m.factor != 1 || m.unit != meter.UnitName(l.opts.Unit)) {
			l.overrule(column, m)
		}
		return value, problem{}
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
		if l.at.unit >= 0 {
			l.mixed.first = string(l.fields[l.at.unit])
		}
	}
	if m.factor == 1 && terms.Unit == m.unit {
		return value, problem{}
	}
	conversion, err := meter.Convert(m.unit, terms.Unit)
	if err != nil {
		if l.mixed.rows++; l.mixed.rows == 1 && l.at.unit >= 0 {
			l.mixed.other, l.mixed.before = string(l.fields[l.at.unit]), terms.Unit
		}
		return value, problem{meter.ReasonWrongUnit, remedyOtherUnit}
	}
	value = conversion.Apply(value * m.factor)
	if value >= meter.MaxValue || value <= -meter.MaxValue {
		return value, problem{meter.ReasonOutOfRange, remedyRange}
	}
	return value, problem{}
}

// overrule notes a unit that the caller's one overrules.
func (l *loader) overrule(column int, m measure) {
	l.overruled, l.overruledIn = m.unit, "column "+quotedName(l.at.names[column])
	if m.factor != 1 {
		l.overruled = fmt.Sprintf("%v %s", m.factor, m.unit)
	}
	switch {
	case l.at.suffixed, l.at.unitInNames:
		l.overruledIn = lineText(l.line)
	case l.at.unit >= 0:
		l.overruledIn = lineText(l.line) + ", column " + quotedName(l.at.names[l.at.unit])
	}
}

// warnOverruled points out that the values of a file have another unit than the caller says.
func (l *loader) warnOverruled() {
	if l.overruled != "" {
		l.warn("%s says %s, --unit says %s: values count as %s as they stand; leave --unit out if the "+
			"file is right", l.overruledIn, l.overruled, l.opts.Unit, l.opts.Unit)
	}
}

// measureOf is measureOf of a text that is often that of the row before.
func (l *loader) measureOf(text []byte) measure {
	if string(text) != l.unitText || l.unitText == "" {
		l.unitText = string(text)
		l.unitRead = measureOf(l.unitText)
	}
	return l.unitRead
}

// mixedUnits is what the rows of a file say when a column has units that are not of one kind.
type mixedUnits struct {
	rows         int    // rejected, as their unit is not of the kind of that of their series
	first, other string // of a series, and of the first row that is rejected; as written
	before       string // unit of the series of that row
}

// fewestMixed is how many rows in another unit are no slip.
const fewestMixed = 8

// checkUnits refuses a file of which at least a third of the rows, those from first on and those that
// were rejected for their unit, have another unit than the first row of their series: the column of
// units tells two quantities apart, and which one is kept would be chance.
func (l *loader) checkUnits(first int) error {
	kept := len(l.table.rows) - first
	if l.at.unit < 0 || l.mixed.rows < fewestMixed || 2*l.mixed.rows < kept {
		return nil
	}
	name, one, other := l.at.names[l.at.unit], l.mixed.first, l.mixed.other
	if one == "" {
		return l.fileError(
			fmt.Sprintf("column %s says %s, and a file before says %s for the same series", quotedName(name),
				other, l.mixed.before),
			"read the files one by one, and give the series of one of them another name")
	}
	if measureOf(one).unit == "" {
		one, other = other, one
	}
	return l.fileError(
		fmt.Sprintf("column %s holds units of two kinds, %s and %s, for the same series: it tells two "+
			"quantities apart", quotedName(name), one, other),
		fmt.Sprintf("--where %q takes one of them, --where %q the other", name+"="+one, name+"="+other))
}
