package endtoend

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// fieldMethods are the methods of zerolog that add a field to a line: name, then value.
var fieldMethods = []string{
	"Str", "Strs", "Stringer", "Bytes", "Hex", "RawJSON", "Int", "Ints", "Int64", "Ints64", "Uint",
	"Uint32",
	"Uint64", "Float32", "Float64", "Bool", "Time", "TimeDiff", "AnErr", "Errs", "Any", "Interface",
	"Dict",
	"Array", "Object",
}

// logging are the packages whose code logs. Those below pkg/service cannot import its constants:
// they write the same words.
var logging = map[string]bool{
	"services": true, "pkg/service": true, "pkg/bus": false, "streams/topology": false,
}

// Every field of a log line has a name of pkg/service/logging.go, and every name there is used.
func TestLogFields(t *testing.T) {
	t.Parallel()
	fields, used := map[string]string{}, map[string]bool{}
	packages := modulePackages(t)
	for _, p := range packages {
		if p.path == "pkg/service" {
			fields = logFields(p.files["logging.go"])
		}
	}
	if len(fields) < 20 {
		t.Fatalf("%d names of fields found", len(fields))
	}
	for _, p := range packages {
		for _, name := range slices.Sorted(maps.Keys(p.files)) {
			for _, fault := range logFaults(p.path, name, p.files[name], fields, used) {
				t.Error(fault)
			}
		}
	}
	for name, word := range fields {
		if !used[word] {
			t.Errorf("pkg/service/logging.go: no line has the field %s (%q)", name, word)
		}
	}
}

// logFields are the constants of a file whose names begin with Field, by name.
func logFields(f *ast.File) map[string]string {
	fields := map[string]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Field") || len(spec.Values) != 1 {
			return true
		}
		if lit, ok := spec.Values[0].(*ast.BasicLit); ok {
			fields[spec.Names[0].Name], _ = strconv.Unquote(lit.Value)
		}
		return true
	})
	return fields
}

// logFaults holds the log lines of a file against the names of fields, and notes those it uses.
func logFaults(
	pkg, file string, f *ast.File, fields map[string]string, used map[string]bool,
) []string {
	logs, knows := false, false
	for dir, imports := range logging {
		if below(pkg, dir) {
			logs, knows = true, imports
		}
	}
	if !logs || isTest(file) || isSuite(pkg) {
		return nil
	}
	words := slices.Collect(maps.Values(fields))
	var faults []string
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Sprintf("%s/%s: ", pkg, file)+fmt.Sprintf(format, args...))
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ValueSpec:
			return !strings.HasPrefix(n.Names[0].Name, "Field") // a name is not used by its own line
		case *ast.Ident:
			used[fields[n.Name]] = true
		case *ast.CallExpr:
			method, ok := n.Fun.(*ast.SelectorExpr)
			if !ok || len(n.Args) == 0 {
				return true
			}
			lit, isText := n.Args[0].(*ast.BasicLit)
			isText = isText && lit.Kind == token.STRING
			switch name := method.Sel.Name; {
			case name == "Err" && len(n.Args) == 1:
				fault("Err writes the field error; write AnErr(service.FieldError, err)")
			case name == "Dur" && len(n.Args) == 2:
				fault(
					"Dur writes a number of its own unit; write Int64(service.FieldDuration, d.Milliseconds())",
				)
			case isText && len(n.Args) == 2 && slices.Contains(fieldMethods, name):
				word, _ := strconv.Unquote(lit.Value)
				used[word] = true
				if knows || !slices.Contains(words, word) {
					fault("the field %q is no constant of pkg/service/logging.go", word)
				}
			}
		}
		return true
	})
	return faults
}

// eachFieldOnce fails on a line of JSON in which a field stands twice: readers of JSON take one of
// them.
func eachFieldOnce(t *testing.T, lines string) {
	t.Helper()
	for line := range strings.SplitSeq(lines, "\n") {
		seen := map[string]bool{}
		d := json.NewDecoder(strings.NewReader(line))
		for i := 0; ; i++ {
			token, err := d.Token()
			if err != nil {
				break // the end, or a line that is no JSON
			}
			if key, ok := token.(string); ok && i%2 == 1 { // no field holds an object
				if seen[key] {
					t.Errorf("the field %s stands twice in %s", key, line)
				}
				seen[key] = true
			}
		}
	}
}

func TestLogRulesBite(t *testing.T) {
	t.Parallel()
	fields := map[string]string{"FieldError": "err", "FieldStream": "stream"}
	for name, c := range map[string]struct{ pkg, file, body, want string }{
		"constant":         {"services/gateway", "follow.go", `log.Warn().AnErr(service.FieldError, err).Msg("x")`, ""},
		"word":             {"services/gateway", "follow.go", `log.Warn().Str("stream", s).Msg("x")`, `"stream" is no constant`},
		"word in a test":   {"services/gateway", "follow_test.go", `log.Warn().Str("stream", s).Msg("x")`, ""},
		"word below":       {"pkg/bus", "reader.go", `log.Warn().Str("stream", s).Msg("x")`, ""},
		"other word below": {"pkg/bus", "reader.go", `log.Warn().Str("streams", s).Msg("x")`, `"streams" is no constant`},
		"of the context":   {"services/trainer/cycle", "fit.go", `log.With().Int("cycle", 1).Logger()`, `"cycle" is no constant`},
		"error":            {"services/gateway", "follow.go", `log.Warn().Err(err).Msg("x")`, "the field error"},
		"end of a context": {"services/gateway", "follow.go", `if ctx.Err() != nil {}`, ""},
		"duration":         {"services/gateway", "follow.go", `log.Debug().Dur(service.FieldDuration, d).Msg("x")`, "a number of its own unit"},
		"no log":           {"pkg/influx", "reader.go", `row.Int("stream", 1)`, ""},
	} {
		f, err := parser.ParseFile(token.NewFileSet(), c.file, "package x; func f() { "+c.body+" }", 0)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		bites(t, name, logFaults(c.pkg, c.file, f, fields, map[string]bool{}), c.want)
	}
}
