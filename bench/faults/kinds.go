package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const day = 24 * time.Hour

// kind is a column of the second table: faults, and the meters that have them.
type kind struct {
	name, faults string
	young        bool // the series begin shortly before the test
	register     bool // the series are registers
	reference    bool // what the goal does not bound
}

// kinds are the columns. Periods of thirty days count from the first reading, so that the test of
// thirty days is one period; in the first one nothing goes wrong, see heal.
var kinds = []kind{
	{name: "total", faults: "total=2h", young: true},
	{name: "watthours", faults: "watthours=2d", young: true},
	{name: "hundredfold", faults: "hundredfold=7d", young: true},
	{name: "tenfold-new", faults: "tenfold=12h/7d", young: true},
	{name: "reversed", faults: "reversed=2d", young: true},
	{name: "unset", faults: "unset=2h", young: true, register: true},
	{name: "blank", faults: "blank=3h/10d", register: true},
	{name: "tenth-12h", faults: "tenth=12h/30d"},
	{name: "tenfold-12h", faults: "tenfold=12h/30d"},
	{name: "overdue", faults: "overdue=1d/30d"},
	{name: "ahead", faults: "ahead=1d/30d,unfinished=0.5%"},
	// A change of level is believed after a day, and a gap of days costs what it costs.
	{name: "tenth-4d", faults: "tenth=4d/30d", reference: true},
	{name: "tenfold-2d", faults: "tenfold=2d/30d", reference: true},
	{name: "gap-4d", faults: "gap=4d/30d", reference: true},
}

// kindsOf returns the kinds of a list of names: all of an empty one.
func kindsOf(names string) ([]kind, error) {
	switch names {
	case "":
		return kinds, nil
	case "none":
		return nil, nil
	}
	var chosen []kind
	for _, name := range strings.Split(names, ",") {
		at := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })
		if at < 0 {
			return nil, fmt.Errorf("-kinds: no kind %q in bench/faults/kinds.go", name)
		}
		chosen = append(chosen, kinds[at])
	}
	return chosen, nil
}

// kindFlags are the flags that say what the readings of a kind are.
func kindFlags(k kind) []string {
	if k.register {
		return []string{"--kind", "register"}
	}
	return nil
}

// mostApart is the greatest number of hours between two origins: the tests of the kinds are short.
const mostApart = 5

// The time that a kind is measured on: the days before the test, and those of the test.
const (
	daysBefore, daysAfter           = 60, 30
	daysHealed                      = 30 // of those before
	youngDaysBefore, youngDaysAfter = 9, 14
)

// span is the time of the rows that a kind needs.
func (k *kind) span(testFrom time.Time) (from, until time.Time) {
	if k.young {
		return testFrom.Add(-youngDaysBefore * day), testFrom.Add(youngDaysAfter * day)
	}
	return testFrom.Add(-daysBefore * day), testFrom.Add(daysAfter * day)
}
