package checkpoint

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
)

// The file, all numbers little endian, every CRC being CRC32C:
//
//	magic [8]  version u16  headerLen u32  crc u32 of these 14 bytes
//	header JSON [headerLen]  crc u32
//	for each section:
//	    'S'  nameLen u8  name  version u16  size u64  crc u32 of these
//	    chunks of 1 MiB, the last one shorter: data  crc u32
//	'E'  sections u32  bytes before the 'E' u64  crc u32 of these 13 bytes
//
// The CRC of a chunk starts with the numbers of its section and chunk, so that it also finds two
// chunks that have changed places. The first 18 bytes are the same in every version, so that a
// reader can tell a damaged version number from a later one.
const (
	magic         = "LTCKPT\x1a\n"
	formatVersion = 1
	chunkSize     = 1 << 20

	preambleLen = len(magic) + 2 + 4
	footerLen   = 1 + 4 + 8
	crcLen      = 4

	markSection = 'S'
	markEnd     = 'E'
)

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// chunkCRC returns the checksum of a chunk at its position in the file.
func chunkCRC(table *crc32.Table, section, chunk int, data []byte) uint32 {
	var position [8]byte
	binary.LittleEndian.PutUint32(position[:4], uint32(section))
	binary.LittleEndian.PutUint32(position[4:], uint32(chunk))
	return crc32.Update(crc32.Update(0, table, position[:]), table, data)
}

// Encode writes s in the format above. It keeps no reference to s.
func Encode(w io.Writer, s *Snapshot) error {
	if err := s.validate(); err != nil {
		return err
	}
	header, err := json.Marshal(s.Header)
	if err != nil {
		return fmt.Errorf("encode checkpoint header: %w", err)
	}
	if len(header) > maxHeader {
		return fmt.Errorf("encode checkpoint header: %d bytes, at most %d", len(header), maxHeader)
	}
	e := encoder{w: w, table: castagnoli()}
	pre := append(make([]byte, 0, preambleLen+crcLen), magic...)
	pre = binary.LittleEndian.AppendUint16(pre, formatVersion)
	e.record(binary.LittleEndian.AppendUint32(pre, uint32(len(header))))
	e.record(header)
	for i, sec := range s.Sections {
		rec := append([]byte{markSection, byte(len(sec.Name))}, sec.Name...)
		rec = binary.LittleEndian.AppendUint16(rec, sec.Version)
		e.record(binary.LittleEndian.AppendUint64(rec, uint64(len(sec.Data))))
		for j, rest := 0, sec.Data; len(rest) > 0; j++ {
			chunk := rest[:min(chunkSize, len(rest))]
			rest = rest[len(chunk):]
			e.part(chunk, chunkCRC(e.table, i, j, chunk))
		}
	}
	end := binary.LittleEndian.AppendUint32([]byte{markEnd}, uint32(len(s.Sections)))
	e.record(binary.LittleEndian.AppendUint64(end, uint64(e.written)))
	if e.err != nil {
		return fmt.Errorf("encode checkpoint: %w", e.err)
	}
	return nil
}

// encoder writes parts with their checksums, and nothing more after the first error.
type encoder struct {
	w       io.Writer
	table   *crc32.Table
	written int64
	err     error
}

func (e *encoder) record(b []byte) { e.part(b, crc32.Checksum(b, e.table)) }

func (e *encoder) part(b []byte, crc uint32) {
	var tail [crcLen]byte
	binary.LittleEndian.PutUint32(tail[:], crc)
	for _, p := range [][]byte{b, tail[:]} {
		if e.err != nil {
			return
		}
		var n int
		n, e.err = e.w.Write(p)
		e.written += int64(n)
	}
}
