package model

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/loadtide/loadtide/pkg/nn"
)

func tinySpec() Spec {
	return Spec{
		Schema: SpecSchema, Name: "load-1h", Interval: "1h", Hidden: 3, Width: 4, Horizon: 2,
		Levels: []float64{0.1, 0.5, 0.9}, Inputs: []string{"z", "lag_1d"}, LeadFeatures: []string{"lead"},
		CurrentFeatures: []string{"z"}, Scale: ScalePlain, Seed: math.MaxUint64,
		Created:     time.Date(2026, 1, 31, 14, 0, 0, 0, time.UTC),
		TrainedFrom: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), TrainedUntil: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

func tinyArtifact() Artifact {
	s := tinySpec().Shape()
	a := Artifact{Spec: tinySpec(), LSTM: make([]float32, s.LSTMParams()), Head: make([]float32, s.HeadParams()),
		Metrics: map[string]float64{"pinball": 0.25, "mase24": math.NaN()}, Card: "# load-1h\n"}
	for i := range a.LSTM {
		a.LSTM[i] = float32(math.Sin(float64(i)))
	}
	for i := range a.Head {
		a.Head[i] = float32(math.Cos(float64(i)))
	}
	return a
}

func write(t testing.TB, a Artifact) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "models", "m")
	if _, err := Write(dir, a); err != nil {
		t.Fatal(err)
	}
	return dir
}

func run(m *Model) []float32 {
	s := m.Spec.Shape()
	ws := nn.NewWorkspace(s, 1)
	h, c, out := make([]float32, s.Hidden), make([]float32, s.Hidden), make([]float32, s.Outputs())
	m.LSTM.Step(ws, []float32{0.5, -1}, h, c, 1)
	m.Head.Forward(ws, out, h, []float32{0.25}, []float32{0.5, 1}, 1)
	return out
}

func TestWhatIsWrittenIsLoaded(t *testing.T) {
	t.Parallel()
	a := tinyArtifact()
	dir := filepath.Join(t.TempDir(), "models", "m")
	digest, err := Write(dir, a)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.SelfTest(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(a.Spec, m.Spec); diff != "" {
		t.Errorf("spec (-want +got):\n%s", diff)
	}
	again, err := Digest(dir)
	if err != nil || m.Digest != digest || again != digest || !strings.HasPrefix(digest, "sha256:") {
		t.Errorf("digest %s, loaded %s, computed %s, %v", digest, m.Digest, again, err)
	}
	s := a.Spec.Shape()
	want := run(&Model{Spec: a.Spec, LSTM: nn.NewLSTM(s, a.LSTM), Head: nn.NewHead(s, a.Head)})
	if got := run(m); !slices.Equal(got, want) {
		t.Errorf("forecasts %v, want %v", got, want)
	}
	named := m.WithVersion("7")
	if named.Version != "7" || m.Version != "" || named.LSTM != m.LSTM {
		t.Errorf("version %q of %q", named.Version, m.Version)
	}
	var metrics map[string]float64
	b, err := os.ReadFile(filepath.Join(dir, "metrics.json"))
	if err != nil || json.Unmarshal(b, &metrics) != nil || len(metrics) != 1 || metrics["pinball"] != 0.25 {
		t.Errorf("metrics %s, %v", b, err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "card.md")); err != nil || string(b) != a.Card {
		t.Errorf("card %q, %v", b, err)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(dir), ".tmp-*")); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// The digest is that of the bytes, so the same model has the same everywhere.
func TestDigestIsStable(t *testing.T) {
	t.Parallel()
	a := tinyArtifact()
	first, err := Digest(write(t, a))
	if err != nil {
		t.Fatal(err)
	}
	a.Metrics, a.Card = nil, "another card"
	if second, err := Digest(write(t, a)); err != nil || second != first {
		t.Errorf("metrics and card changed it: %s, %s, %v", first, second, err)
	}
	a.Head[3] += 1e-3
	if third, err := Digest(write(t, a)); err != nil || third == first {
		t.Errorf("a weight did not change it: %s, %v", third, err)
	}
	if digestOf([]byte("ab"), []byte("c")) == digestOf([]byte("a"), []byte("bc")) {
		t.Error("bytes can move from one file to the other")
	}
}

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
		"other shape":        {edit("spec.json", true, replace(`"hidden": 3`, `"hidden": 4`)), "weights.bin", "84 lstm weights, the shape of spec.json needs 112"},
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
		"Inf":                {edit("weights.bin", true, setWeight(84, inf)), "weights.bin", "head weight 0 is -Inf"},
		"10 GB":              {func(t testing.TB, dir string) { grow(t, filepath.Join(dir, "weights.bin"), 10<<30) }, "weights.bin", "at most 67108864"},
		"huge spec":          {func(t testing.TB, dir string) { grow(t, filepath.Join(dir, "spec.json"), 2<<20) }, "spec.json", "at most 1048576"},
		"another digest":     {edit("digest", false, replace("sha256:", "sha256:0")), "digest", "not sha256:<64 hex digits>"},
		"other good weights": {edit("weights.bin", false, setWeight(7, 1)), "digest", "the files are sha256:"},
		"other good spec":    {edit("spec.json", false, replace(`"seed": 1`, `"seed": 0`)), "digest", "the files are sha256:"},
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

func TestWriteRefuses(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		spoil func(a *Artifact)
		says  string
	}{
		"NaN weight":     {func(a *Artifact) { a.Head[2] = float32(math.NaN()) }, "head weight 2 is NaN"},
		"short weights":  {func(a *Artifact) { a.LSTM = a.LSTM[1:] }, "83 lstm weights"},
		"no level 0.5":   {func(a *Artifact) { a.Spec.Levels = []float64{0.1, 0.2, 0.9} }, "0.5 is missing"},
		"level twice":    {func(a *Artifact) { a.Spec.Levels = []float64{0.5, 0.5, 0.9} }, "must ascend"},
		"level NaN":      {func(a *Artifact) { a.Spec.Levels[0] = math.NaN() }, "must ascend"},
		"26 levels":      {func(a *Artifact) { a.Spec.Levels = make([]float64, 26) }, "26 of them"},
		"feature twice":  {func(a *Artifact) { a.Spec.Inputs = []string{"z", "z"} }, `inputs: "z" is there twice`},
		"no input":       {func(a *Artifact) { a.Spec.Inputs = nil }, "inputs: 0 features"},
		"interval":       {func(a *Artifact) { a.Spec.Interval = "7m" }, `interval "7m"`},
		"day interval":   {func(a *Artifact) { a.Spec.Interval = "24h" }, `interval "24h"`},
		"no interval":    {func(a *Artifact) { a.Spec.Interval = "hourly" }, `interval "hourly"`},
		"trained back":   {func(a *Artifact) { a.Spec.TrainedUntil = time.Time{} }, "is before trained_from"},
		"over 64 MiB":    {func(a *Artifact) { a.Spec.Hidden, a.Spec.Interval, a.Spec.Horizon, a.Spec.Levels = 512, "5m", 2016, twentyFive() }, "at most 67108864"},
		"no spec at all": {func(a *Artifact) { a.Spec = Spec{} }, "schema 0"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := tinyArtifact()
			c.spoil(&a)
			dir := filepath.Join(t.TempDir(), "m")
			if _, err := Write(dir, a); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want %q", err, c.says)
			}
			if _, err := os.Lstat(dir); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("something was written: %v", err)
			}
		})
	}
}

