package parquet

import (
	endian "encoding/binary"
	"errors"
	"fmt"
)

// errShort says that a page ends before its values do.
var errShort = errors.New("a page is shorter than its values")

// runs reads numbers of a few bits each: runs of one number, and packed numbers in groups of eight.
type runs struct {
	data  []byte
	width int
	left  uint64 // numbers left of the run
	value uint32 // of a run of one number
	pack  bool   // the run is packed
	bit   uint   // of the first packed byte that is not used up
}

func (r *runs) next() (uint32, error) {
	for r.left == 0 {
		head, size := endian.Uvarint(r.data)
		if size <= 0 {
			return 0, errShort
		}
		r.data = r.data[size:]
		r.left, r.pack = head>>1, head&1 == 1
		if r.pack {
			r.left *= 8
			continue
		}
		bytes := (r.width + 7) / 8
		if len(r.data) < bytes {
			return 0, errShort
		}
		r.value = 0
		for i := range bytes {
			r.value |= uint32(r.data[i]) << (8 * i)
		}
		r.data = r.data[bytes:]
	}
	r.left--
	if !r.pack {
		return r.value, nil
	}
	value := uint32(0)
	for got := 0; got < r.width; {
		if len(r.data) == 0 {
			return 0, errShort
		}
		n := min(8-int(r.bit), r.width-got)
		part := uint32(r.data[0]) >> r.bit & (1<<n - 1)
		value |= part << got
		got += n
		if r.bit += uint(n); r.bit == 8 {
			r.data, r.bit = r.data[1:], 0
		}
	}
	return value, nil
}

// deltas reads integers that are packed as differences.
type deltas struct {
	data      []byte
	block     uint64 // numbers in a block
	minis     uint64 // smaller blocks in a block
	left      uint64 // numbers left in all
	value     int64
	first     bool // the next number is the first one
	least     int64
	widths    []byte
	perMini   uint64
	leftMini  uint64
	leftBlock uint64
	bit       uint
	width     uint
}

func newDeltas(data []byte) (*deltas, error) {
	d := &deltas{data: data, first: true}
	d.block, d.minis, d.left = d.unsigned(), d.unsigned(), d.unsigned()
	d.value = d.signed()
	if d.data == nil || d.minis == 0 || d.block == 0 || d.block > 1<<20 || d.block%d.minis != 0 ||
		d.block/d.minis%8 != 0 {
		return nil, errors.New("a page of differences is damaged")
	}
	d.perMini = d.block / d.minis
	return d, nil
}

func (d *deltas) unsigned() uint64 {
	n, size := endian.Uvarint(d.data)
	if size <= 0 {
		d.data = nil
		return 0
	}
	d.data = d.data[size:]
	return n
}

func (d *deltas) signed() int64 {
	n := d.unsigned()
	return int64(n>>1) ^ -int64(n&1)
}

func (d *deltas) next() (int64, error) {
	if d.left == 0 {
		return 0, errShort
	}
	d.left--
	if d.first {
		d.first = false
		return d.value, nil
	}
	if d.leftMini == 0 {
		if err := d.open(); err != nil {
			return 0, err
		}
	}
	d.leftMini--
	delta := uint64(0)
	for got := uint(0); got < d.width; {
		if len(d.data) == 0 {
			return 0, errShort
		}
		n := min(8-d.bit, d.width-got)
		delta |= uint64(d.data[0]>>d.bit) & (1<<n - 1) << got
		got += n
		if d.bit += n; d.bit == 8 {
			d.data, d.bit = d.data[1:], 0
		}
	}
	d.value += d.least + int64(delta)
	return d.value, nil
}

// open begins the next smaller block, and a block before its first one.
func (d *deltas) open() error {
	if d.leftBlock == 0 {
		d.least = d.signed()
		if uint64(len(d.data)) < d.minis {
			return errShort
		}
		d.widths, d.data = d.data[:d.minis], d.data[d.minis:]
		d.leftBlock = d.minis
	}
	d.width, d.widths = uint(d.widths[0]), d.widths[1:]
	d.leftBlock--
	d.leftMini, d.bit = d.perMini, 0
	if d.width > 64 {
		return errors.New("a page of differences is damaged")
	}
	return nil
}

