package main

import (
	"fmt"
	"strings"
	"time"
)

// section is the figures for people.
func (r *results) section() string {
	var b strings.Builder
	fmt.Fprintf(&b, "## Numerics\n\n`make bench-numerics`, %s, %s, %d cores, kernels %s. %s. All sides ran in one run, in turns of short blocks. Figures are medians of %d rounds (training %d), ratios within a round. One thread is timed in CPU time, two threads in elapsed time. The run took %s.\n\n",
		r.Date.Format(time.DateOnly), r.CPU, r.Cores, r.Kernel, strings.Join(r.Versions, ", "), r.Pace.rounds, r.Pace.trainRounds, r.Took.Round(time.Second))
	r.goals(&b)
	r.stepTable(&b)
	r.modelTable(&b)
	r.trainTable(&b)
	return b.String()
}

// row writes one line of a table.
func row(b *strings.Builder, cells ...string) {
	b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

func header(b *strings.Builder, cells ...string) {
	row(b, cells...)
	b.WriteString("|" + strings.Repeat(" --- |", len(cells)) + "\n")
}

func number(v float64) string {
	if v < 100 {
		return fmt.Sprintf("%.3g", v)
	}
	return fmt.Sprintf("%.0f", v)
}

func times(v float64) string { return fmt.Sprintf("%.2fx", v) }
func share(v float64) string { return fmt.Sprintf("%.0f %%", 100*v) }

func (r *results) stepTable(b *strings.Builder) {
	worst := 0.0
	for _, s := range r.Step {
		worst = max(worst, s.worst)
	}
	fmt.Fprintf(b, "### Cell and linear head\n\nOne LSTM step (%d inputs) and a linear map to %d leads of %d levels, float32; ns of a series-step. PyTorch runs LSTMCell and Linear in inference mode, onnxruntime LSTM and Gemm with bound buffers. Both are called from Python, as their users call them. Outputs agree to %.1e.\n\n",
		stepInputs, stepHorizon, stepLevels, worst)
	columns := []string{"hidden", "batch", "Loadtide", "onnxruntime", "PyTorch", "onnxruntime / Loadtide", "PyTorch / Loadtide", "share of the FMA peak"}
	if r.hasAVX2 {
		columns = append(columns, "Loadtide by AVX2", "onnxruntime / AVX2", "share of AVX2's peak")
	}
	header(b, columns...)
	for _, s := range r.Step {
		cells := []string{fmt.Sprint(s.Hidden), fmt.Sprint(s.Batch), number(s.LoadtideNS), number(s.OnnxruntimeNS), number(s.PytorchNS),
			times(s.overOnnxruntime), times(s.overPytorch), share(s.PeakShare)}
		if s.AVX2 != nil {
			cells = append(cells, number(s.AVX2.LoadtideNS), times(s.AVX2.overOnnxruntime), share(s.AVX2.PeakShare))
		}
		row(b, cells...)
	}
}

func (r *results) modelTable(b *strings.Builder) {
	worst := 0.0
	for _, m := range r.Model {
		worst = max(worst, m.worst)
	}
	fmt.Fprintf(b, "\n### The whole default model\n\nStep and head of hidden 64, 24 leads of 5 levels, to quantiles in scaled units; ns of a series-step. onnxruntime runs the model file that Loadtide writes, without its last nodes (scale and sort), with fixed sizes and bound buffers. Outputs agree to %.1e.\n\n", worst)
	columns := []string{"batch", "Loadtide", "onnxruntime", "onnxruntime / Loadtide"}
	if r.hasAVX2 {
		columns = append(columns, "Loadtide by AVX2", "onnxruntime / AVX2")
	}
	header(b, columns...)
	for _, m := range r.Model {
		cells := []string{fmt.Sprint(m.Batch), number(m.LoadtideNS), number(m.OnnxruntimeNS), times(m.overOnnxruntime)}
		if m.AVX2 != nil {
			cells = append(cells, number(m.AVX2.LoadtideNS), times(m.AVX2.overOnnxruntime))
		}
		row(b, cells...)
	}
}

func (r *results) trainTable(b *strings.Builder) {
	fmt.Fprintf(b, "\n### Training steps\n\nThe default training (windows of 336 steps, 24 loss positions, batch 32): forward, backward, clipped gradient and Adam; ms of a step. PyTorch runs in eager mode, nn.LSTM over the sequence and the head over all positions at once, in the fastest of its settings, which is chosen before the run: %s. One worker and two workers are compared in elapsed time.\n\n", r.TrainNote)
	columns := []string{"hidden", "threads", "Loadtide", "PyTorch", "PyTorch / Loadtide", "one worker / this"}
	if r.hasAVX2 {
		columns = append(columns, "Loadtide by AVX2", "PyTorch / AVX2", "one worker / this")
	}
	header(b, columns...)
	for _, t := range r.Train {
		cells := []string{fmt.Sprint(t.Hidden), fmt.Sprint(t.Threads), number(t.LoadtideMS), number(t.PytorchMS), times(t.overPytorch), times(t.overOneThread)}
		if t.AVX2 != nil {
			cells = append(cells, number(t.AVX2.LoadtideMS), times(t.AVX2.overPytorch), times(t.AVX2.overOneThread))
		}
		row(b, cells...)
	}
}
