package tabular

import (
	"fmt"
	"strings"
)

// twoReadings says that a text can be read in two ways, and which flag settles it.
type twoReadings struct {
	what, text    string // the kind of the text, and the text itself
	first, second string
	flags         string
}

func (t *twoReadings) problem() string {
	return fmt.Sprintf("%s %q can be read in two ways, as %s or as %s, and no row tells which",
		t.what, t.text, t.first, t.second)
}

func (t *twoReadings) remedy() string { return "say " + t.flags }

// decide finds the form of the numbers of a file from all of them. The delimiter counts, because
// files have semicolons between columns where the comma is the decimal mark. A header of the contract
// promises points.
func (m *marks) decide(delimiter byte, contract bool) (numbers, *twoReadings) {
	comma := m.commas + m.groupedPoints
	point := m.points + m.groupedCommas
	plain := contract && delimiter == ','
	if plain && m.commas == 1 && m.groupedPoints == 0 {
		comma = 0 // a slip in one row
	}
	switch {
	case comma > point:
		return numbers{decimal: ',', groups: m.groups(',')}, nil
	case point > 0:
		return numbers{decimal: '.', groups: m.groups('.')}, nil
	case m.eitherComma > 0 && m.eitherPoint > 0:
		return numbers{}, m.ambiguous()
	case m.eitherComma > 1 || m.eitherComma == 1 && !plain:
		if delimiter == ';' && m.bare == 0 {
			return numbers{decimal: ','}, nil
		}
		return numbers{}, m.ambiguous()
	case m.eitherPoint > 0 && (delimiter == ';' || m.bare > 0 && !contract):
		return numbers{}, m.ambiguous()
	}
	return numbers{decimal: '.', groups: m.spaces > 0}, nil
}

// groups reports whether numbers have thousands marks beside a decimal mark. 1.772 has no
// thousands mark where the point is a decimal mark in another row.
func (m *marks) groups(decimal byte) bool {
	grouped, either, otherDecimal := m.groupedPoints, m.eitherPoint, m.points
	if decimal != ',' {
		grouped, either, otherDecimal = m.groupedCommas, m.eitherComma, m.commas
	}
	return grouped+m.spaces > 0 || either > 0 && otherDecimal == 0
}

// mixed says that points and commas both stand as decimal marks, and not by a slip in few rows;
// empty when they do not.
func (m *marks) mixed() string {
	if min(m.points, m.commas) < 2 || 20*min(m.points, m.commas) < max(m.points, m.commas) {
		return ""
	}
	return fmt.Sprintf("decimal marks stand in both forms: %d numbers have a comma, %d a point",
		m.commas, m.points)
}

func (m *marks) ambiguous() *twoReadings {
	text := string(m.sample)
	decimal := strings.NewReplacer(",", ".").Replace(text)
	whole := strings.NewReplacer(",", "", ".", "").Replace(text)
	return &twoReadings{"number", text, decimal, whole, "--decimal , or --decimal ."}
}
