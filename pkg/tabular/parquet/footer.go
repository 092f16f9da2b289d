package parquet

import (
	endian "encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// Bounds of a file of Parquet.
const (
	maxFooter  = 64 << 20 // bytes of the metadata at its end
	maxGroups  = 100_000  // groups of rows
	maxColumns = 20_000   // leaves of the schema
	maxChunks  = 4 << 20  // columns of all groups
	maxFixed   = 256      // bytes of a value of fixed length
	maxPage    = 64 << 20 // bytes of a page, packed or not
	// maxHeld bounds the pages and dictionaries of all columns that are in memory at once.
	maxHeld = 1 << 30
)

// Magic begins and ends a file.
const Magic = "PAR1"

// The physical types of Parquet.
const (
	kindBool = iota
	kindInt32
	kindInt64
	kindInt96
	kindFloat
	kindDouble
	kindBytes
	kindFixed
)

// meaning is what the values of a column stand for.
type meaning uint8

const (
	meansNumber meaning = iota
	meansText
	meansUnsigned
	meansDecimal
	meansDate
	meansTime      // of day
	meansTimestamp // UTC
	meansLocal     // a timestamp without a zone
	meansHalf      // a floating-point number of 16 bits
	meansUUID
)

// column is a column of single values. Columns of lists and structures are left out.
type column struct {
	name     string
	index    int // among the leaves of the schema
	kind     int // physical type
	length   int // bytes of a value of fixed length
	optional bool
	means    meaning
	perUnit  int64 // of a time: units in a second
	scale    int   // of a decimal
}

// chunk is where the values of one column of a group of rows lie.
type chunk struct {
	codec      int64
	from, size int64
	values     int64
}

// rowGroup is a group of rows; its chunks are by the index of their column.
type rowGroup struct {
	rows   int64
	chunks []chunk
}

// footer is what the metadata of a file says.
type footer struct {
	columns []column
	leaves  int
	nested  int // columns that are left out
	groups  []rowGroup
}

// File is a file whose metadata is read.
type File struct {
	r    io.ReadSeeker
	size int64
	held int64 // bytes of pages and dictionaries that columns hold
	footer
}

// Open reads the metadata of a file, which stays open: rows are read from r. The error says what is
// wrong with the file, as a sentence about "it".
func Open(r io.ReadSeeker) (*File, error) {
	size, err := r.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	f := &File{r: r, size: size}
	tail, err := f.at(size-8, 8)
	if err != nil {
		return nil, err
	}
	length := int64(endian.LittleEndian.Uint32(tail))
	switch {
	case string(tail[4:]) == "PARE":
		return nil, errors.New("it is encrypted")
	case string(tail[4:]) != Magic:
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

// Rows returns how many rows the metadata claims.
func (f *File) Rows() int64 {
	rows := int64(0)
	for i := range f.groups {
		rows += f.groups[i].rows
	}
	return rows
}

// Columns returns how many columns of single values the file has.
func (f *File) Columns() int { return len(f.columns) }

// Nested returns how many columns of lists and structures are left out.
func (f *File) Nested() int { return f.nested }

// at reads n bytes from an offset on.
func (f *File) at(offset int64, n int) ([]byte, error) {
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
func (f *footer) check() error {
	if len(f.columns) == 0 {
		return errors.New("it has no column of single values")
	}
	for i := range f.groups {
		g := &f.groups[i]
		if len(g.chunks) != f.leaves {
			return fmt.Errorf("group %d of rows has %d columns, the schema has %d",
				i, len(g.chunks), f.leaves)
		}
		if g.rows < 0 || g.rows > math.MaxInt32 {
			return fmt.Errorf("group %d has %d rows", i, g.rows)
		}
		for _, c := range f.columns {
			if codec := g.chunks[c.index].codec; !readsCodec(codec) {
				return fmt.Errorf("its columns are packed by %s, which is not read", codecName(codec))
			}
			if n := g.chunks[c.index].values; n != g.rows {
				return fmt.Errorf("column %.64q of group %d has %d values and %d rows",
					c.name, i, n, g.rows)
			}
		}
	}
	return nil
}

// read reads the metadata.
func (f *footer) read(t *thriftReader) {
	chunks := 0
	t.fields(func(id int16, kind byte) bool {
		switch {
		case id == 2 && kind == thriftList:
			f.schema(t)
		case id == 4 && kind == thriftList:
			t.list(thriftStruct, func() {
				if len(f.groups) == maxGroups {
					t.fail(fmt.Errorf("more than %d groups of rows", maxGroups))
				}
				g := readGroup(t)
				if chunks += len(g.chunks); chunks > maxChunks {
					t.fail(fmt.Errorf("its groups of rows have more than %d columns in all", maxChunks))
				}
				f.groups = append(f.groups, g)
			})
		case id == 8:
			t.fail(errors.New("it is encrypted"))
		default:
			return false
		}
		return true
	})
}

func readGroup(t *thriftReader) (g rowGroup) {
	t.fields(func(id int16, kind byte) bool {
		switch {
		case id == 1 && kind == thriftList:
			t.list(thriftStruct, func() {
				if len(g.chunks) == maxColumns {
					t.fail(errTooWide)
				}
				g.chunks = append(g.chunks, readChunk(t))
			})
		case id == 3 && kind == thriftI64:
			g.rows = t.number()
		default:
			return false
		}
		return true
	})
	return g
}

func readChunk(t *thriftReader) (c chunk) {
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
