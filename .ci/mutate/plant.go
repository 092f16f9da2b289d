package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// chosen is the environment variable that says by its number which fault a program has, and the
// variable of a package that holds the number. 0 is none.
const chosen = "LOADTIDE_FAULT"

// planted is a file with several faults, of which a program has the one that is chosen: a function
// with a fault in it stands beside the function, which calls it.
//
//	func (p *partition) tick(ctx context.Context) error {
//		if chosenFault == 7 {
//			return p.tickFault7(ctx)
//		}
//		...
type planted struct {
	source []byte
	lines  map[int]int // the line at which the function of a fault begins, by its number
}

// plant plants faults into their file. The number of a fault is its index in numbers.
func (b *bench) plant(file string, faults []*fault) (planted, error) {
	source, err := os.ReadFile(filepath.Join(b.root, file))
	if err != nil {
		return planted{}, err
	}
	files := token.NewFileSet()
	tree, err := parser.ParseFile(files, file, source, parser.SkipObjectResolution)
	if err != nil {
		return planted{}, err
	}
	calls := map[int]string{} // by offset in the source
	var copies bytes.Buffer
	lines := map[int]int{}
	for _, f := range faults {
		from, to, err := f.find(source)
		if err != nil {
			return planted{}, err
		}
		decl := function(files, tree, from, to)
		if decl == nil {
			return planted{}, fmt.Errorf("%s: the fault stands in no function", f.place)
		}
		name := fmt.Sprintf("%sFault%d", decl.Name.Name, f.number)
		call, err := forward(decl, name)
		if err != nil {
			return planted{}, fmt.Errorf("%s: %w", f.place, err)
		}
		at := func(p token.Pos) int { return files.Position(p).Offset }
		calls[at(decl.Body.Lbrace)+1] += fmt.Sprintf(" if chosenFault == %d { %s }; ", f.number, call)
		newline := []byte("\n")
		lines[f.number] = 2 + bytes.Count(source, newline) + bytes.Count(copies.Bytes(), newline)
		copies.WriteString("\n")
		copies.Write(source[at(decl.Pos()):at(decl.Name.Pos())])
		copies.WriteString(name)
		copies.Write(source[at(decl.Name.End()):from])
		copies.WriteString(f.new)
		copies.Write(source[to:at(decl.End())])
		copies.WriteString("\n")
	}
	var all bytes.Buffer
	last := 0
	for _, at := range sorted(calls) {
		all.Write(source[last:at])
		all.WriteString(calls[at])
		last = at
	}
	all.Write(source[last:])
	all.Write(copies.Bytes())
	return planted{all.Bytes(), lines}, nil
}

// find returns where the code of a fault stands in its file.
func (f *fault) find(source []byte) (from, to int, err error) {
	old, err := pattern(f.old)
	if err != nil {
		return 0, 0, fmt.Errorf("%s: %w", f.place, err)
	}
	found := old.FindAllIndex(source, -1)
	if len(found) != 1 || f.old == "" || f.old == f.new {
		return 0, 0, fmt.Errorf("%s: %s has %d times, and not once, the text\n%s",
			f.place, f.file, len(found), f.old)
	}
	return found[0][0], found[0][1], nil
}

// function is the function of a file that holds the text from one offset to another.
func function(files *token.FileSet, tree *ast.File, from, to int) *ast.FuncDecl {
	for _, d := range tree.Decls {
		decl, ok := d.(*ast.FuncDecl)
		if ok && decl.Body != nil && files.Position(decl.Body.Pos()).Offset < from &&
			to <= files.Position(decl.End()).Offset {
			return decl
		}
	}
	return nil
}

// forward is the statement that calls the function name in place of decl.
func forward(decl *ast.FuncDecl, name string) (string, error) {
	var args []string
	for _, field := range decl.Type.Params.List {
		if len(field.Names) == 0 {
			return "", fmt.Errorf("a parameter of %s has no name", decl.Name.Name)
		}
		for _, n := range field.Names {
			if n.Name == "_" {
				return "", fmt.Errorf("a parameter of %s has no name", decl.Name.Name)
			}
			arg := n.Name
			if _, ok := field.Type.(*ast.Ellipsis); ok {
				arg += "..."
			}
			args = append(args, arg)
		}
	}
	call := fmt.Sprintf("%s(%s)", name, strings.Join(args, ", "))
	if decl.Recv != nil {
		if len(decl.Recv.List[0].Names) == 0 {
			return "", fmt.Errorf("the receiver of %s has no name", decl.Name.Name)
		}
		call = decl.Recv.List[0].Names[0].Name + "." + call
	}
	if decl.Type.Results == nil {
		return call + "; return", nil
	}
	return "return " + call, nil
}

// choice is the file that a package with faults has besides.
func choice(pkg string) []byte {
	return fmt.Appendf(nil, `package %s

import (
	"os"
	"strconv"
)

var chosenFault, _ = strconv.Atoi(os.Getenv(%q))
`, pkg, chosen)
}

// check says why a fault cannot be planted.
func (b *bench) check(f *fault) error {
	p, err := b.plant(f.file, []*fault{f})
	if err != nil {
		return err
	}
	if _, err := parser.ParseFile(token.NewFileSet(), f.file, p.source, 0); err != nil {
		return fmt.Errorf("%s: %s: %w", f.place, f.sentence, err)
	}
	return nil
}

// checkAll says why faults cannot be planted.
func (b *bench) checkAll(faults []fault) error {
	var broken []error
	for i := range faults {
		broken = append(broken, b.check(&faults[i]))
	}
	return errors.Join(broken...)
}

func sorted[V any](m map[int]V) []int {
	keys := make([]int, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
