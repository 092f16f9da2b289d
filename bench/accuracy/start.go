package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/loadtide/loadtide/pkg/model/base"
)

// starts says from which base model the sets are trained: from one that never saw the set.
type starts struct {
	folds string // folder of the base models without a set, as bench/base -folds writes them; may be empty
}

// flags are those of the training of a set at an interval such as 15m, or at auto, that of the set. A set
// that the base model of the program was trained on starts from a base model without it, or from random
// weights where there is none.
func (s starts) flags(set, interval string) []string {
	own := "1h"
	for suffix, finer := range map[string]string{"_30min": "30m", "_15min": "15m"} {
		if of, native := strings.CutSuffix(set, suffix); native {
			set, own = of, finer
		}
	}
	if interval == "auto" {
		interval = own
	}
	if !trainedOn(base.Card, set) {
		return []string{"--start", "auto"}
	}
	path := filepath.Join(s.folds, set+".load-"+interval+".onnx")
	if _, err := os.Stat(path); s.folds == "" || err != nil {
		return []string{"--start", "scratch"}
	}
	return []string{"--start", "auto", "--base-file", path}
}

// trainedOn reports whether the card of the base models has a set among those that they were trained on.
func trainedOn(card, set string) bool {
	_, rest, _ := strings.Cut(card, "## Trained on")
	table, _, _ := strings.Cut(rest, "\n## ")
	return strings.Contains(table, "\n| "+set+" |")
}
