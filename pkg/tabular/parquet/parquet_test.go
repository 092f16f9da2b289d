package parquet_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/loadtide/loadtide/pkg/tabular/parquet"
)

// fixtures are the files of testdata, which make.py makes.
func fixtures(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*.parquet"))
	if err != nil || len(files) < 15 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	return files
}

// textOf reads a file as delimited text.
func textOf(data []byte) (string, error) {
	f, err := parquet.Open(bytes.NewReader(data))
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(f.Text())
	return string(text), err
}

// Each file has the values that were written, whatever its codec, encoding, version and types.
func TestValuesAreThoseWritten(t *testing.T) {
	t.Parallel()
	for _, file := range fixtures(t) {
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
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A text that begins again is the same text.
func TestTextBeginsAgain(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("testdata", "groups.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := textOf(data)
	if err != nil {
		t.Fatal(err)
	}
	f, err := parquet.Open(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	text := f.Text()
	if _, err := io.CopyN(io.Discard, text, 300); err != nil {
		t.Fatal(err)
	}
	if _, err := text.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(text)
	if err != nil || string(got) != want {
		t.Errorf("%v\n%s", err, cmp.Diff(want, string(got)))
	}
	if _, err := text.Seek(1, io.SeekStart); err == nil {
		t.Error("a place in the middle is taken")
	}
}

// A text stays on its line, whatever it holds.
func TestTextsStayOnTheirLine(t *testing.T) {
	t.Parallel()
	var data []byte
	for _, s := range []string{"a\nb", "a\rb", `a"b`, "a,b"} {
		data = append(append(data, byte(len(s)), 0, 0, 0), s...)
	}
	got, err := textOf(fileOf(4, written{name: "a\n\"b", kind: typeBytes,
		pages: [][]byte{page(4, plain, len(data), data)}}))
	want := "\"a \"\"b\"\n\"a b\"\n\"a b\"\n\"a\"\"b\"\n\"a,b\"\n"
	if err != nil || got != want {
		t.Errorf("%v\n%s", err, cmp.Diff(want, got))
	}
}

// Damaged files end in errors, in bounded time and memory.
func TestDamaged(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for _, file := range fixtures(t) {
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
	} {
		if _, err := textOf([]byte(content)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", content, err)
		}
	}
}

// bomb is a small file that claims, or unpacks to, much more than it has.
type bomb struct {
	file []byte
	want string // of the error
}

// bombs claim in every place that has a length.
func bombs(t testing.TB) map[string]bomb {
	t.Helper()
	packer, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	packed := packer.EncodeAll(make([]byte, 64<<20), nil)
	huge := binary.AppendUvarint(nil, 1<<32-1)
	block := slices.Concat(binary.AppendUvarint(nil, 1<<32-128), []byte{1, 3, 2, 2, 0})
	count := uint64(1<<31 - 1)
	first := 4 << 20 // bytes of a text that 999 others repeat
	prefixes, suffixes := []int64{0}, []int64{int64(first)}
	for range 999 {
		prefixes, suffixes = append(prefixes, int64(first)), append(suffixes, 1)
	}
	texts := slices.Concat(deltas(prefixes), deltas(suffixes), make([]byte, first+999))
	place := append(append([]byte{32}, 6), 0xfe, 0xff, 0xff, 0x7f)
	one := func(rows, kind, codec int64, pages ...[]byte) []byte {
		return fileOf(rows, written{name: "c", kind: kind, fixed: 8, codec: codec, pages: pages})
	}
	return map[string]bomb{
		"list": {ended([]byte("PAR1"), structure(list(2, count))[:7]), "unexpected EOF"},
		"lists in lists": {ended([]byte("PAR1"), slices.Concat(
			structure(list(4, count))[:7], structure(list(1, count))[:7],
			structure(list(3, count))[:7],
		)), "unexpected EOF"},
		"children": {ended([]byte("PAR1"), structure(list(2, 2,
			structure(text(4, "s"), i32(5, int64(count))),
			structure(text(4, "c"), i32(5, int64(count)))))), "no column"},
		"chunks": {ended([]byte("PAR1"), structure(list(4, 1,
			structure(list(1, 1<<20, make([]byte, 1<<20)))))), "more than 20000 columns"},
		"fixed length": {fileOf(3, written{name: "c", kind: typeFixed, fixed: int64(count)}),
			"schema is damaged"},
		"words": {one(3, typeInt64, uncompressed, dictionary(int64(count), make([]byte, 8)),
			page(3, places, len(place), place)), "more than 1024 MiB"},
		"texts as words": {one(3, typeBytes, uncompressed,
			dictionary(int64(count), []byte("\x01\x00\x00\x00a")),
			page(3, places, len(place), place)), "more than 1024 MiB"},
		"Snappy claims": {one(3, typeInt64, snappyCodec, page(3, plain, 24, huge)),
			"another length"},
		"zstd unpacks": {one(3, typeInt64, zstdCodec,
			page(3, plain, 24, bytes.Repeat(packed, 64))), "another length"},
		"page": {one(3, typeInt64, zstdCodec, page(3, plain, int(count), packed)),
			"at most 67108864"},
		"block of differences": {one(3, typeInt64, uncompressed,
			page(3, differences, len(block), block)), "damaged"},
		"texts that repeat": {one(1000, typeBytes, uncompressed,
			page(1000, differingTexts, len(texts), texts)), "shorter than its values"},
		"values": {one(3, typeInt64, uncompressed, page(int64(count), plain, 24, make([]byte, 24))),
			"more values than"},
		"rows": {one(1<<40, typeInt64, uncompressed, page(3, plain, 24, make([]byte, 24))),
			"has 1099511627776 rows"},
	}
}

// No length that a file claims makes room: a bomb ends in an error and asks for little memory.
func TestBombsAreBounded(t *testing.T) {
	const most = 64 << 20 // bytes that are asked for in all, freed ones included
	for name, b := range bombs(t) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := textOf(b.file)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), b.want) {
			t.Errorf("%s: %v, want %s", name, err, b.want)
		}
		if asked := after.TotalAlloc - before.TotalAlloc; asked > most {
			t.Errorf("%s: %d bytes ask for %d MiB", name, len(b.file), asked>>20)
		}
	}
}

// FuzzText: any bytes are a file of as many lines as its metadata says, or an error.
func FuzzText(f *testing.F) {
	for _, file := range fixtures(f) {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, b := range bombs(f) {
		if len(b.file) < 1<<16 {
			f.Add(b.file)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := parquet.Open(bytes.NewReader(data))
		if err != nil || file.Rows()*int64(file.Columns()) > 1<<16 {
			return
		}
		text, err := io.ReadAll(file.Text())
		if lines := bytes.Count(text, []byte("\n")); err == nil && int64(lines) != file.Rows()+1 {
			t.Fatalf("%d lines of %d rows", lines, file.Rows())
		}
	})
}
