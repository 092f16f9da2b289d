package parquet_test

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// The numbers of the format that the tests write.
const (
	typeInt64, typeDouble, typeBytes, typeFixed = 2, 5, 6, 7

	plain, differences, differingTexts, places = 0, 5, 7, 8

	uncompressed, snappyCodec, zstdCodec = 0, 1, 6

	utf8, timestampMillis = 0, 9
)

// field is a field of a structure in the compact protocol of Thrift.
type field struct {
	id    int
	kind  byte
	value []byte
}

func i32(id int, n int64) field { return field{id, 5, zigzag(n)} }
func i64(id int, n int64) field { return field{id, 6, zigzag(n)} }
func text(id int, s string) field {
	return field{id, 8, append(binary.AppendUvarint(nil, uint64(len(s))), s...)}
}
func part(id int, fields ...field) field { return field{id, 12, structure(fields...)} }

// list is a list of structures, which claims to have count elements.
func list(id int, count uint64, elements ...[]byte) field {
	value := append([]byte{0xfc}, binary.AppendUvarint(nil, count)...)
	return field{id, 9, append(value, slices.Concat(elements...)...)}
}

func zigzag(n int64) []byte { return binary.AppendUvarint(nil, uint64(n<<1)^uint64(n>>63)) }

// structure writes fields, whose ids ascend by less than 16.
func structure(fields ...field) []byte {
	var data []byte
	last := 0
	for _, f := range fields {
		data = append(append(data, byte(f.id-last)<<4|f.kind), f.value...)
		last = f.id
	}
	return append(data, 0)
}

// page writes a page of values that are all there.
func page(values, encoding int64, unpacked int, packed []byte) []byte {
	return append(structure(i32(1, 0), i32(2, int64(unpacked)), i32(3, int64(len(packed))),
		part(5, i32(1, values), i32(2, encoding), i32(3, 3), i32(4, 3))), packed...)
}

// dictionary writes a page of the words that values are places of.
func dictionary(words int64, data []byte) []byte {
	return append(structure(i32(1, 2), i32(2, int64(len(data))), i32(3, int64(len(data))),
		part(7, i32(1, words), i32(2, 0))), data...)
}

// written is a column of a file, all of whose values are there.
type written struct {
	name  string
	kind  int64
	means int64 // its converted type; 0 is none for numbers
	fixed int64 // bytes of a value of fixed length
	codec int64
	pages [][]byte
}

// fileOf writes a file of one group of rows.
func fileOf(rows int64, columns ...written) []byte {
	file := []byte("PAR1")
	elements := [][]byte{structure(text(4, "schema"), i32(5, int64(len(columns))))}
	var chunks [][]byte
	for _, c := range columns {
		element := []field{i32(1, c.kind), i32(2, c.fixed), i32(3, 0), text(4, c.name)}
		if c.means > 0 || c.kind == typeBytes {
			element = append(element, i32(6, c.means))
		}
		elements = append(elements, structure(element...))
		from, data := len(file), slices.Concat(c.pages...)
		file = append(file, data...)
		chunks = append(chunks, structure(i64(2, int64(from)), part(3, i32(1, c.kind),
			i32(4, c.codec), i64(5, rows), i64(7, int64(len(data))), i64(9, int64(from)))))
	}
	group := structure(list(1, uint64(len(chunks)), chunks...), i64(3, rows))
	return ended(file, structure(i32(1, 1), list(2, uint64(len(elements)), elements...),
		i64(3, rows), list(4, 1, group)))
}

// ended appends the metadata and what comes behind it.
func ended(file, metadata []byte) []byte {
	file = append(file, metadata...)
	file = binary.LittleEndian.AppendUint32(file, uint32(len(metadata)))
	return append(file, "PAR1"...)
}

// deltas packs numbers as differences, in blocks of 128 with one width of bits each.
func deltas(numbers []int64) []byte {
	data := binary.AppendUvarint(nil, 128)
	data = binary.AppendUvarint(data, 1)
	data = binary.AppendUvarint(data, uint64(len(numbers)))
	data = append(data, zigzag(numbers[0])...)
	var steps []int64
	for i := 1; i < len(numbers); i++ {
		steps = append(steps, numbers[i]-numbers[i-1])
	}
	for block := range slices.Chunk(steps, 128) {
		least := slices.Min(block)
		width := bits.Len64(uint64(slices.Max(block) - least))
		data = append(append(data, zigzag(least)...), byte(width))
		packed := make([]byte, 128*width/8)
		for i, step := range block {
			for b := range width {
				packed[(i*width+b)/8] |= byte(uint64(step-least)>>b&1) << ((i*width + b) % 8)
			}
		}
		data = append(data, packed...)
	}
	return data
}
