package endtoend

import (
	"fmt"
	"go/ast"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const module = "github.com/loadtide/loadtide/"

// floors has the floor of each package: imports point down only, never sideways. A package that is
// not here gets a floor by a decision.
var floors = map[string]int{
	"pkg/durable": 0, "pkg/meter": 0, "pkg/retry": 0, "pkg/secret": 0, // words and tools of all packages
	"pkg/flagtest": 0, "pkg/rapidtest": 0, "pkg/servertest": 0, // tools of all tests
	"bench/clock": 0, // and of benchmarks
	"pkg/nn":      1, "pkg/series": 1, "pkg/grid": 1, "pkg/checkpoint": 1, "pkg/accuracy": 1, "pkg/bus": 1,
	"pkg/mlflow": 1, "pkg/influx": 1, "pkg/onnx": 1, "pkg/tabular": 1, "pkg/plot": 1, "streams": 1,
	"pkg/model": 2, "pkg/registry": 2, "pkg/dataset": 2, "pkg/service": 2,
	"pkg/engine": 3, "pkg/train": 3, "pkg/model/base": 3,
	"pkg/evaluate": 4,
	// below the services: what a training does, for the trainer that schedules it and for commands
	"services/trainer/cycle": 5,
	"services/forecaster":    6, "services/recorder": 6, "services/trainer": 6, "services/gateway": 6,
	"services/simulator": 6,
	"bench/accuracy":     6, "bench/base": 6,
	"bench/numerics": 6, "bench/pytorch": 6,
	"services/loadtide": 7, "bench/leads": 7,
	"services/endtoend": 8,
}

// walls: who alone may import what starts with the key. A package stands for itself and all below
// it.
var walls = map[string][]string{
	"github.com/nats-io/":             {"pkg/bus", "streams/topology"},
	"github.com/synadia-io/":          {"pkg/bus", "streams/topology"},
	"gorgonia.org/":                   {"pkg/train"},
	module + "pkg/train":              {"services/trainer", "services/loadtide", "pkg/train", "bench"},
	module + "pkg/service":            {"services", "pkg/service"},
	module + "services/trainer/cycle": {"services/trainer", "services/loadtide", "bench"},
	module + "streams":                {"services", "streams"},
	module + "services":               {"services", "bench"},
	"github.com/influxdata/":          {"pkg/influx"},
	"github.com/danielgtaylor/":       {"services/gateway"},
	"github.com/alecthomas/kong":      {"services/loadtide", "pkg/flagtest"},
}

// pure packages are functions of their arguments. Where files are named, it is those alone: the
// rest of pkg/model writes and reads folders, and pkg/nn/kernel/cpu.go looks once at the machine
// and at the variable that names a family.
var pure = map[string][]string{
	"pkg/nn": nil, "pkg/series": nil, "pkg/grid": nil, "pkg/meter": nil, "pkg/accuracy": nil,
	"pkg/engine": nil, "pkg/dataset": nil, "streams": nil, "pkg/onnx": nil,
	"pkg/model": {"spec.go", "graph.go", "check.go", "weights.go"},
	"pkg/nn/kernel": {
		"activation.go", "asm_amd64.go", "gemm.go", "gemm_generic.go", "lstm.go", "lstm_generic.go",
		"panel.go", "peak.go", "rows.go",
	},
}

// clocks are the packages below the services that may read the clock and wait.
var clocks = []string{
	"pkg/bus", "pkg/influx", "pkg/registry", "pkg/retry", "pkg/servertest", "pkg/service",
}

// clock holds what package time has beside values.
var clock = []string{
	"Now", "Since", "Until", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker", "Sleep",
}

// noName are names that say nothing about what a package is for.
var noName = []string{"util", "utils", "common", "helper", "helpers", "types"}

const maxLines = 400

// machine matches a path of one developer's machine.
var machine = regexp.MustCompile(`(?:^|[^A-Za-z0-9_.@-])(?:/(?:work|farm|root|home/[a-z]\w*|Users/\w+)/|C:\\Users\\)`)

// goPackage is a package with all its files, those for other systems too.
type goPackage struct {
	path  string // below the module, e.g. pkg/nn/kernel
	name  string
	files map[string]*ast.File // by name
}

// room is what a package belongs to: the nearest one above it that has a floor. pkg/nn/kernel is
// part of pkg/nn, streams/topology of streams; services/trainer/cycle is a room of its own.
func room(pkg string) string {
	for dir := pkg; dir != "."; dir = path.Dir(dir) {
		if _, known := floors[dir]; known {
			return dir
		}
	}
	parts := strings.Split(pkg, "/")
	return strings.Join(parts[:min(2, len(parts))], "/")
}

func isTest(file string) bool { return strings.HasSuffix(file, "_test.go") }

// isSuite says that a package exists for tests: bustest, registrytest, …
func isSuite(pkg string) bool {
	return strings.HasSuffix(pkg, "test") &&
		(strings.Count(pkg, "/") > 1 || pkg == "pkg/flagtest" || pkg == "pkg/rapidtest" || pkg == "pkg/servertest")
}

func below(pkg, parent string) bool { return pkg == parent || strings.HasPrefix(pkg, parent+"/") }

func imports(f *ast.File) []string {
	var all []string
	for _, spec := range f.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			all = append(all, p)
		}
	}
	return all
}

