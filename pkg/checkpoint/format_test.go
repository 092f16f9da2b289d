package checkpoint

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
)

func tiny() *Snapshot {
	return &Snapshot{
		Header: Header{
			Partition: 1, Partitions: 8, Stream: "R1", Created: time.Unix(1_700_000_000, 5).UTC(), Seq: 42,
			Kernel: "go", Models: []string{"sha256:aa"}, Series: 2,
		},
		Sections: []meter.Section{
			{Name: "ring", Version: 1, Data: []byte("some bytes")},
			{Name: "hidden", Version: 3, Data: []byte{0, 0, 0}},
		},
	}
}

func encoded(t testing.TB, s *Snapshot) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := Encode(&buf, s); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func decodeBytes(b []byte) (*Snapshot, error) { return Decode(bytes.NewReader(b), int64(len(b))) }

func TestEveryFlippedByteIsFound(t *testing.T) {
	t.Parallel()
	whole := encoded(t, tiny())
	if _, err := decodeBytes(whole); err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		for bit := range 8 {
			b := bytes.Clone(whole)
			b[i] ^= 1 << bit
			for _, mode := range []decodeMode{keepData, verify} {
				if _, err := decode(bytes.NewReader(b), int64(len(b)), mode); !errors.Is(err, ErrDamaged) {
					t.Fatalf("byte %d bit %d: %v", i, bit, err)
				}
			}
		}
	}
}

func TestEveryCutAndAdditionIsFound(t *testing.T) {
	t.Parallel()
	whole := encoded(t, tiny())
	for n := range whole {
		if _, err := decodeBytes(whole[:n]); !errors.Is(err, ErrDamaged) {
			t.Fatalf("first %d bytes: %v", n, err)
		}
		// The file shrinks while it is read: the size promises more than comes.
		if _, err := Decode(bytes.NewReader(whole[:n]), int64(len(whole))); !errors.Is(err, ErrDamaged) {
			t.Fatalf("first %d bytes of a promised whole: %v", n, err)
		}
	}
	if _, err := decodeBytes(append(bytes.Clone(whole), 0)); !errors.Is(err, ErrDamaged) {
		t.Fatalf("a byte more: %v", err)
	}
}

func TestChunksThatChangedPlaces(t *testing.T) {
	t.Parallel()
	data := append(bytes.Repeat([]byte{1}, chunkSize), bytes.Repeat([]byte{2}, chunkSize)...)
	s := tiny()
	s.Sections = []meter.Section{{Name: "ring", Data: data}}
	b := encoded(t, s)
	start := bytes.Index(b, bytes.Repeat([]byte{1}, 100))
	const step = chunkSize + crcLen
	first := bytes.Clone(b[start : start+step])
	copy(b[start:], b[start+step:start+2*step])
	copy(b[start+step:], first)
	if _, err := decodeBytes(b); !errors.Is(err, ErrDamaged) ||
		!strings.Contains(err.Error(), `chunk 0 of section "ring"`) {
		t.Fatalf("error %v", err)
	}
}

func TestLaterVersionIsRefusedByName(t *testing.T) {
	t.Parallel()
	b := encoded(t, tiny())
	binary.LittleEndian.PutUint16(b[len(magic):], formatVersion+1)
	binary.LittleEndian.PutUint32(b[preambleLen:], crc32.Checksum(b[:preambleLen], castagnoli()))
	_, err := decodeBytes(b)
	if !errors.Is(err, ErrVersion) || errors.Is(err, ErrDamaged) ||
		!strings.Contains(err.Error(), "2, this program reads 1") {
		t.Fatalf("error %v", err)
	}
}

// A section that promises exabytes, with a right checksum, must cost no memory.
func TestHostileLengthAllocatesNothing(t *testing.T) {
	t.Parallel()
	whole := encoded(t, tiny())
	at := bytes.IndexByte(whole[preambleLen+crcLen:], '}') + preambleLen + crcLen + 1 + crcLen
	rec := append([]byte{markSection, 1, 'x'}, 0, 0)
	rec = binary.LittleEndian.AppendUint64(rec, 1<<62)
	b := append(bytes.Clone(whole[:at]), rec...)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(rec, castagnoli()))
	b = append(b, make([]byte, 64)...)
	_, err := decodeBytes(b)
	if !errors.Is(err, ErrDamaged) ||
		!strings.Contains(err.Error(), `section "x" needs 4611686018427387904 bytes, 64 are left`) {
		t.Fatalf("error %v", err)
	}
}

func TestReadFaultIsPassedOn(t *testing.T) {
	t.Parallel()
	whole := encoded(t, tiny())
	broken := errors.New("disk on fire")
	for n := range whole {
		r := io.MultiReader(bytes.NewReader(whole[:n]), failingReader{broken})
		if _, err := Decode(r, int64(len(whole))); !errors.Is(err, broken) {
			t.Fatalf("after %d bytes: %v", n, err)
		}
	}
}

type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := tiny()
		s.Header.Seq = rapid.Uint64().Draw(t, "seq")
		s.Header.Stream = rapid.String().Draw(t, "stream")
		s.Header.Series = rapid.IntRange(0, 1<<40).Draw(t, "series")
		s.Sections = nil
		for _, name := range rapid.SliceOfNDistinct(
			rapid.StringMatching(`[a-z]{1,64}`), 0, 5, rapid.ID,
		).Draw(t, "names") {
			size := rapid.SampledFrom(
				[]int{0, 1, 7, chunkSize - 1, chunkSize, chunkSize + 1},
			).Draw(t, "size")
			s.Sections = append(
				s.Sections,
				meter.Section{
					Name: name, Version: rapid.Uint16().Draw(t, "version"),
					Data: bytes.Repeat([]byte{byte(size)}, size),
				},
			)
		}
		var buf bytes.Buffer
		if err := Encode(&buf, s); err != nil {
			t.Fatal(err)
		}
		got, err := decodeBytes(buf.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s, got, cmp.Comparer(bytes.Equal)); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

func FuzzDecode(f *testing.F) {
	whole := encoded(f, tiny())
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		s, err := decodeBytes(b)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20+64*uint64(len(b)) {
			t.Fatalf("%d bytes made it allocate %d", len(b), used)
		}
		if err != nil {
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrVersion) {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		if _, err := decodeBytes(encoded(t, s)); err != nil {
			t.Fatalf("what was read cannot be written and read: %v", err)
		}
	})
}
