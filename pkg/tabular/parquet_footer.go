package tabular

import (
	endian "encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Bounds of a file of Parquet.
const (
	maxFooter = 64 << 20 // bytes of the metadata at its end
	maxGroups = 100_000  // groups of rows
	maxCells  = 1 << 30  // rows by columns
	maxPage   = 64 << 20 // bytes of a page, packed or not
	// maxHeld bounds the pages and dictionaries of all columns that are in memory at once.
	maxHeld = 1 << 30
)

const parquetMagic = "PAR1"

// The physical types of Parquet.
const (
	parquetBool = iota
	parquetInt32
	parquetInt64
	parquetInt96
	parquetFloat
	parquetDouble
	parquetBytes
	parquetFixed
)

// parquetMeaning is what the values of a column stand for.
type parquetMeaning uint8

const (
	meansNumber parquetMeaning = iota
	meansText
	meansUnsigned
	meansDecimal
	meansDate
	meansTime      // of day
	meansTimestamp // UTC
	meansLocal     // a timestamp without a zone
	meansHalf      // a floating-point number of 16 bits
)

// parquetColumn is a column of single values. Columns of lists and structures are left out.
type parquetColumn struct {
	name     string
	index    int // among the leaves of the schema
	kind     int // physical type
	length   int // bytes of a value of fixed length
	optional bool
	means    parquetMeaning
	perUnit  int64 // of a time: units in a second
	scale    int   // of a decimal
}

// parquetChunk is where the values of one column of a group of rows lie.
type parquetChunk struct {
	codec      int64
	from, size int64
	values     int64
}

// parquetGroup is a group of rows; its chunks are by the index of their column.
type parquetGroup struct {
	rows   int64
	chunks []parquetChunk
}

// parquetFooter is what the metadata of a file says.
type parquetFooter struct {
	columns []parquetColumn
	leaves  int
	nested  int // columns that are left out
	groups  []parquetGroup
}

// parquetFile reads a file at any place.
type parquetFile struct {
	r    io.ReadSeeker
	size int64
	held int64 // bytes of pages and dictionaries that columns hold
	parquetFooter
}

// openParquet reads the metadata of a file.
func openParquet(r io.ReadSeeker) (*parquetFile, error) {
	size, err := r.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	f := &parquetFile{r: r, size: size}
	tail, err := f.at(size-8, 8)
	if err != nil {
		return nil, err
	}
	length := int64(endian.LittleEndian.Uint32(tail))
	switch {
	case string(tail[4:]) == "PARE":
		return nil, errors.New("it is encrypted")
	case string(tail[4:]) != parquetMagic:
		return nil, errors.New("it ends without the mark PAR1")
	case length > maxFooter || length > size-12:
		return nil, errors.New("its metadata is longer than the file or 64 MiB")
	}
	footer, err := f.at(size-8-length, int(length))
	if err != nil {
		return nil, err
	}
	t := &thriftReader{data: footer}
	f.read(t)
	if t.err != nil {
		return nil, fmt.Errorf("read its metadata: %w", t.err)
	}
	return f, f.check()
}

// at reads n bytes from an offset on.
func (f *parquetFile) at(offset int64, n int) ([]byte, error) {
	if offset < 0 || n < 0 || offset+int64(n) > f.size {
		return nil, io.ErrUnexpectedEOF
	}
	if _, err := f.r.Seek(offset, io.SeekStart); err != nil {
		return nil, err
	}
	data := make([]byte, n)
	_, err := io.ReadFull(f.r, data)
	return data, err
}

// check refuses chunks that do not lie in the file, and groups whose columns have other numbers of
// values than rows.
func (f *parquetFooter) check() error {
	if len(f.columns) == 0 {
		return errors.New("it has no column of single values")
	}
	for i := range f.groups {
		g := &f.groups[i]
		if len(g.chunks) != f.leaves || g.rows < 0 {
			return fmt.Errorf("group %d of rows has %d columns, the schema has %d",
				i, len(g.chunks), f.leaves)
		}
		for _, c := range f.columns {
			if codec := g.chunks[c.index].codec; !readsCodec(codec) {
				return fmt.Errorf("its columns are packed by %s, which is not read", codecName(codec))
			}
			if n := g.chunks[c.index].values; n != g.rows {
				return fmt.Errorf("column %s of group %d has %d values and %d rows",
					shown(c.name), i, n, g.rows)
			}
		}
	}
	return nil
}

// read reads the metadata.
func (f *parquetFooter) read(t *thriftReader) {
	t.fields(func(id int16, kind byte) bool {
		switch {
		case id == 2 && kind == thriftList:
			f.schema(t)
		case id == 4 && kind == thriftList:
			t.list(thriftStruct, func() {
				if len(f.groups) == maxGroups {
					t.fail(fmt.Errorf("more than %d groups of rows", maxGroups))
				}
				f.groups = append(f.groups, readGroup(t))
			})
		case id == 8:
			t.fail(errors.New("it is encrypted"))
		default:
			return false
		}
		return true
	})
}

func readGroup(t *thriftReader) (g parquetGroup) {
	t.fields(func(id int16, kind byte) bool {
		switch {
		case id == 1 && kind == thriftList:
			t.list(thriftStruct, func() { g.chunks = append(g.chunks, readChunk(t)) })
		case id == 3 && kind == thriftI64:
			g.rows = t.number()
		default:
			return false
		}
		return true
	})
	return g
}

func readChunk(t *thriftReader) (c parquetChunk) {
	t.fields(func(id int16, kind byte) bool {
		switch {
		case id == 1 && kind == thriftBinary:
			t.fail(errors.New("its columns lie in other files"))
		case id == 3 && kind == thriftStruct:
			dictionary := int64(0)
			t.fields(func(id int16, kind byte) bool {
				to := map[int16]*int64{
					4: &c.codec, 5: &c.values, 7: &c.size, 9: &c.from, 11: &dictionary,
				}[id]
				if to == nil || kind != thriftI32 && kind != thriftI64 {
					return false
				}
				*to = t.number()
				return true
			})
			if dictionary > 0 && dictionary < c.from {
				c.from = dictionary
			}
		case id == 8 || id == 9:
			t.fail(errors.New("it is encrypted"))
		default:
			return false
		}
		return true
	})
	return c
}
