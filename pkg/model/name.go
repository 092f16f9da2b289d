package model

import (
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/grid"
	"github.com/loadtide/loadtide/pkg/meter"
)

// namePrefix begins the names that NameOf gives.
const namePrefix = "load-"

// NameOf returns the name of the model of an interval unless a person gives another: load-1h,
// load-15m.
func NameOf(interval time.Duration) string { return namePrefix + IntervalWord(interval) }

// IntervalOf returns the interval that a name in the form of NameOf says. ok is false for a name of
// another form, which may be that of any interval.
func IntervalOf(name string) (interval time.Duration, ok bool) {
	word, found := strings.CutPrefix(name, namePrefix)
	if !found {
		return 0, false
	}
	interval, err := time.ParseDuration(word)
	if err != nil || !nativeInterval(interval) || IntervalWord(interval) != word {
		return 0, false
	}
	return interval, true
}

// IntervalWord writes an interval as Spec.Interval does: 1h, 15m.
func IntervalWord(interval time.Duration) string {
	word := interval.String()
	word = strings.TrimSuffix(word, "0s")
	if rest := strings.TrimSuffix(word, "h0m"); rest != word {
		return rest + "h"
	}
	return word
}

// nativeInterval reports whether series can be forecast at an interval.
func nativeInterval(interval time.Duration) bool {
	return interval%time.Second == 0 && interval > 0 && interval <= meter.MostInterval && grid.Native(int32(interval/time.Second))
}
