package meter

import "fmt"

// Label says which end of its interval the time of a reading names.
type Label uint8

// The labels. Nothing said counts as the start.
const (
	LabelUnknown Label = iota
	LabelStart
	LabelEnd
)

var labelWords = [...]string{"", "start", "end"}

// String is the word of the settings, "" for LabelUnknown.
func (l Label) String() string {
	if int(l) < len(labelWords) {
		return labelWords[l]
	}
	return fmt.Sprintf("Label(%d)", uint8(l))
}

// ParseLabel reads a word of the settings. The empty word is LabelUnknown.
func ParseLabel(word string) (Label, error) {
	for l, w := range labelWords {
		if w == word {
			return Label(l), nil
		}
	}
	return LabelUnknown, fmt.Errorf("label %q: want start or end", word)
}
