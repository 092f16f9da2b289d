package endtoend

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestArchitecture(t *testing.T) {
	t.Parallel()
	for _, p := range modulePackages(t) {
		faults := packageFaults(p)
		for _, name := range slices.Sorted(maps.Keys(p.files)) {
			for _, imported := range imports(p.files[name]) {
				faults = append(faults, importFaults(p.path, name, imported)...)
			}
			faults = append(faults, sourceFaults(p.path, name, p.files[name])...)
		}
		for _, fault := range faults {
			t.Error(fault)
		}
	}
}

// TestDependenciesAreDecided: a dependency needs a row in docs/dependencies.md.
func TestDependenciesAreDecided(t *testing.T) {
	t.Parallel()
	dependencies := readDocument(t, "docs/dependencies.md")
	decided := func(imported string) bool {
		for p := imported; strings.Contains(p, "/"); p = path.Dir(p) {
			if strings.Contains(dependencies, "| `"+p+"`") {
				return true
			}
		}
		return false
	}
	if decided("example.org/left/alone") || !decided("golang.org/x/sync/errgroup") {
		t.Fatal("the rule does not bite")
	}
	asked := map[string]bool{}
	for _, p := range modulePackages(t) {
		for _, f := range p.files {
			for _, imported := range imports(f) {
				host, _, _ := strings.Cut(imported, "/")
				if !strings.Contains(host, ".") || strings.HasPrefix(imported, module) || asked[imported] {
					continue
				}
				asked[imported] = true
				if !decided(imported) {
					t.Errorf("%s imports %s: docs/dependencies.md has no row for it", p.path, imported)
				}
			}
		}
	}
}

// TestFloorsAreDocumented: docs/architecture.md has each package on the floor that it has here.
func TestFloorsAreDocumented(t *testing.T) {
	t.Parallel()
	written := map[string]int{}
	for _, row := range regexp.MustCompile("(?m)^\\| (\\d) \\| (`.+?`) \\|").FindAllStringSubmatch(readDocument(t, "docs/architecture.md"), -1) {
		for _, name := range regexp.MustCompile("`([a-z/]+)`").FindAllStringSubmatch(row[2], -1) {
			written[name[1]], _ = strconv.Atoi(row[1])
		}
	}
	if !maps.Equal(written, floors) {
		t.Errorf("docs/architecture.md has the floors\n%v\nand the rules have\n%v", written, floors)
	}
}

func TestFilesAreShortAndNameNoMachine(t *testing.T) {
	t.Parallel()
	for _, file := range trackedFiles(t) {
		data, err := os.ReadFile(filepath.Join(root(t), file))
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted, and not committed yet
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range textFaults(file, data) {
			t.Error(fault)
		}
	}
}

// root is the folder of go.mod.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(".")
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	t.Fatal("no go.mod above the working directory")
	return ""
}

// modulePackages lists every package of the module with its files parsed. When it finds few, it
// fails: the rules would hold of an empty list.
func modulePackages(t *testing.T) []goPackage {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Name,Dir", "./...")
	list.Dir = root(t)
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var entry struct{ ImportPath, Name, Dir string }
		if err := d.Decode(&entry); errors.Is(err, io.EOF) && len(all) >= 20 {
			return all
		} else if err != nil {
			t.Fatalf("go list found %d packages: %v", len(all), err)
		}
		p := goPackage{
			path:  strings.TrimPrefix(entry.ImportPath, module),
			name:  entry.Name,
			files: map[string]*ast.File{},
		}
		names, err := filepath.Glob(filepath.Join(entry.Dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			f, err := parser.ParseFile(
				token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution,
			)
			if err != nil {
				t.Fatal(err)
			}
			p.files[filepath.Base(name)] = f
		}
		all = append(all, p)
	}
}

