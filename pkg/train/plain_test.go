package train

import (
	"fmt"
	"math"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/nn"
)

// plain is the same loss as a graph of Gorgonia's own operations alone, in float64
// and unrolled over time: slow, and nothing in it is ours but the equations.
type plain struct {
	t      testing.TB
	graph  *gorgonia.ExprGraph
	named  int
	params gorgonia.Nodes
	slots  [][]int // for each of params, where its elements lie in the flat parameters, the head's after the LSTM's
}

func (p *plain) must(n *gorgonia.Node, err error) *gorgonia.Node {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

func (p *plain) mul(a, b *gorgonia.Node) *gorgonia.Node { return p.must(gorgonia.Mul(a, b)) }
func (p *plain) times(a, b *gorgonia.Node) *gorgonia.Node {
	return p.must(gorgonia.HadamardProd(a, b))
}
func (p *plain) sigmoid(a *gorgonia.Node) *gorgonia.Node { return p.must(gorgonia.Sigmoid(a)) }
func (p *plain) tanh(a *gorgonia.Node) *gorgonia.Node    { return p.must(gorgonia.Tanh(a)) }
func (p *plain) relu(a *gorgonia.Node) *gorgonia.Node    { return p.must(gorgonia.Rectify(a)) }

func (p *plain) sum(terms ...*gorgonia.Node) *gorgonia.Node {
	all := terms[0]
	for _, n := range terms[1:] {
		all = p.must(gorgonia.Add(all, n))
	}
	return all
}

// matrix is a constant [rows][len(data)/rows]. Gorgonia takes two of one name and
// shape for the same, so each gets a number.
func (p *plain) matrix(name string, rows int, data []float64) *gorgonia.Node {
	p.named++
	name = fmt.Sprintf("%s %d", name, p.named)
	n := gorgonia.NewMatrix(p.graph, tensor.Float64, gorgonia.WithName(name),
		gorgonia.WithShape(rows, len(data)/rows))
	if err := gorgonia.Let(n, tensorOf(data, rows, len(data)/rows)); err != nil {
		p.t.Fatal(err)
	}
	return n
}

// block is a parameter of its own for the columns from..to of a matrix with
// `wide` columns that starts at `at` in the flat parameters all.
func (p *plain) block(name string, all []float64, at, rows, wide, from, to int) *gorgonia.Node {
	var data []float64
	var slots []int
	for r := range rows {
		for c := from; c < to; c++ {
			slots = append(slots, at+r*wide+c)
			data = append(data, all[at+r*wide+c])
		}
	}
	n := p.matrix(name, rows, data)
	p.params, p.slots = append(p.params, n), append(p.slots, slots)
	return n
}

func doubles(x []float32) []float64 {
	all := make([]float64, len(x))
	convert(all, x)
	return all
}

// loss builds the whole network for one batch. all is the LSTM's parameters, then
// the head's, as nn.SplitLSTM and nn.SplitHead lay them out.
func (p *plain) loss(s nn.Shape, levels, all []float64, b *dataset.Batch) *gorgonia.Node {
	next := 0
	take := func(name string, rows, wide int) func(part string, from, to int) *gorgonia.Node {
		at := next
		next += rows * wide
		return func(part string, from, to int) *gorgonia.Node {
			return p.block(name+part, all, at, rows, wide, from, to)
		}
	}
	gates := [4]struct{ x, h, b *gorgonia.Node }{}
	wx, wh, wb := take("wx", s.Inputs, 4*s.Hidden), take("wh", s.Hidden, 4*s.Hidden),
		take("b", 1, 4*s.Hidden)
	for i, name := range []string{"i", "f", "g", "o"} {
		from, to := i*s.Hidden, (i+1)*s.Hidden
		gates[i].x, gates[i].h, gates[i].b = wx(name, from, to), wh(name, from, to),
			wb(name, from, to)
	}
	wcH, wcX := take("wc_h", s.Hidden, s.Width)("", 0, s.Width),
		take("wc_x", s.Current, s.Width)("", 0, s.Width)
	bc, wf := take("bc", 1, s.Width)("", 0, s.Width),
		take("wf", s.LeadFeatures, s.Width)("", 0, s.Width)
	wm, bm := take("wm", s.Width, s.Width)("", 0, s.Width), take("bm", 1, s.Width)("", 0, s.Width)
	wo, bo := take("wo", s.Width, s.Levels)("", 0, s.Levels),
		take("bo", 1, s.Levels)("", 0, s.Levels)
	wl, bl := take("wl", s.Hidden, s.Outputs()), take("bl", 1, s.Outputs())
	var leads [][2]*gorgonia.Node
	for k := range s.Horizon {
		from, to := k*s.Levels, (k+1)*s.Levels
		leads = append(leads, [2]*gorgonia.Node{wl(fmt.Sprint(k+1), from, to),
			bl(fmt.Sprint(k+1), from, to)})
	}

	ones := make([]float64, b.B)
	for i := range ones {
		ones[i] = 1
	}
	one := p.matrix("ones", b.B, ones)
	h := p.matrix("h0", b.B, make([]float64, b.B*s.Hidden))
	c := p.matrix("c0", b.B, make([]float64, b.B*s.Hidden))
	count := 0.0
	for _, w := range b.Weight {
		count += float64(w) * float64(s.Levels)
	}
	var terms []*gorgonia.Node
	for t, k := 0, 0; k < b.S; t++ {
		x := p.matrix("x", b.B, doubles(b.X[t*b.B*s.Inputs:(t+1)*b.B*s.Inputs]))
		var z [4]*gorgonia.Node
		for i, g := range gates {
			z[i] = p.sum(p.mul(x, g.x), p.mul(h, g.h), p.mul(one, g.b))
		}
		c = p.sum(p.times(p.sigmoid(z[1]), c), p.times(p.sigmoid(z[0]), p.tanh(z[2])))
		h = p.times(p.sigmoid(z[3]), p.tanh(c))
		if b.Positions[k] != t {
			continue
		}
		current := p.matrix("current", b.B, doubles(b.Current[k*b.B*s.Current:(k+1)*b.B*s.Current]))
		base := p.sum(p.mul(h, wcH), p.mul(current, wcX), p.mul(one, bc))
		for lead, linear := range leads {
			u := p.relu(p.sum(base, p.mul(p.features(s, b, k, lead), wf)))
			u = p.relu(p.sum(p.mul(u, wm), p.mul(one, bm)))
			out := p.sum(p.mul(u, wo), p.mul(one, bo), p.mul(h, linear[0]), p.mul(one, linear[1]))
			terms = append(terms, p.pinball(s, levels, b, k, lead, out, count))
		}
		k++
	}
	return p.sum(terms...)
}

// features are those of one lead at position k, [B][LeadFeatures].
func (p *plain) features(s nn.Shape, b *dataset.Batch, k, lead int) *gorgonia.Node {
	var data []float64
	for w := range b.B {
		at := ((k*b.B+w)*s.Horizon + lead) * s.LeadFeatures
		data = append(data, doubles(b.Lead[at:at+s.LeadFeatures])...)
	}
	return p.matrix("lead", b.B, data)
}

// pinball is max(q*d, (q-1)*d) as q*d + relu(-d), weighted and added up.
func (p *plain) pinball(
	s nn.Shape, levels []float64, b *dataset.Batch, k, lead int, out *gorgonia.Node, count float64,
) *gorgonia.Node {
	var target, plus, minus []float64
	for w := range b.B {
		at := (k*b.B+w)*s.Horizon + lead
		for _, q := range levels {
			target = append(target, float64(b.Target[at]))
			plus = append(plus, q*float64(b.Weight[at])/count)
			minus = append(minus, float64(b.Weight[at])/count)
		}
	}
	y := p.matrix("target", b.B, target)
	over := p.times(p.matrix("plus", b.B, plus), p.must(gorgonia.Sub(y, out)))
	under := p.times(p.matrix("minus", b.B, minus), p.relu(p.must(gorgonia.Sub(out, y))))
	return p.must(gorgonia.Sum(p.sum(over, under)))
}

// The fused operations have the loss and all gradients of a plain graph.
func TestFusedOperationsAgainstPlainGraph(t *testing.T) {
	t.Parallel()
	s := nn.Shape{Inputs: 3, Hidden: 5, Width: 4, Current: 2, LeadFeatures: 3, Horizon: 2,
		Levels: 3}
	cfg := smallConfig()
	cfg.Shape = s
	b := randomBatch(s, 6, 3, []int{2, 5}, 6)
	fused := newTestGraph[float32](t, cfg, b)
	loss := run(t, fused, b)
	lstm, head := gradients(t, fused)
	got := append(doubles(lstm), doubles(head)...)

	p := plain{t: t, graph: gorgonia.NewGraph()}
	scalar := p.loss(s, cfg.Levels, append(doubles(fused.lstmParams), doubles(fused.headParams)...),
		b)
	if _, err := gorgonia.Grad(scalar, p.params...); err != nil {
		t.Fatal(err)
	}
	vm := gorgonia.NewTapeMachine(p.graph, gorgonia.BindDualValues(p.params...))
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	want, ok := scalar.Value().Data().(float64)
	if !ok || !(math.Abs(loss-want) <= 1e-5*want) {
		t.Errorf("loss %v, the plain graph's %v", loss, scalar.Value())
	}
	compared, worst := 0, 0.0
	for i, node := range p.params {
		grad, err := node.Grad()
		if err != nil {
			t.Fatal(err)
		}
		var off, norm float64
		for j, g := range grad.Data().([]float64) {
			d := got[p.slots[i][j]] - g
			off += d * d
			norm += g * g
			compared++
		}
		relative := math.Sqrt(off / norm)
		worst = max(worst, relative)
		if !(relative <= 1e-5) {
			t.Errorf("%s: gradient %.1e off, relative", node.Name(), relative)
		}
	}
	if compared != len(got) {
		t.Errorf("%d gradients compared, the network has %d parameters", compared, len(got))
	}
	t.Logf("loss %.1e off, gradients at most %.1e", math.Abs(loss-want)/want, worst)
}
