package engine

// blockRows is how many rows of a slab lie in one piece. Pieces are not moved
// when the slab grows, so a million series never stand in memory twice.
const blockRows = 256

// slab is one column of the state: a row of width values for each series.
type slab[T any] struct {
	width  int
	blocks [][]T
}

// row is the view of row i.
func (s *slab[T]) row(i int32) []T {
	from := int(i%blockRows) * s.width
	return s.blocks[i/blockRows][from : from+s.width : from+s.width]
}

// add makes row n, the next one, of zeros. The first piece grows as it is
// needed: most engines of tests and small sites have a few series.
func (s *slab[T]) add(n int32) {
	if n%blockRows == 0 {
		size := blockRows
		if n == 0 {
			size = 1
		}
		s.blocks = append(s.blocks, make([]T, size*s.width))
		return
	}
	last := len(s.blocks) - 1
	if have := len(s.blocks[last]); have < int(n%blockRows+1)*s.width {
		grown := make([]T, min(2*have, blockRows*s.width))
		copy(grown, s.blocks[last])
		s.blocks[last] = grown
	}
}

// remove takes row i of n out; those behind it move up.
func (s *slab[T]) remove(i, n int32) {
	for ; i < n-1; i++ {
		copy(s.row(i), s.row(i+1))
	}
	clear(s.row(i)) // rows are added as zeros
	if i%blockRows == 0 {
		s.blocks = s.blocks[:len(s.blocks)-1]
	}
}

// each calls f for the rows of n series, in runs.
func (s *slab[T]) each(n int, f func([]T)) {
	for _, b := range s.blocks {
		rows := min(n, blockRows)
		f(b[:rows*s.width])
		n -= rows
	}
}
