package parquet

import (
	"errors"
	"fmt"
)

var errTooWide = fmt.Errorf("it has more than %d columns, or they are nested deeper than %d",
	maxColumns, mostNested)

// schemaElement is an element of the schema of Parquet: a column or a structure of them.
type schemaElement struct {
	column     column
	repetition int64
	children   int64
	converted  int64
}

// schema reads the elements, which stand in the order of the tree, and finds the columns.
func (f *footer) schema(t *thriftReader) {
	open := []int64{} // how many children of the elements above are still to come
	t.list(thriftStruct, func() {
		e := readElement(t)
		if len(open) > mostNested || f.leaves == maxColumns {
			t.fail(errTooWide)
			return
		}
		for len(open) > 0 && open[len(open)-1] == 0 {
			open = open[:len(open)-1]
		}
		depth := len(open)
		if depth > 0 {
			open[depth-1]--
		}
		switch {
		case e.children < 0:
			t.fail(errors.New("its schema is damaged"))
		case e.children > 0:
			open = append(open, e.children)
			if depth == 1 {
				f.nested++
			}
		default:
			const repeated = 2
			if e.column.index = f.leaves; depth == 1 && e.repetition != repeated {
				f.columns = append(f.columns, e.column)
			}
			f.leaves++
		}
	})
}

func readElement(t *thriftReader) (e schemaElement) {
	e.converted = -1
	var kind, length, scale int64
	logical := false
	t.fields(func(id int16, k byte) bool {
		to := map[int16]*int64{
			1: &kind, 2: &length, 3: &e.repetition, 5: &e.children, 6: &e.converted, 7: &scale,
		}[id]
		switch {
		case to != nil && k == thriftI32:
			*to = t.number()
		case id == 4 && k == thriftBinary:
			e.column.name = string(t.bytes())
		case id == 10 && k == thriftStruct:
			logical = true
			e.column.logical(t)
		default:
			return false
		}
		return true
	})
	c := &e.column
	if kind < 0 || kind > kindFixed || length < 0 || length > maxFixed || scale < 0 || scale > 38 {
		t.fail(errors.New("its schema is damaged"))
		return e
	}
	c.kind, c.length, c.optional = int(kind), int(length), e.repetition == 1
	if !logical {
		c.convert(e.converted, int(scale))
	}
	if c.kind == kindInt96 {
		c.means = meansLocal // Spark writes UTC, Impala local time: the zone of the options counts
	}
	if c.means == meansNumber && (c.kind == kindBytes || c.kind == kindFixed) {
		c.means = meansText
	}
	return e
}

// logical reads the logical type of a column.
func (c *column) logical(t *thriftReader) {
	t.fields(func(id int16, kind byte) bool {
		if kind != thriftStruct {
			return false
		}
		switch id {
		case 5:
			c.means = meansDecimal
			t.fields(func(id int16, kind byte) bool {
				if id != 1 || kind != thriftI32 {
					return false
				}
				c.scale = int(min(max(t.number(), 0), 38))
				return true
			})
		case 7:
			c.means = meansTime
			c.timeUnit(t)
		case 8:
			c.means = meansLocal
			if c.timeUnit(t) {
				c.means = meansTimestamp
			}
		case 10:
			t.fields(func(id int16, kind byte) bool {
				if id == 2 && kind == thriftFalse {
					c.means = meansUnsigned
				}
				return false
			})
		default:
			c.means = map[int16]meaning{
				1: meansText, 4: meansText, 6: meansDate, 12: meansText, 14: meansUUID,
				15: meansHalf,
			}[id]
			return false
		}
		return true
	})
}

// timeUnit reads the unit of a time, and reports whether it is one of UTC.
func (c *column) timeUnit(t *thriftReader) (utc bool) {
	c.perUnit = 1e3
	t.fields(func(id int16, kind byte) bool {
		switch {
		case id == 1:
			utc = kind == thriftTrue
		case id == 2 && kind == thriftStruct:
			t.fields(func(id int16, _ byte) bool {
				if id >= 1 && id <= 3 {
					c.perUnit = [...]int64{1e3, 1e6, 1e9}[id-1]
				}
				return false
			})
			return true
		}
		return false
	})
	return utc
}

// convert takes the older form of a logical type.
func (c *column) convert(converted int64, scale int) {
	switch converted {
	case 0, 4, 19: // UTF8, ENUM, JSON
		c.means = meansText
	case 5:
		c.means, c.scale = meansDecimal, scale
	case 6:
		c.means = meansDate
	case 7, 8: // TIME_MILLIS, TIME_MICROS
		c.means, c.perUnit = meansTime, [...]int64{1e3, 1e6}[converted-7]
	case 9, 10: // TIMESTAMP_MILLIS, TIMESTAMP_MICROS
		c.means, c.perUnit = meansTimestamp, [...]int64{1e3, 1e6}[converted-9]
	case 11, 12, 13, 14: // UINT_8 to UINT_64
		c.means = meansUnsigned
	}
}
