package model

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/nn"
)

// edit changes a file of the folder and, when honest, makes the digest right
// again: such a folder was written by a liar, not damaged.
func edit(name string, honest bool, change func([]byte) []byte) func(t testing.TB, dir string) {
	return func(t testing.TB, dir string) {
		t.Helper()
		path := filepath.Join(dir, name)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, change(b), 0o644); err != nil {
			t.Fatal(err)
		}
		if honest {
			digest, err := Digest(dir)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "digest"), []byte(digest), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func replace(old, new string) func([]byte) []byte {
	return func(b []byte) []byte { return []byte(strings.Replace(string(b), old, new, 1)) }
}

// resum puts the right checksum under changed weights.
func resum(change func([]byte) []byte) func([]byte) []byte {
	return func(b []byte) []byte {
		b = change(b[:len(b)-crcLen])
		return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
	}
}

func setWeight(i int, v float32) func([]byte) []byte {
	return resum(func(b []byte) []byte {
		binary.LittleEndian.PutUint32(b[weightsStart+4*i:], math.Float32bits(v))
		return b
	})
}

func without(name string) func(t testing.TB, dir string) {
	return func(t testing.TB, dir string) {
		t.Helper()
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	cases := map[string]struct {
		spoil func(t testing.TB, dir string)
		file  string
		says  string
	}{
		"no spec":            {without("spec.json"), "spec.json", "is missing"},
		"no weights":         {without("weights.bin"), "weights.bin", "is missing"},
		"no digest":          {without("digest"), "digest", "is missing"},
		"empty spec":         {edit("spec.json", true, func([]byte) []byte { return nil }), "spec.json", "unexpected end"},
		"torn spec":          {edit("spec.json", true, func(b []byte) []byte { return b[:len(b)/2] }), "spec.json", "unexpected end"},
		"two specs":          {edit("spec.json", true, func(b []byte) []byte { return append(b, "{}"...) }), "spec.json", "after top-level value"},
		"unknown field":      {edit("spec.json", true, replace(`"hidden"`, `"layers": 2, "hidden"`)), "spec.json", `unknown field "layers"`},
		"later schema":       {edit("spec.json", true, replace(`"schema": 1`, `"schema": 2, "more": 1`)), "spec.json", "schema 2: this program reads 1"},
		"unknown scale":      {edit("spec.json", true, replace(`"plain"`, `"log"`)), "spec.json", `scale "log"`},
		"other shape":        {edit("spec.json", true, replace(`"hidden": 3`, `"hidden": 4`)), "weights.bin", "72 lstm weights, the shape of spec.json needs 112"},
		"other head":         {edit("spec.json", true, replace(`"width": 4`, `"width": 5`)), "weights.bin", "head weights"},
		"hidden 513":         {edit("spec.json", true, replace(`"hidden": 3`, `"hidden": 513`)), "spec.json", "hidden 513: must be 1 to 512"},
		"hidden huge":        {edit("spec.json", true, replace(`"hidden": 3`, `"hidden": 1e300`)), "spec.json", "hidden"},
		"horizon 2017":       {edit("spec.json", true, replace(`"horizon": 2`, `"horizon": 2017`)), "spec.json", "horizon 2017: must be 1 to 2016"},
		"horizon too long":   {edit("spec.json", true, replace(`"horizon": 2`, `"horizon": 169`)), "spec.json", "a week at most"},
		"name leads outside": {edit("spec.json", true, replace(`"load-1h"`, `"../x"`)), "spec.json", `name "../x"`},
		"several faults":     {edit("spec.json", true, replace(`"width": 4`, `"width": 0, "hidden": 0`)), "spec.json", "hidden 0: must be 1 to 512; spec: width 0"},
		"empty weights":      {edit("weights.bin", true, func([]byte) []byte { return nil }), "weights.bin", "cut short: 0 bytes"},
		"weights cut short":  {edit("weights.bin", true, func(b []byte) []byte { return b[:len(b)-5] }), "weights.bin", "cut short"},
		"weights go on":      {edit("weights.bin", true, func(b []byte) []byte { return append(b, 1, 2) }), "weights.bin", "2 bytes after the end"},
		"other magic":        {edit("weights.bin", true, func(b []byte) []byte { b[0]++; return b }), "weights.bin", "does not begin like weights"},
		"later weights":      {edit("weights.bin", true, resum(func(b []byte) []byte { b[len(weightsMagic)] = 9; return b })), "weights.bin", "unknown version 9, this program reads 1"},
		"three arrays":       {edit("weights.bin", true, resum(func(b []byte) []byte { b[len(weightsMagic)+2] = 3; return b })), "weights.bin", "3 arrays"},
		"hostile count":      {edit("weights.bin", true, resum(func(b []byte) []byte { b[weightsStart-1] = 255; return b })), "weights.bin", "head weights"},
		"wrong checksum":     {edit("weights.bin", true, func(b []byte) []byte { b[weightsStart+7] ^= 1; return b }), "weights.bin", "wrong checksum"},
		"NaN":                {edit("weights.bin", true, setWeight(7, nan)), "weights.bin", "lstm weight 7 is NaN"},
		"Inf":                {edit("weights.bin", true, setWeight(72, inf)), "weights.bin", "head weight 0 is -Inf"},
		"10 GB":              {func(t testing.TB, dir string) { grow(t, filepath.Join(dir, "weights.bin"), 10<<30) }, "weights.bin", "at most 67108864"},
		"huge spec":          {func(t testing.TB, dir string) { grow(t, filepath.Join(dir, "spec.json"), 2<<20) }, "spec.json", "at most 1048576"},
		"another digest":     {edit("digest", false, replace("sha256:", "sha256:0")), "digest", "not sha256:<64 hex digits>"},
		"other good weights": {edit("weights.bin", false, setWeight(7, 1)), "digest", "the files are sha256:"},
		"other good spec":    {edit("spec.json", false, replace(`"seed": 18`, `"seed": 17`)), "digest", "the files are sha256:"},
		"weights is a folder": {func(t testing.TB, dir string) {
			without("weights.bin")(t, dir)
			if err := os.Mkdir(filepath.Join(dir, "weights.bin"), 0o755); err != nil {
				t.Fatal(err)
			}
		}, "weights.bin", "not a plain file"},
		"weights is a link": {func(t testing.TB, dir string) {
			path := filepath.Join(dir, "weights.bin")
			if err := errors.Join(os.Rename(path, path+".real"), os.Symlink("weights.bin.real", path)); err != nil {
				t.Skip(err) // a system without links
			}
		}, "weights.bin", "not a plain file"},
		"no folder": {func(t testing.TB, dir string) {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}, "", "cannot be read"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := write(t, tinyArtifact())
			c.spoil(t, dir)
			m, err := Load(dir)
			var fe *FolderError
			if m != nil || !errors.As(err, &fe) {
				t.Fatalf("model %v, error %v", m, err)
			}
			if fe.File != c.file || fe.Folder != dir {
				t.Errorf("blames %q in %q, want %q", fe.File, fe.Folder, c.file)
			}
			text := err.Error()
			for _, want := range []string{dir, c.file, c.says, "remedy"} {
				if !strings.Contains(text, want) {
					t.Errorf("%q does not say %q", text, want)
				}
			}
			if strings.Contains(text, "\n") {
				t.Errorf("more than a line: %q", text)
			}
		})
	}
}

// grow makes a sparse file: it has the length and takes no room.
func grow(t testing.TB, path string, size int64) {
	t.Helper()
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
}

// Whatever single byte is damaged, the folder is refused.
func TestEveryFlippedByteIsFound(t *testing.T) {
	t.Parallel()
	dir := write(t, tinyArtifact())
	for _, name := range []string{"spec.json", "weights.bin", "digest"} {
		path := filepath.Join(dir, name)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := range whole {
			if name == "digest" && i == len(whole)-1 {
				continue // the end of its line
			}
			b := slices.Clone(whole)
			b[i] ^= 1 << (i % 8)
			if err := os.WriteFile(path, b, 0o644); err != nil {
				t.Fatal(err)
			}
			if _, err := Load(dir); err == nil {
				t.Fatalf("%s: byte %d", name, i)
			}
		}
		if err := os.WriteFile(path, whole, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Load(dir); err != nil {
		t.Fatal(err)
	}
}

func FuzzDecode(f *testing.F) {
	dir := write(f, tinyArtifact())
	spec, err := os.ReadFile(filepath.Join(dir, "spec.json"))
	if err != nil {
		f.Fatal(err)
	}
	weights, err := os.ReadFile(filepath.Join(dir, "weights.bin"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(spec, weights)
	f.Add(spec[:20], weights[:20])
	f.Add([]byte(`{"schema":1,"hidden":512,"horizon":2016}`), []byte(weightsMagic))
	f.Fuzz(func(t *testing.T, spec, weights []byte) {
		s, err := decodeSpec(spec)
		if err != nil {
			return
		}
		if err := s.Validate(); err != nil {
			t.Fatalf("a spec that was read is refused: %v", err)
		}
		lstm, head, err := decodeWeights(weights, s.Shape())
		if err != nil {
			return
		}
		m := &Model{Spec: s, LSTM: nn.NewLSTM(s.Shape(), lstm), Head: nn.NewHead(s.Shape(), head)}
		_ = m.SelfTest() // may refuse, must not panic
		again, err := encodeSpec(s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeSpec(again); err != nil {
			t.Fatalf("what was read cannot be written and read: %v", err)
		}
		if !slices.Equal(encodeWeights(lstm, head), weights) {
			t.Fatal("what was read is written in other bytes")
		}
	})
}

func ExampleLoad() {
	_, err := Load("no-such-folder")
	var fe *FolderError
	fmt.Println(errors.As(err, &fe), fe.Folder)
	// Output: true no-such-folder
}