func twentyFive() []float64 {
	q := make([]float64, 25)
	for i := range q {
		q[i] = float64(i+1) / 26
	}
	return q // the 13th is 0.5
}

func TestWriteOverwritesNothing(t *testing.T) {
	t.Parallel()
	dir := write(t, tinyArtifact())
	before, err := Digest(dir)
	if err != nil {
		t.Fatal(err)
	}
	a := tinyArtifact()
	a.Head[0] = 5
	_, err = Write(dir, a)
	var fe *FolderError
	if !errors.As(err, &fe) || !strings.Contains(err.Error(), "nothing was overwritten") {
		t.Errorf("error %v", err)
	}
	if after, err := Digest(dir); err != nil || after != before {
		t.Errorf("digest was %s, is %s, %v", before, after, err)
	}
	empty := t.TempDir()
	if _, err := Write(empty, a); err != nil {
		t.Errorf("an empty folder: %v", err)
	}
	file := filepath.Join(dir, "spec.json")
	for _, bad := range []string{file, filepath.Join(file, "below")} {
		if _, err := Write(bad, a); !errors.As(err, &fe) || fe.Folder != bad {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestSelfTestFindsWeightsThatOverflow(t *testing.T) {
	t.Parallel()
	a := tinyArtifact()
	for i := range a.Head {
		a.Head[i] = math.MaxFloat32
	}
	m, err := Load(write(t, a))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.SelfTest(); err == nil || !strings.Contains(err.Error(), "quantile") || !strings.Contains(err.Error(), m.Digest) {
		t.Errorf("error %v", err)
	}
}

func TestSpecStepAndMedian(t *testing.T) {
	t.Parallel()
	s := tinySpec()
	if s.Step() != time.Hour || s.Median() != 1 {
		t.Errorf("step %v, median %d", s.Step(), s.Median())
	}
	if (Spec{Interval: "x"}).Step() != 0 || (Spec{}).Median() != -1 {
		t.Error("a spec without them has them")
	}
}

func FuzzLoad(f *testing.F) {
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
		// With a right digest, so that what is behind it is reached.
		for name, b := range map[string][]byte{"spec.json": spec, "weights.bin": weights, "digest": []byte(digestOf(spec, weights))} {
			if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		m, err := Load(dir)
		var fe *FolderError
		if err != nil {
			if !errors.As(err, &fe) {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		if err := m.Spec.Validate(); err != nil {
			t.Fatal(err)
		}
		_ = m.SelfTest() // may refuse, must not panic
	})
}

func ExampleLoad() {
	_, err := Load("no-such-folder")
	var fe *FolderError
	fmt.Println(errors.As(err, &fe), fe.Folder)
	// Output: true no-such-folder
}