// trackedFiles lists what git has or would take; without git, all files but those that are built or
// cached. When it finds few, it fails: the rules would hold of an empty list.
func trackedFiles(t *testing.T) []string {
	t.Helper()
	list := exec.CommandContext(
		t.Context(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard",
	)
	list.Dir = root(t)
	if out, err := list.Output(); err == nil {
		return enough(t, strings.Split(strings.Trim(string(out), "\x00"), "\x00"))
	}
	var files []string
	err := filepath.WalkDir(root(t), func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains(
			[]string{".git", ".cache", "bin", "dist", "loadtide-data"}, d.Name(),
		):
			return fs.SkipDir
		case d.Type().IsRegular():
			rel, err := filepath.Rel(root(t), name)
			files = append(files, rel)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return enough(t, files)
}

func enough(t *testing.T, files []string) []string {
	t.Helper()
	if len(files) < 100 {
		t.Fatalf("%d files found", len(files))
	}
	return files
}

// The rules must bite: each of these breaks one, or just does not.
func TestImportRulesBite(t *testing.T) {
	t.Parallel()
	const ours = module
	for name, c := range map[string]struct {
		from, file, imported string
		want                 string // part of the fault, "" for none
	}{
		"down":                    {"pkg/engine", "step.go", ours + "pkg/series", ""},
		"ground over the words":   {"pkg/series", "ring.go", ours + "pkg/meter", ""},
		"streams over the words":  {"streams", "reading.go", ours + "pkg/meter", ""},
		"inside a room":           {"pkg/nn", "lstm.go", ours + "pkg/nn/kernel", ""},
		"topology over streams":   {"streams/topology", "ensure.go", ours + "streams", ""},
		"service over streams":    {"services/forecaster", "loop.go", ours + "streams/topology", ""},
		"command over services":   {"services/loadtide", "up.go", ours + "services/trainer", ""},
		"standard library":        {"pkg/nn", "lstm.go", "math", ""},
		"foreign package by name": {"pkg/nn", "lstm.go", "gorgonia.organic/x", ""},
		"up": {
			"pkg/series", "ring.go", ours + "pkg/engine", "floor 1 does not import floor 3",
		},
		"ground sideways": {
			"pkg/checkpoint", "store.go", ours + "pkg/nn", "floor 1 does not import floor 1",
		},
		"words up": {
			"pkg/meter", "id.go", ours + "pkg/series", "floor 0 does not import floor 1",
		},
		"words sideways": {
			"pkg/meter", "id.go", ours + "pkg/servertest", "floor 0 does not import floor 0",
		},
		"streams over another room": {
			"streams", "reading.go", ours + "pkg/series", "floor 1 does not import floor 1",
		},
		"second floor sideways": {
			"pkg/registry", "local.go", ours + "pkg/model", "floor 2 does not import floor 2",
		},
		"from a room below": {
			"pkg/nn/kernel", "gemm.go", ours + "pkg/series", "floor 1 does not import floor 1",
		},
		"services sideways": {
			"services/gateway", "view.go", ours + "services/recorder", "floor 6 does not import floor 6",
		},
		"service over the command": {
			"services/gateway", "view.go", ours + "services/loadtide", "floor 6 does not import floor 7",
		},
		"trainer over its cycle": {
			"services/trainer", "inprocess.go", ours + "services/trainer/cycle", "",
		},
		"command over the cycle": {
			"services/loadtide", "train.go", ours + "services/trainer/cycle", "",
		},
		"cycle over its trainer": {
			"services/trainer/cycle", "fit.go", ours + "services/trainer", "floor 5 does not import floor 6",
		},
		"service over the cycle": {
			"services/gateway", "view.go", ours + "services/trainer/cycle",
			"only services/trainer, services/loadtide, bench may",
		},
		"bench over the trainer": {
			"bench/numerics", "jobs.go", ours + "services/trainer", "floor 6 does not import floor 6",
		},
		"pkg over streams": {
			"pkg/engine", "step.go", ours + "streams", "only services, streams may",
		},
		"pkg over services": {
			"pkg/engine", "step.go", ours + "services/forecaster", "only services, bench may",
		},
		"pkg over service": {
			"pkg/engine", "step.go", ours + "pkg/service", "only services, pkg/service may",
		},
		"test over services": {
			"pkg/engine", "step_test.go", ours + "services/forecaster", "services are above",
		},
		"test sideways": {"pkg/checkpoint", "store_test.go", ours + "pkg/nn", ""},
		"NATS in a service": {
			"services/forecaster", "loop.go", "github.com/nats-io/nats.go",
			"only pkg/bus, streams/topology may",
		},
		"NATS in streams": {
			"streams", "id.go", "github.com/nats-io/nats.go", "only pkg/bus, streams/topology may",
		},
		"NATS in bus": {
			"pkg/bus", "connect.go", "github.com/nats-io/nats.go/jetstream", "",
		},
		"NATS in topology": {
			"streams/topology", "ensure.go", "github.com/nats-io/nats.go/jetstream", "",
		},
		"orbit in a service": {
			"services/recorder", "write.go", "github.com/synadia-io/orbit.go/jetstreamext",
			"only pkg/bus, streams/topology may",
		},
		"gorgonia in train": {"pkg/train", "graph.go", "gorgonia.org/gorgonia", ""},
		"gorgonia in the engine": {
			"pkg/engine", "step.go", "gorgonia.org/tensor", "only pkg/train may",
		},
		"train in the cycle": {"services/trainer/cycle", "fit.go", ours + "pkg/train", ""},
		"train in the forecaster": {
			"services/forecaster", "loop.go", ours + "pkg/train",
			"only services/trainer, services/loadtide, pkg/train, bench may",
		},
		"a suite outside of tests": {
			"services/forecaster", "loop.go", ours + "pkg/bus/bustest", "it is there for tests",
		},
		"a suite in tests": {
			"services/forecaster", "loop_test.go", ours + "pkg/bus/bustest", "",
		},
		"a room without a floor": {
			"pkg/cache", "cache.go", ours + "pkg/series", "pkg/cache has no floor yet",
		},
		"into a room without a floor": {
			"pkg/engine", "step.go", ours + "pkg/cache", "pkg/cache has no floor yet",
		},
	} {
		bites(t, name, importFaults(c.from, c.file, c.imported), c.want)
	}
}

func TestSourceRulesBite(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ pkg, file, source, want string }{
		"clock":             {"pkg/series", "ring.go", `import "time"; var t = time.Now()`, "uses time.Now"},
		"clock as a value":  {"pkg/series", "ring.go", `import "time"; var t = time.Now`, "uses time.Now"},
		"clock renamed":     {"streams", "id.go", `import clock "time"; var t = clock.Since`, "uses time.Since"},
		"time as a value":   {"streams", "id.go", `import "time"; var t = time.Hour`, ""},
		"another's Now":     {"streams", "id.go", `import "time"; var t = now.Now; var h = time.Hour`, ""},
		"files":             {"pkg/engine", "step.go", `import "os"`, "imports os"},
		"processes":         {"pkg/engine", "step.go", `import "os/exec"`, "imports os/exec"},
		"network":           {"pkg/dataset", "batch.go", `import "net/http"`, "imports net/http"},
		"init":              {"pkg/bus", "connect.go", `func init() {}`, "func init"},
		"method init":       {"pkg/bus", "connect.go", `func (x) init() {}`, ""},
		"clock of a tool":   {"pkg/tabular", "read.go", `import "time"; var t = time.Now()`, "uses time.Now"},
		"clock of a test":   {"pkg/series", "ring_test.go", `import "time"; var t = time.Now()`, ""},
		"clock elsewhere":   {"pkg/bus", "connect.go", `import "time"; var t = time.Now()`, ""},
		"artifact of model": {"pkg/model", "artifact.go", `import "os"`, ""},
		"rename":            {"pkg/model", "write.go", `import "os"; var f = os.Rename`, "uses os.Rename"},
		"rename of durable": {"pkg/durable", "fs.go", `import "os"; var f = os.Rename`, ""},
		"rename of a test":  {"pkg/model", "write_test.go", `import "os"; var f = os.Rename`, ""},
		"spec of model":     {"pkg/model", "spec.go", `import "os"`, "imports os"},
	} {
		f, err := parser.ParseFile(token.NewFileSet(), c.file, "package x; "+c.source, 0)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		bites(t, name, sourceFaults(c.pkg, c.file, f), c.want)
	}
}

func TestPackageAndTextRulesBite(t *testing.T) {
	t.Parallel()
	documented, bare := &ast.File{Doc: &ast.CommentGroup{}}, &ast.File{}
	bites(
		t, "whole", packageFaults(goPackage{"pkg/nn", "nn", map[string]*ast.File{"doc.go": documented}}),
		"",
	)
	bites(
		t, "no doc.go",
		packageFaults(goPackage{"pkg/nn", "nn", map[string]*ast.File{"lstm.go": documented}}),
		"has no doc.go",
	)
	bites(
		t, "no comment", packageFaults(goPackage{"pkg/nn", "nn", map[string]*ast.File{"doc.go": bare}}),
		"no comment on the package",
	)
	bites(
		t, "no name",
		packageFaults(goPackage{"pkg/utils", "utils", map[string]*ast.File{"doc.go": documented}}),
		"says nothing",
	)

	lines := strings.Repeat("x\n", maxLines)
	bites(t, "long enough", textFaults("a.go", []byte(lines)), "")
	bites(t, "too long", textFaults("a.go", []byte(lines+"x\n")), "401 lines")
	bites(t, "long text", textFaults("a.md", []byte(lines+"x\n")), "")
	for _, dir := range []string{
		"/wo" + "rk/main", "/ro" + "ot/.cache", "/ho" + "me/ada/x", "/Us" + "ers/ada/x",
	} {
		bites(t, dir, textFaults("a.md", []byte("see "+dir)), "path of one machine")
	}
	bites(
		t, "an address", textFaults("a.md", []byte("https://example.org/wo"+"rk/x and ./ro"+"ot/x")), "",
	)
}

// bites fails unless the wanted fault is among faults, or, where none is wanted, there is none.
func bites(t *testing.T, name string, faults []string, want string) {
	t.Helper()
	switch {
	case want == "" && len(faults) > 0:
		t.Errorf("%s: unexpected %q", name, faults)
	case want != "" && !slices.ContainsFunc(
		faults, func(f string) bool { return strings.Contains(f, want) },
	):
		t.Errorf("%s: got %q, want one with %q", name, faults, want)
	}
}
