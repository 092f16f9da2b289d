// Command promql takes PromQL apart with Prometheus' own parser, so that the tests can hold what a
// query names against what Loadtide exports. It reads a JSON list of expressions and writes a list
// as long: what each of them selects and groups by.
//
// It is a module of its own because Prometheus' requirements do not agree with gorgonia's.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// query is an expression taken apart.
type query struct {
	Error     string     `json:"error,omitempty"`
	Selectors []selector `json:"selectors,omitempty"`
	Groupings []grouping `json:"groupings,omitempty"`
}

// selector is a metric with its matchers, __name__ left out. One without a name is not written but
// told as an error: it selects across metrics.
type selector struct {
	Metric   string    `json:"metric"`
	Matchers []matcher `json:"matchers,omitempty"`
}

type matcher struct {
	Label string `json:"label"`
	Op    string `json:"op"` // = != =~ !~
	Value string `json:"value"`
}

// grouping is a label named in by, without, on, ignoring, group_left or group_right, and the
// metrics below it.
type grouping struct {
	Label   string   `json:"label"`
	Metrics []string `json:"metrics"`
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "error: "+err.Error())
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	var expressions []string
	if err := json.NewDecoder(in).Decode(&expressions); err != nil {
		return fmt.Errorf("read a JSON list of expressions: %w", err)
	}
	queries := make([]query, len(expressions))
	p := parser.NewParser(parser.Options{})
	for i, text := range expressions {
		expr, err := p.ParseExpr(text)
		if err != nil {
			queries[i].Error = err.Error()
			continue
		}
		queries[i] = takeApart(expr)
	}
	return json.NewEncoder(out).Encode(queries)
}

func takeApart(expr parser.Expr) query {
	var q query
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.VectorSelector:
			if n.Name == "" {
				q.Error = "a selector without a metric's name: " + n.String()
			}
			q.Selectors = append(q.Selectors, selectorOf(n))
		case *parser.AggregateExpr:
			q.group(n.Grouping, metrics(n.Expr))
		case *parser.BinaryExpr:
			if m := n.VectorMatching; m != nil {
				q.group(m.MatchingLabels, metrics(n.LHS))
				q.group(m.MatchingLabels, metrics(n.RHS))
				q.group(m.Include, append(metrics(n.LHS), metrics(n.RHS)...))
			}
		}
		return nil
	})
	return q
}

func (q *query) group(names, of []string) {
	for _, name := range names {
		q.Groupings = append(q.Groupings, grouping{Label: name, Metrics: of})
	}
}

// metrics are the names of all that an expression selects.
func metrics(expr parser.Expr) []string {
	names := []string{}
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if v, ok := node.(*parser.VectorSelector); ok && !slices.Contains(names, v.Name) {
			names = append(names, v.Name)
		}
		return nil
	})
	return names
}

func selectorOf(v *parser.VectorSelector) selector {
	s := selector{Metric: v.Name}
	for _, m := range v.LabelMatchers {
		if m.Name != labels.MetricName {
			s.Matchers = append(s.Matchers, matcher{Label: m.Name, Op: m.Type.String(), Value: m.Value})
		}
	}
	return s
}
