package main

import (
	"fmt"
	"strings"
)

// goal is one line of what was aimed at.
type goal struct {
	what   string
	want   float64
	got    float64
	format func(float64) string
	most   bool // want is the most, not the least
}

func (g goal) met() bool {
	if g.most {
		return g.got <= g.want
	}
	return g.got >= g.want
}

// goals writes what was aimed at beside what was reached.
func (r *results) goals(b *strings.Builder) {
	header(b, "goal", "wanted", "measured", "met")
	for _, g := range r.allGoals() {
		bound, met := "at least ", "yes"
		if g.most {
			bound = "at most "
		}
		if !g.met() {
			met = "**no**"
		}
		row(b, g.what, bound+g.format(g.want), g.format(g.got), met)
	}
	b.WriteString("\n")
}

func (r *results) allGoals() []goal {
	var all []goal
	least := func(what string, want, got float64, format func(float64) string) {
		all = append(all, goal{what: what, want: want, got: got, format: format})
	}
	for _, s := range r.Step {
		switch {
		case s.Hidden == 64 && s.Batch == 256:
			least("cell and head, hidden 64, batch 256: onnxruntime / Loadtide", 1.8, s.overOnnxruntime, times)
			least("the same: share of the FMA peak", 0.65, s.PeakShare, share)
			if s.AVX2 != nil {
				least("the same by AVX2: onnxruntime / Loadtide", 1, s.AVX2.overOnnxruntime, times)
			}
		case s.Hidden == 64 && s.Batch == 1:
			least("cell and head, hidden 64, batch 1: onnxruntime / Loadtide", 10, s.overOnnxruntime, times)
		}
	}
	for _, m := range r.Model {
		if m.Batch == 256 {
			ns := func(v float64) string { return fmt.Sprintf("%.0f ns", v) }
			all = append(all, goal{what: "default model, batch 256: a series-step", want: 3000, got: m.LoadtideNS, format: ns, most: true})
			least("the same: onnxruntime / Loadtide", 2, m.overOnnxruntime, times)
		}
	}
	for _, t := range r.Train {
		what := fmt.Sprintf("training step, hidden %d", t.Hidden)
		if t.Threads == 2 {
			least(what+": one worker / two", 1.8, t.overOneThread, times)
			continue
		}
		const byAVX2 = 2.5
		want := 4.0
		switch {
		case t.Hidden != 64:
			want = 2
		case r.Kernel != "avx512":
			want = byAVX2
		}
		least(what+", one thread: PyTorch / Loadtide", want, t.overPytorch, times)
		if t.AVX2 != nil && t.Hidden == 64 {
			least("the same by AVX2", byAVX2, t.AVX2.overPytorch, times)
		}
	}
	return all
}
