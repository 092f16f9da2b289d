package tabular

import (
	"bytes"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// parquetFiles are the files of testdata/parquet, which make.py makes with pyarrow.
func parquetFiles(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "parquet", "*.parquet"))
	if err != nil || len(files) < 15 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	return files
}

// textOf reads a file of Parquet as delimited text.
func textOf(data []byte) (string, error) {
	f, err := openParquet(bytes.NewReader(data))
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(&parquetText{file: f})
	return string(text), err
}

// Each file has the values that pyarrow wrote, whatever its codec, encoding, version and types.
func TestParquetAsPyarrowWritesIt(t *testing.T) {
	t.Parallel()
	for _, file := range parquetFiles(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(strings.TrimSuffix(file, "parquet") + "csv")
			if err != nil {
				t.Fatal(err)
			}
			got, err := textOf(data)
			if strings.Contains(file, "brotli") {
				if err == nil ||
					!strings.Contains(err.Error(), "packed by Brotli, which is not read") {
					t.Error(err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A file of Parquet is read as delimited text of the same rows is.
func TestLoadParquet(t *testing.T) {
	t.Parallel()
	path := filepath.Join("testdata", "parquet", "groups.parquet")
	table, report, err := Load([]string{path}, Options{Unit: "kWh"})
	if err != nil {
		t.Fatal(err)
	}
	same, _, err := Load(
		[]string{strings.TrimSuffix(path, "parquet") + "csv"},
		Options{Unit: "kWh"},
	)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(texts(same), texts(table)); diff != "" {
		t.Error(diff)
	}
	if report.Series != 3 || report.Interval == 0 || report.Rows != 50 {
		t.Errorf("%+v", report)
	}
	_, _, err = Load(
		[]string{filepath.Join("testdata", "parquet", "groups.parquet")},
		Options{MaxRows: 49},
	)
	if err == nil || !strings.Contains(err.Error(), "more than 49 rows") {
		t.Error(err)
	}
}

// Damaged files end in errors, in bounded time and memory.
func TestParquetDamaged(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for _, file := range parquetFiles(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for range 300 {
			bad := bytes.Clone(data)
			for range 1 + random.IntN(3) {
				bad[random.IntN(len(bad))] = byte(random.IntN(256))
			}
			_, _ = textOf(bad[:len(bad)-random.IntN(2)*random.IntN(len(bad))])
		}
	}
	for content, want := range map[string]string{
		"PAR1":                         "unexpected EOF",
		"PAR1\x00\x00\x00\x00PARE":     "it is encrypted",
		"PAR1\x00\x00\x00\x00PAR2":     "ends without the mark",
		"PAR1\xff\xff\xff\xffPAR1":     "longer than the file",
		"PAR1\x00\x01\x00\x00\x00PAR1": "no column of single values",
		// A list that claims two thousand million elements.
		"PAR1\x29\xfc\xff\xff\xff\xff\x07\x07\x00\x00\x00PAR1": "unexpected EOF",
	} {
		_, _, err := loaded(t, content, Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", content, err)
		}
	}
}

func TestParquetInsideOfGzip(t *testing.T) {
	t.Parallel()
	_, _, err := loaded(t, zipped(t, "PAR1 and more"), Options{})
	if err == nil || !strings.Contains(err.Error(), "inside of a compressed one") {
		t.Error(err)
	}
}

func TestHalf(t *testing.T) {
	t.Parallel()
	for bits, want := range map[uint16]float64{
		0: 0, 0x3c00: 1, 0xc000: -2, 0x7bff: 65504,
		0x0001: math.Ldexp(1, -24), 0x7c00: math.Inf(1), 0xfc00: math.Inf(-1),
	} {
		if got := half(bits); got != want {
			t.Errorf("%x: %v, want %v", bits, got, want)
		}
	}
	if !math.IsNaN(half(0x7e00)) {
		t.Error("0x7e00 is a number")
	}
}

// Blocks of LZ4 are unpacked to the size that is said, or refused.
func TestLZ4(t *testing.T) {
	t.Parallel()
	for block, want := range map[string]string{
		"\x50hello":               "hello",
		"\x14a\x01\x00\x10b":      "aaaaaaaaab",
		"\x24ab\x02\x00\x00":      "ababababab",
		"\xf0\x00aaaaaaaaaaaaaaa": strings.Repeat("a", 15),
		"\x1fa\x01\x00\x05\x10b":  strings.Repeat("a", 1+4+15+5) + "b",
	} {
		got, err := unpackLZ4(nil, []byte(block), int64(len(want)))
		if err != nil || string(got) != want {
			t.Errorf("%q: %q, %v", block, got, err)
		}
		if _, err := unpackLZ4(nil, []byte(block), int64(len(want))-1); err == nil {
			t.Errorf("%q fits in a byte less", block)
		}
		framed := "\x00\x00\x00" + string(
			rune(len(want)),
		) + "\x00\x00\x00" + string(
			rune(len(block)),
		) + block
		if got, err := unpackFramedLZ4([]byte(framed), int64(len(want))); err != nil ||
			string(got) != want {
			t.Errorf("framed %q: %q, %v", block, got, err)
		}
	}
	for _, block := range []string{
		"\x10", "\x14a\x00\x00", "\x14a\x02\x00", "\x14a\x01", "\xf0", "\x1fa\x01\x00\xff",
	} {
		if _, err := unpackLZ4(nil, []byte(block), 100); err == nil {
			t.Errorf("%q is taken", block)
		}
	}
}