// importFaults holds one import against floors and walls. Tests may reach down and sideways as they
// need, for what they pull in is not shipped; only services stay above them.
func importFaults(from, file, imported string) []string {
	var faults []string
	fault := func(format string, args ...any) {
		faults = append(
			faults, fmt.Sprintf("%s/%s imports %s: ", from, file, imported)+fmt.Sprintf(format, args...),
		)
	}
	if isTest(file) {
		if strings.HasPrefix(imported, module+"services/") && !below(from, "services") &&
			!below(from, "bench") {
			fault("services are above")
		}
		return faults
	}
	for _, wall := range slices.Sorted(maps.Keys(walls)) {
		if !below(imported, strings.TrimSuffix(wall, "/")) {
			continue
		}
		if !slices.ContainsFunc(walls[wall], func(allowed string) bool { return below(from, allowed) }) {
			fault("only %s may", strings.Join(walls[wall], ", "))
		}
	}
	target, ours := strings.CutPrefix(imported, module)
	if !ours || room(target) == room(from) {
		return faults
	}
	if isSuite(target) && !isSuite(from) {
		fault("it is there for tests")
	}
	own, known := floors[room(from)]
	other, otherKnown := floors[room(target)]
	switch {
	case !known:
		fault("%s has no floor yet: give it one in rules_floors_test.go", room(from))
	case !otherKnown:
		fault("%s has no floor yet: give it one in rules_floors_test.go", room(target))
	case other >= own:
		fault("floor %d does not import floor %d", own, other)
	}
	return faults
}

// sourceFaults holds one file against what its package may do.
func sourceFaults(pkg, file string, f *ast.File) []string {
	if isTest(file) {
		return nil
	}
	var faults []string
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
			faults = append(faults, fmt.Sprintf("%s/%s: func init runs behind everyone's back", pkg, file))
		}
	}
	if pkg != "pkg/durable" && !isSuite(pkg) && uses(f, localName(f, "os"), "Rename") {
		faults = append(
			faults,
			fmt.Sprintf(
				"%s/%s uses os.Rename: write files by pkg/durable, which also syncs them",
				pkg, file,
			),
		)
	}
	if timeless(pkg) {
		for _, member := range clock {
			if uses(f, localName(f, "time"), member) {
				faults = append(
					faults, fmt.Sprintf("%s/%s uses time.%s: time comes in with the data", pkg, file, member),
				)
			}
		}
	}
	if only, isPure := pure[pkg]; !isPure || only != nil && !slices.Contains(only, file) {
		return faults
	}
	for _, p := range imports(f) {
		if below(p, "os") || below(p, "net") || p == "io/ioutil" || p == "syscall" {
			faults = append(faults, fmt.Sprintf("%s/%s imports %s: the package is pure", pkg, file, p))
		}
	}
	return faults
}

// timeless reports whether a package has to do without a clock.
func timeless(pkg string) bool {
	allowed := func(p string) bool { return below(pkg, p) }
	return (below(pkg, "pkg") || below(pkg, "streams")) && !slices.ContainsFunc(clocks, allowed)
}

// localName is what a file calls a package that it imports, "" when it does not import it.
func localName(f *ast.File, imported string) string {
	for _, spec := range f.Imports {
		if p, _ := strconv.Unquote(spec.Path.Value); p != imported {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return path.Base(imported)
	}
	return ""
}

// uses reports whether a file names a member of a package that the file calls pkg.
func uses(f *ast.File, pkg, member string) bool {
	found := false
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == member {
			x, isName := s.X.(*ast.Ident)
			found = found || isName && x.Name == pkg
		}
		return !found
	})
	return found
}

// packageFaults holds a package's name and doc.go against the rules.
func packageFaults(p goPackage) []string {
	var faults []string
	if slices.Contains(noName, p.name) || slices.Contains(noName, path.Base(p.path)) {
		faults = append(faults, fmt.Sprintf("%s: the name says nothing about what it is for", p.path))
	}
	switch doc := p.files["doc.go"]; {
	case doc == nil:
		faults = append(faults, fmt.Sprintf("%s: has no doc.go", p.path))
	case doc.Doc == nil:
		faults = append(faults, fmt.Sprintf("%s: its doc.go has no comment on the package", p.path))
	}
	return faults
}

// textFaults holds any file of the repository against the rules for text.
func textFaults(file string, data []byte) []string {
	var faults []string
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	if strings.HasSuffix(file, ".go") && len(lines) > maxLines {
		faults = append(
			faults,
			fmt.Sprintf("%s: %d lines, at most %d: it holds more than one noun", file, len(lines), maxLines),
		)
	}
	for i, line := range lines {
		if found := machine.FindString(line); found != "" {
			faults = append(
				faults, fmt.Sprintf("%s:%d: %q is a path of one machine", file, i+1, strings.TrimSpace(found)),
			)
		}
	}
	return faults
}
