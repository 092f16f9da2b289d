package parquet

import (
	endian "encoding/binary"
	"errors"
	"fmt"
)

// wordBytes is what a word of a dictionary takes beside its bytes.
const wordBytes = 24

// columnReader reads the values of one column of one group of rows.
type columnReader struct {
	file   *File
	column *column
	codec  int64
	at     int64 // of the next page
	end    int64
	words  [][]byte // the dictionary
	page   int64    // bytes held by the page
	dict   int64    // bytes held by the dictionary

	rest   int64 // values that pages may still have
	left   int64 // values left of the page
	levels runs  // of an optional column: 1 where there is a value
	cells  cells
}

// openColumn begins to read a column of a group of rows.
func (f *File) openColumn(c *column, g *rowGroup) (*columnReader, error) {
	chunk := &g.chunks[c.index]
	if chunk.from < 0 || chunk.size < 0 || chunk.from+chunk.size > f.size {
		return nil, fmt.Errorf("column %.64q does not lie in the file", c.name)
	}
	return &columnReader{
		file: f, column: c, codec: chunk.codec, at: chunk.from, end: chunk.from + chunk.size,
		rest: chunk.values,
	}, nil
}

// next returns the next value, valid until the next call; nil where there is none.
func (r *columnReader) next() (value []byte, err error) {
	for r.left == 0 {
		if err := r.nextPage(); err != nil {
			return nil, fmt.Errorf("column %.64q: %w", r.column.name, err)
		}
	}
	r.left--
	if r.column.optional {
		level, err := r.levels.next()
		if err != nil || level == 0 {
			return nil, err
		}
	}
	value, err = r.cells.next()
	if err != nil {
		return nil, fmt.Errorf("column %.64q: %w", r.column.name, err)
	}
	return value, nil
}

// hold accounts for the memory of a page or a dictionary in place of the one before.
func (r *columnReader) hold(before *int64, bytes int64) error {
	r.file.held += bytes - *before
	*before = bytes
	if r.file.held > maxHeld {
		return fmt.Errorf("the pages of its columns take more than %d MiB at once: write smaller "+
			"groups of rows", maxHeld>>20)
	}
	return nil
}

// nextPage reads the next page: a dictionary, or values.
func (r *columnReader) nextPage() error {
	if r.at >= r.end {
		return errors.New("it has fewer values than rows")
	}
	h, begins, err := r.file.pageHead(r.at, r.end)
	if err != nil {
		return err
	}
	if begins+h.packed > r.end {
		return errShort
	}
	r.at = begins + h.packed
	if h.kind != pageData && h.kind != pageDataV2 && h.kind != pageDictionary {
		return nil // an index of pages
	}
	data, err := r.file.at(begins, int(h.packed))
	if err != nil {
		return err
	}
	before := h.levels + h.repeats // which version 2 never packs
	if h.kind != pageDataV2 {
		before = 0
	}
	levels, packed := data[:before], data[before:]
	if !h.plain || h.kind != pageDataV2 {
		if packed, err = unpack(r.codec, packed, h.unpacked-before); err != nil {
			return err
		}
	}
	switch h.kind {
	case pageDictionary:
		if err := r.hold(&r.dict, int64(len(packed))+wordBytes*h.values); err != nil {
			return err
		}
		return r.dictionary(&h, packed)
	case pageDataV2:
		r.levels = runs{data: levels[h.repeats:], width: 1}
	default:
		if r.column.optional {
			if levels, packed, err = sized(packed); err != nil {
				return err
			}
			r.levels = runs{data: levels, width: 1}
		}
	}
	if err := r.hold(&r.page, int64(len(packed))); err != nil {
		return err
	}
	if r.rest -= h.values; r.rest < 0 {
		return errors.New("its pages have more values than the group has rows")
	}
	r.left = h.values
	return r.open(&h, packed)
}

// sized cuts off what has its length of four bytes before it.
func sized(data []byte) (part, rest []byte, err error) {
	if len(data) < 4 {
		return nil, nil, errShort
	}
	n := endian.LittleEndian.Uint32(data)
	if data = data[4:]; uint64(n) > uint64(len(data)) {
		return nil, nil, errShort
	}
	return data[:n], data[n:], nil
}

// width is how many bytes a value has, 0 when each has its own length.
func (c *column) width() int {
	switch c.kind {
	case kindInt32, kindFloat:
		return 4
	case kindInt64, kindDouble:
		return 8
	case kindInt96:
		return 12
	case kindFixed:
		return c.length
	}
	return 0
}

func (r *columnReader) plain(data []byte) *plainCells {
	return &plainCells{data: data, kind: r.column.kind, width: r.column.width()}
}

// dictionary reads the words that values are places of.
func (r *columnReader) dictionary(h *pageHeader, data []byte) error {
	if h.encoding != encodingPlain && h.encoding != encodingPlainDictionary {
		return fmt.Errorf("its dictionary has the encoding %d", h.encoding)
	}
	if r.column.kind == kindBool || r.column.kind == kindFixed && r.column.length == 0 {
		return errors.New("it has a dictionary of nothing")
	}
	r.words = r.words[:0]
	for words := r.plain(data); int64(len(r.words)) < h.values; {
		word, err := words.next()
		if err != nil {
			return err
		}
		r.words = append(r.words, word)
	}
	return nil
}

// open begins to read the values of a page.
func (r *columnReader) open(h *pageHeader, data []byte) (err error) {
	number := r.column.kind == kindInt32 || r.column.kind == kindInt64
	switch {
	case h.encoding == encodingPlain:
		r.cells = r.plain(data)
	case h.encoding == encodingDictionary || h.encoding == encodingPlainDictionary:
		if len(data) == 0 { // no value is there
			data = []byte{0}
		}
		if data[0] > 32 {
			return fmt.Errorf("places of %d bits", data[0])
		}
		r.cells = &dictionaryCells{places: runs{data: data[1:], width: int(data[0])}, words: r.words}
	case h.encoding == encodingRLE && r.column.kind == kindBool:
		if data, _, err = sized(data); err != nil {
			return err
		}
		r.cells = &boolCells{runs: runs{data: data, width: 1}}
	case h.encoding == encodingDelta && number:
		d, err := newDeltas(data)
		if err != nil {
			return err
		}
		r.cells = &deltaCells{deltas: d}
	case h.encoding == encodingSplit && r.column.width() > 0:
		r.cells = &splitCells{data: data, width: r.column.width()}
	case h.encoding == encodingDeltaLength || h.encoding == encodingDeltaBytes:
		return r.texts(h, data)
	default:
		return fmt.Errorf("its values have the encoding %d, which is not read", h.encoding)
	}
	return nil
}

// texts begins to read texts whose lengths stand before them.
func (r *columnReader) texts(h *pageHeader, data []byte) (err error) {
	l := &lengthCells{}
	if h.encoding == encodingDeltaBytes {
		if l.prefixes, err = newDeltas(data); err != nil {
			return err
		}
		if data, err = behind(data, h.values); err != nil {
			return err
		}
	}
	if l.lengths, err = newDeltas(data); err != nil {
		return err
	}
	if l.data, err = behind(data, h.values); err != nil {
		return err
	}
	r.cells = l
	return nil
}
