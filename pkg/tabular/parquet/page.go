package parquet

import (
	"bytes"
	"compress/gzip"
	endian "encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// The kinds of pages.
const (
	pageData       = 0
	pageDictionary = 2
	pageDataV2     = 3
)

// The encodings of values that are read.
const (
	encodingPlain           = 0
	encodingPlainDictionary = 2
	encodingRLE             = 3
	encodingDelta           = 5
	encodingDeltaLength     = 6
	encodingDeltaBytes      = 7
	encodingDictionary      = 8
	encodingSplit           = 9
)

// pageHeader is what stands before a page.
type pageHeader struct {
	kind             int64
	unpacked, packed int64 // bytes
	values           int64
	encoding         int64
	levels, repeats  int64 // of version 2: bytes of the levels before the values
	plain            bool  // of version 2: the values are not packed
}

// maxWindow is the memory that zstd may ask for: what its own tool takes without being told to take
// more.
const maxWindow = 128 << 20

// headBytes are enough for the header of a page, unless it has long statistics.
const headBytes, mostHeadBytes = 4 << 10, 4 << 20

// pageHead reads the header of the page at an offset, and returns where the page begins.
func (f *File) pageHead(offset, end int64) (h pageHeader, begins int64, err error) {
	for room := int64(headBytes); ; room *= 32 {
		data, err := f.at(offset, int(min(room, end-offset)))
		if err != nil {
			return h, 0, err
		}
		t := &thriftReader{data: data}
		h = pageHeader{}
		h.read(t)
		if t.err == nil {
			return h, offset + int64(len(data)-len(t.data)), h.check()
		}
		if room > end-offset || room > mostHeadBytes {
			return h, 0, fmt.Errorf("read the header of a page: %w", t.err)
		}
	}
}

func (h *pageHeader) read(t *thriftReader) {
	numbers := func(to map[int16]*int64) {
		t.fields(func(id int16, kind byte) bool {
			switch {
			case to[id] != nil && kind == thriftI32:
				*to[id] = t.number()
			case id == 7 && kind == thriftFalse:
				h.plain = true
				return false
			default:
				return false
			}
			return true
		})
	}
	t.fields(func(id int16, kind byte) bool {
		switch {
		case id == 1 && kind == thriftI32:
			h.kind = t.number()
		case id == 2 && kind == thriftI32:
			h.unpacked = t.number()
		case id == 3 && kind == thriftI32:
			h.packed = t.number()
		case (id == 5 || id == 7) && kind == thriftStruct:
			numbers(map[int16]*int64{1: &h.values, 2: &h.encoding})
		case id == 8 && kind == thriftStruct:
			numbers(map[int16]*int64{1: &h.values, 4: &h.encoding, 5: &h.levels, 6: &h.repeats})
		default:
			return false
		}
		return true
	})
}

func (h *pageHeader) check() error {
	switch {
	case h.packed < 0 || h.unpacked < 0 || h.packed > maxPage || h.unpacked > maxPage:
		return fmt.Errorf("a page has %d bytes, %d of them packed: at most %d are read",
			h.unpacked, h.packed, maxPage)
	case h.values < 0 || h.values > math.MaxInt32:
		return fmt.Errorf("a page has %d values", h.values)
	case h.levels < 0 || h.repeats < 0 || h.levels+h.repeats > min(h.packed, h.unpacked):
		return errors.New("the levels of a page are longer than the page")
	}
	return nil
}

// The codecs that are read.
const (
	codecNone      = 0
	codecSnappy    = 1
	codecGzip      = 2
	codecBrotli    = 4
	codecHadoopLZ4 = 5
	codecZstd      = 6
	codecLZ4       = 7
)

func readsCodec(codec int64) bool {
	switch codec {
	case codecNone, codecSnappy, codecGzip, codecBrotli, codecHadoopLZ4, codecZstd, codecLZ4:
		return true
	}
	return false
}

// codecName names a codec that is not read.
func codecName(codec int64) string {
	if codec == 3 {
		return "LZO"
	}
	return fmt.Sprintf("codec %d", codec)
}

// unpack returns the content of a page, of exactly so many bytes.
func unpack(codec int64, data []byte, size int64) ([]byte, error) {
	switch codec {
	case codecNone:
		return data, nil
	case codecSnappy:
		if n, err := snappy.DecodedLen(data); err != nil || int64(n) != size {
			return nil, errors.New("a page has another length than its header says")
		}
		return snappy.Decode(nil, data)
	case codecGzip:
		r, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		return exactly(r, size)
	case codecBrotli:
		return exactly(brotli.NewReader(bytes.NewReader(data)), size)
	case codecHadoopLZ4:
		return unpackHadoopLZ4(data, size)
	case codecZstd:
		r, err := zstd.NewReader(
			bytes.NewReader(data), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow),
		)
		if err != nil {
			return nil, err
		}
		defer r.Close()
		return exactly(r, size)
	case codecLZ4:
		return unpackLZ4(data, size)
	}
	return nil, fmt.Errorf("it is packed by %s, which is not read", codecName(codec))
}

// exactly reads size bytes, and not more than one beyond.
func exactly(r io.Reader, size int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, size+1))
	if err == nil && int64(len(data)) != size {
		err = errors.New("a page has another length than its header says")
	}
	return data, err
}

var errLZ4 = errors.New("a page packed by LZ4 is damaged")

// maxGrowth is how many bytes a byte of a block of LZ4 stands for at most.
const maxGrowth = 255

// unpackLZ4 unpacks a block of LZ4.
func unpackLZ4(block []byte, size int64) ([]byte, error) {
	if size == 0 {
		return nil, nil
	}
	if size > maxGrowth*int64(len(block)) {
		return nil, errLZ4
	}
	data := make([]byte, size)
	n, err := lz4.UncompressBlock(block, data)
	if err != nil || int64(n) != size {
		return nil, errLZ4
	}
	return data, nil
}

// unpackHadoopLZ4 unpacks the blocks of Hadoop, which have their lengths before them. Some writers
// write a block alone.
func unpackHadoopLZ4(data []byte, size int64) ([]byte, error) {
	var all []byte
	for rest := data; len(rest) >= 8; {
		whole, packed := endian.BigEndian.Uint32(rest), endian.BigEndian.Uint32(rest[4:])
		rest = rest[8:]
		if int64(packed) > int64(len(rest)) || int64(len(all))+int64(whole) > size {
			break
		}
		block, err := unpackLZ4(rest[:packed], int64(whole))
		if err != nil {
			break
		}
		all, rest = append(all, block...), rest[packed:]
		if len(rest) == 0 && int64(len(all)) == size {
			return all, nil
		}
	}
	return unpackLZ4(data, size)
}
