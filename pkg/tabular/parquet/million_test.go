package parquet_test

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/snappy"
	"github.com/loadtide/loadtide/pkg/tabular"
)

// millionRows are the rows of BenchmarkLoad; the goal is 3 s on one core.
const millionRows = 1_000_000

// million is a file of readings of ten series, packed by Snappy: texts by their places in a
// dictionary, times and values one behind the other.
func million() []byte {
	const perPage = 100_000
	var words []byte
	for i := range byte(10) {
		words = append(words, 8, 0, 0, 0)
		words = append(append(words, "north.m"...), '0'+i)
	}
	series := written{name: "series", kind: typeBytes, means: utf8, codec: uncompressed,
		pages: [][]byte{dictionary(10, words)}}
	times := written{name: "timestamp", kind: typeInt64, means: timestampMillis, codec: snappyCodec}
	values := written{name: "value", kind: typeDouble, codec: snappyCodec}
	packed := func(data []byte) []byte {
		return page(perPage, plain, len(data), snappy.Encode(nil, data))
	}
	for row := 0; row < millionRows; row += perPage {
		ids := binary.AppendUvarint([]byte{4}, perPage/8<<1|1) // places of four bits, packed
		var at, value []byte
		for i := row; i < row+perPage; i++ {
			if i%2 == 1 {
				ids = append(ids, byte(i%10)<<4|byte((i-1)%10))
			}
			at = binary.LittleEndian.AppendUint64(at, 1_300_000_000_000+uint64(i/10)*900_000)
			value = binary.LittleEndian.AppendUint64(
				value, math.Float64bits(float64(i%7)+float64(i%1000)/1000))
		}
		series.pages = append(series.pages, page(perPage, places, len(ids), ids))
		times.pages, values.pages = append(times.pages, packed(at)), append(values.pages, packed(value))
	}
	return fileOf(millionRows, series, times, values)
}

// BenchmarkLoad reads a million rows into a table, from a file to the last check.
func BenchmarkLoad(b *testing.B) {
	file := million()
	path := filepath.Join(b.TempDir(), "million.parquet")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		table, report, err := tabular.Load([]string{path}, tabular.Options{})
		if err != nil || table.Len() != millionRows {
			b.Fatalf("%d rows, %v, first refused %+v", table.Len(), err, report.First)
		}
	}
}
