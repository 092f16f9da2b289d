package endtoend

import (
	"bytes"
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// documents are the files of prose, without the changelog, which names things of the past.
func documents(t *testing.T) []string {
	t.Helper()
	return slices.DeleteFunc(trackedFiles(t), func(f string) bool {
		return !strings.HasSuffix(f, ".md") || f == "CHANGELOG.md"
	})
}

// TestDocumentsNameFilesThatExist looks up every path of the repository that stands in backticks.
func TestDocumentsNameFilesThatExist(t *testing.T) {
	t.Parallel()
	files, named := trackedFiles(t), 0
	path := regexp.MustCompile("`((?:pkg|services|streams|docs|deployments|bench|grafana|\\.ci)/[A-Za-z0-9_./-]+)`")
	for _, document := range documents(t) {
		for _, m := range path.FindAllStringSubmatch(readDocument(t, document), -1) {
			named++
			name := strings.TrimSuffix(m[1], "/")
			if !slices.ContainsFunc(files, func(f string) bool {
				return f == name || strings.HasPrefix(f, name+"/")
			}) {
				t.Errorf("%s: there is no %s", document, m[1])
			}
		}
	}
	if named < 50 {
		t.Errorf("%d paths found in the documents; the rule would hold of nothing", named)
	}
}

// TestDocumentsNameTargetsOfMake looks up every target of make that a document names.
func TestDocumentsNameTargetsOfMake(t *testing.T) {
	t.Parallel()
	makefile, named := readDocument(t, "Makefile")+readDocument(t, ".ci/tools.mk"), 0
	for _, document := range documents(t) {
		for _, m := range regexp.MustCompile("(?m)(?:`|^)make ([a-z][a-z-]*)").FindAllStringSubmatch(readDocument(t, document), -1) {
			named++
			if !strings.Contains(makefile, "\n"+m[1]+":") {
				t.Errorf("%s: the Makefile has no target %s", document, m[1])
			}
		}
	}
	if named < 10 {
		t.Errorf("%d targets found in the documents; the rule would hold of nothing", named)
	}
}

// TestDocumentsNameSymbolsThatExist looks up `package.Name` and `Type.member` in the documents that name code.
func TestDocumentsNameSymbolsThatExist(t *testing.T) {
	t.Parallel()
	declared, named := declarations(t), 0
	for _, document := range []string{"docs/architecture.md", "docs/decisions.md", "CONTRIBUTING.md"} {
		for _, m := range regexp.MustCompile("`(?:[a-z]+\\.)?([A-Za-z]+)\\.([A-Za-z]\\w*)`").FindAllStringSubmatch(readDocument(t, document), -1) {
			scope, name := m[1], m[2]
			members, known := declared[scope]
			file := slices.Contains([]string{"go", "json"}, name)
			// With a package, a lower-case name is a word on the wire: `series.stale`.
			if !known || file || members["package"] && !ast.IsExported(name) {
				continue
			}
			named++
			if !members[name] {
				t.Errorf("%s: %s has no %s", document, scope, name)
			}
		}
	}
	if named < 20 {
		t.Errorf("%d symbols found in the documents; the rule would hold of nothing", named)
	}
}

// declarations are the top-level names of each package, and the fields and methods of each type. A
// package has the member "package".
func declarations(t *testing.T) map[string]map[string]bool {
	t.Helper()
	all := map[string]map[string]bool{}
	add := func(scope, name string) {
		if all[scope] == nil {
			all[scope] = map[string]bool{}
		}
		all[scope][name] = true
	}
	for _, p := range modulePackages(t) {
		add(p.name, "package")
		for _, f := range p.files {
			for _, d := range f.Decls {
				switch d := d.(type) {
				case *ast.FuncDecl:
					add(p.name, d.Name.Name)
					if d.Recv != nil {
						add(receiver(d), d.Name.Name)
					}
				case *ast.GenDecl:
					for _, spec := range d.Specs {
						switch s := spec.(type) {
						case *ast.ValueSpec:
							for _, name := range s.Names {
								add(p.name, name.Name)
							}
						case *ast.TypeSpec:
							add(p.name, s.Name.Name)
							ast.Inspect(s.Type, func(n ast.Node) bool {
								if field, ok := n.(*ast.Field); ok {
									for _, name := range field.Names {
										add(s.Name.Name, name.Name)
									}
								}
								return true
							})
						}
					}
				}
			}
		}
	}
	return all
}

// receiver is the name of a method's type.
func receiver(d *ast.FuncDecl) string {
	name := ""
	ast.Inspect(d.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && name == "" {
			name = id.Name
		}
		return true
	})
	return name
}

// TestPrivateWordsAreFewAndUsed holds the list of private words in CONTRIBUTING.md to 15 words, each of
// which occurs in the code.
func TestPrivateWordsAreFewAndUsed(t *testing.T) {
	t.Parallel()
	_, list, _ := strings.Cut(readDocument(t, "CONTRIBUTING.md"), "\n## Private words\n")
	list, _, _ = strings.Cut(list, "\n## ")
	rows := regexp.MustCompile(`(?m)^\| ([a-z-]+) \| `).FindAllStringSubmatch(list, -1)
	rows = slices.DeleteFunc(rows, func(m []string) bool { return m[1] == "word" || m[1] == "---" })
	if len(rows) == 0 || len(rows) > 15 {
		t.Errorf("CONTRIBUTING.md: %d private words, want 1 to 15", len(rows))
	}
	var code bytes.Buffer
	for _, file := range trackedFiles(t) {
		if !strings.HasSuffix(file, ".go") || isTest(file) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root(t), file))
		if err != nil {
			continue // deleted, and not committed yet
		}
		code.Write(text)
	}
	for _, m := range rows {
		if !regexp.MustCompile(`\b` + m[1] + `\b`).Match(code.Bytes()) {
			t.Errorf("CONTRIBUTING.md: no Go file has the word %s", m[1])
		}
	}
}
