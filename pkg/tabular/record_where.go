package tabular

import (
	"fmt"
	"strings"
)

// recordCondition is a condition of --where on a part of a record.
type recordCondition struct {
	name, text string
	seen       bool // a record has the part
}

// recordConditions are those of the options.
func (l *loader) recordConditions() ([]recordCondition, error) {
	var all []recordCondition
	for _, where := range l.opts.Where {
		name, text, ok := strings.Cut(where, "=")
		if !ok {
			return nil, &OptionError{"where", shown(where), "names no value", "give COLUMN=VALUE"}
		}
		all = append(all, recordCondition{
			name: strings.TrimSpace(name), text: strings.TrimSpace(text),
		})
	}
	return all, nil
}

// recordFulfils reports whether a record fulfils all conditions. value returns a part of it by its name.
func recordFulfils(all []recordCondition, value func(name string) ([]byte, bool)) bool {
	fulfilled := true
	for i := range all {
		text, ok := value(all[i].name)
		all[i].seen = all[i].seen || ok
		fulfilled = fulfilled && ok && string(text) == all[i].text
	}
	return fulfilled
}

// unseen returns an error when no record has a part that a condition names.
func (l *loader) unseen(all []recordCondition) error {
	for _, c := range all {
		if !c.seen {
			return l.fileError(fmt.Sprintf("no record has %s, which --where names", quotedName(c.name)),
				"name a field or a tag of the file with --where")
		}
	}
	return nil
}

// unconditional refuses --where for a format without parts that it could name.
func (l *loader) unconditional() error {
	if len(l.opts.Where) == 0 {
		return nil
	}
	return l.fileError("is "+l.at.kind+", which --where does not go with",
		"choose the series with --series")
}