// end skips what is left of the last smaller block, and returns the data behind all numbers.
func (d *deltas) end() ([]byte, error) {
	rest := int(d.leftMini * uint64(d.width)) // bits
	if d.bit > 0 {
		rest -= 8 - int(d.bit)
		d.data = d.data[1:]
	}
	skip := rest / 8
	if skip > len(d.data) {
		return nil, errShort
	}
	return d.data[skip:], nil
}

// cells reads the values of a page, one after the other, each as the bytes of its physical type.
type cells interface {
	next() ([]byte, error)
}

// plainCells are values one behind the other.
type plainCells struct {
	data  []byte
	kind  int
	width int // bytes of a value; 0 says that each has its length before it
	bit   uint
	one   [1]byte
}

func (p *plainCells) next() ([]byte, error) {
	if p.kind == kindBool {
		if len(p.data) == 0 {
			return nil, errShort
		}
		p.one[0] = p.data[0] >> p.bit & 1
		if p.bit++; p.bit == 8 {
			p.data, p.bit = p.data[1:], 0
		}
		return p.one[:], nil
	}
	n := p.width
	if p.kind == kindBytes {
		if len(p.data) < 4 {
			return nil, errShort
		}
		n = int(endian.LittleEndian.Uint32(p.data))
		p.data = p.data[4:]
	}
	if n < 0 || n > len(p.data) {
		return nil, errShort
	}
	value := p.data[:n:n]
	p.data = p.data[n:]
	return value, nil
}

// dictionaryCells are values by their place in a dictionary.
type dictionaryCells struct {
	places runs
	words  [][]byte
}

func (d *dictionaryCells) next() ([]byte, error) {
	i, err := d.places.next()
	if err != nil {
		return nil, err
	}
	if uint64(i) >= uint64(len(d.words)) {
		return nil, fmt.Errorf("a value is number %d of a dictionary of %d", i, len(d.words))
	}
	return d.words[i], nil
}

// boolCells are true and false in runs.
type boolCells struct {
	runs runs
	one  [1]byte
}

func (b *boolCells) next() ([]byte, error) {
	v, err := b.runs.next()
	b.one[0] = byte(v)
	return b.one[:], err
}

// deltaCells are integers as differences.
type deltaCells struct {
	deltas *deltas
	room   [8]byte
}

func (d *deltaCells) next() ([]byte, error) {
	v, err := d.deltas.next()
	endian.LittleEndian.PutUint64(d.room[:], uint64(v))
	return d.room[:], err
}

// splitCells are the first bytes of all values, then the second ones, and so on.
type splitCells struct {
	data  []byte
	width int
	i     int
	room  [maxFixed]byte
}

func (s *splitCells) next() ([]byte, error) {
	n := len(s.data) / s.width
	if s.i >= n {
		return nil, errShort
	}
	for k := range s.width {
		s.room[k] = s.data[k*n+s.i]
	}
	s.i++
	return s.room[:s.width], nil
}

// lengthCells are texts one behind the other, whose lengths stand before all of them. With prefixes
// each begins with a part of the text before.
type lengthCells struct {
	prefixes, lengths *deltas
	data              []byte
	last              []byte
}

func (l *lengthCells) next() ([]byte, error) {
	n, err := l.lengths.next()
	if err != nil {
		return nil, err
	}
	prefix := int64(0)
	if l.prefixes != nil {
		if prefix, err = l.prefixes.next(); err != nil {
			return nil, err
		}
	}
	if n < 0 || n > int64(len(l.data)) || prefix < 0 || prefix > min(int64(len(l.last)), maxText) {
		return nil, errShort
	}
	l.last = append(l.last[:prefix], l.data[:n]...)
	l.data = l.data[n:]
	return l.last, nil
}

// maxText bounds a text that begins as the one before.
const maxText = 4 << 10

// behind returns the data behind numbers, at most so many, that are packed as differences.
func behind(data []byte, most int64) ([]byte, error) {
	d, err := newDeltas(data)
	if err != nil {
		return nil, err
	}
	if d.left > uint64(most) {
		return nil, errors.New("a page has more lengths than values")
	}
	for d.left > 0 {
		if _, err := d.next(); err != nil {
			return nil, err
		}
	}
	return d.end()
}
