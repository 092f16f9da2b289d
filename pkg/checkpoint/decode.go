package checkpoint

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Decode reads one snapshot of size bytes from r. Whatever r holds, Decode allocates little more
// than size: it accepts a length only when that many bytes are left. Errors: *FileError with
// ErrDamaged or ErrVersion, or an error of r. Decode is for programs that read a checkpoint file
// outside its folder; a store reads its own files with Load.
func Decode(r io.Reader, size int64) (*Snapshot, error) { return decode(r, size, keepData) }

// decodeMode says whether decode returns the bytes of the sections or only checks them.
type decodeMode bool

const (
	keepData decodeMode = true
	verify   decodeMode = false
)

func decode(r io.Reader, size int64, mode decodeMode) (*Snapshot, error) {
	d := decoder{r: r, table: castagnoli(), mode: mode, left: size}
	headerLen, err := d.preamble()
	if err != nil {
		return nil, err
	}
	s := &Snapshot{}
	if err := d.header(&s.Header, headerLen); err != nil {
		return nil, err
	}
	for {
		at := d.read
		mark, err := d.next("mark", 1)
		if err != nil {
			return nil, err
		}
		switch mark[0] {
		case markSection:
			if len(s.Sections) == maxSections {
				return nil, damaged("more than %d sections", maxSections)
			}
			sec, err := d.section(len(s.Sections))
			if err != nil {
				return nil, err
			}
			s.Sections = append(s.Sections, sec)
		case markEnd:
			if err := d.footer(len(s.Sections), at); err != nil {
				return nil, err
			}
			if err := s.validate(); err != nil {
				return nil, damaged("%v", err)
			}
			return s, nil
		default:
			return nil, damaged("byte %d is 0x%02x where a section or the end must begin", at,
				mark[0])
		}
	}
}

func damaged(format string, args ...any) error {
	return &FileError{Fault: fmt.Sprintf(format, args...), Err: ErrDamaged}
}

// decoder reads parts and their checksums, and never past the size of the file.
type decoder struct {
	r     io.Reader
	table *crc32.Table
	mode  decodeMode
	read  int64
	left  int64
}

// next reads n bytes; what names them in the fault.
func (d *decoder) next(what string, n int64) ([]byte, error) {
	if n > d.left {
		return nil, damaged("cut short at byte %d: %s needs %d bytes, %d are left", d.read, what, n,
			d.left)
	}
	b := make([]byte, n)
	return b, d.fill(what, b)
}

func (d *decoder) fill(what string, b []byte) error {
	if int64(len(b)) > d.left {
		return damaged("cut short at byte %d: %s needs %d bytes, %d are left", d.read, what, len(b),
			d.left)
	}
	n, err := io.ReadFull(d.r, b)
	d.read += int64(n)
	d.left -= int64(n)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged("cut short at byte %d in %s", d.read, what)
	}
	if err != nil {
		return fmt.Errorf("read checkpoint: %w", err)
	}
	return nil
}

// check reads a CRC and compares it with the one of the bytes before it.
func (d *decoder) check(what string, want uint32) error {
	b, err := d.next("checksum of "+what, crcLen)
	if err != nil {
		return err
	}
	if got := binary.LittleEndian.Uint32(b); got != want {
		return damaged("wrong checksum of %s before byte %d", what, d.read)
	}
	return nil
}

func (d *decoder) preamble() (headerLen int64, err error) {
	b, err := d.next("start", int64(preambleLen))
	if err != nil {
		return 0, err
	}
	if !bytes.HasPrefix(b, []byte(magic)) {
		return 0, damaged("does not begin like a checkpoint")
	}
	if err := d.check("start", crc32.Checksum(b, d.table)); err != nil {
		return 0, err
	}
	if v := binary.LittleEndian.Uint16(b[len(magic):]); v != formatVersion {
		return 0, &FileError{
			Fault: fmt.Sprintf("%d, this program reads %d", v, formatVersion), Err: ErrVersion,
		}
	}
	headerLen = int64(binary.LittleEndian.Uint32(b[len(magic)+2:]))
	if headerLen > maxHeader {
		return 0, damaged("header of %d bytes, at most %d", headerLen, maxHeader)
	}
	return headerLen, nil
}

func (d *decoder) header(h *Header, n int64) error {
	b, err := d.next("header", n)
	if err != nil {
		return err
	}
	if err := d.check("header", crc32.Checksum(b, d.table)); err != nil {
		return err
	}
	if err := json.Unmarshal(b, h); err != nil {
		return damaged("header: %v", err)
	}
	return nil
}

func (d *decoder) section(index int) (meter.Section, error) {
	var sec meter.Section
	n, err := d.next("length of a section's name", 1)
	if err != nil {
		return sec, err
	}
	rest, err := d.next("start of a section", int64(n[0])+2+8)
	if err != nil {
		return sec, err
	}
	crc := crc32.Update(crc32.Checksum([]byte{markSection, n[0]}, d.table), d.table, rest)
	if err := d.check("start of a section", crc); err != nil {
		return sec, err
	}
	name, numbers := rest[:n[0]], rest[n[0]:]
	sec.Name = string(name)
	sec.Version = binary.LittleEndian.Uint16(numbers)
	size := binary.LittleEndian.Uint64(numbers[2:])
	if size > uint64(d.left) {
		return sec, damaged("cut short at byte %d: section %q needs %d bytes, %d are left", d.read,
			sec.Name, size, d.left)
	}
	room := size
	if d.mode == verify {
		room = min(chunkSize, size)
	}
	data := make([]byte, room)
	for j := 0; size > 0; j++ {
		n := min(chunkSize, size)
		size -= n
		chunk := data[:n]
		if d.mode == keepData {
			chunk = data[uint64(j)*chunkSize:][:n]
		}
		what := fmt.Sprintf("chunk %d of section %q", j, sec.Name)
		if err := d.fill(what, chunk); err != nil {
			return sec, err
		}
		if err := d.check(what, chunkCRC(d.table, index, j, chunk)); err != nil {
			return sec, err
		}
	}
	if d.mode == keepData {
		sec.Data = data
	}
	return sec, nil
}

// footer reads the part behind the end mark; at is the position of that mark.
func (d *decoder) footer(sections int, at int64) error {
	b, err := d.next("end", int64(footerLen-1))
	if err != nil {
		return err
	}
	crc := crc32.Update(crc32.Checksum([]byte{markEnd}, d.table), d.table, b)
	if err := d.check("end", crc); err != nil {
		return err
	}
	if n := binary.LittleEndian.Uint32(b); int64(n) != int64(sections) {
		return damaged("%d sections where %d were written", sections, n)
	}
	if n := binary.LittleEndian.Uint64(b[4:]); n != uint64(at) {
		return damaged("%d bytes before the end where %d were written", at, n)
	}
	if d.left != 0 {
		return damaged("%d bytes after the end", d.left)
	}
	return nil
}
