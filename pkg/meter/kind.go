package meter

import (
	"fmt"
	"strings"
)

// Kind says what the values of a series mean.
type Kind uint8

// The kinds. Energy is used within an interval. Power is the mean over it. A register counts up
// and is read at a moment.
const (
	KindUnknown Kind = iota
	Energy
	Power
	Register
)

var kindWords = [...]string{"", "energy", "power", "register"}

// String is the word of the wire, "" for KindUnknown.
func (k Kind) String() string {
	if int(k) < len(kindWords) {
		return kindWords[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// ParseKind reads a word of the wire, in any case. The empty word is KindUnknown. The error holds a
// copy of the word, so that a caller converts bytes to word without an allocation.
func ParseKind(word string) (Kind, error) {
	for k, w := range kindWords {
		if w == word || len(w) == len(word) && strings.EqualFold(w, word) {
			return Kind(k), nil
		}
	}
	return KindUnknown, fmt.Errorf("kind %q: want energy, power or register", strings.Clone(word))
}

// KindOf is the kind of a series that names none: energy when its unit is one of energy, else
// power.
func KindOf(unit string) Kind {
	if ParseUnit(unit).Dimension == DimensionEnergy {
		return Energy
	}
	return Power
}

// Fits says whether values of kind k can be measured in unit. A unit of power fits only power. A
// unit of energy fits energy and registers. An unknown unit fits every kind, and every unit fits
// KindUnknown.
func (k Kind) Fits(unit string) bool {
	switch ParseUnit(unit).Dimension {
	case DimensionEnergy:
		return k != Power
	case DimensionPower:
		return k == Power || k == KindUnknown
	case DimensionNone:
	}
	return true
}

// TakenFor is the kind that values are taken for: those of unknown kind are power.
func (k Kind) TakenFor() Kind {
	if k == KindUnknown {
		return Power
	}
	return k
}
