package checkpoint

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/loadtide/loadtide/pkg/meter"
)

// documented is the checkpoint whose bytes docs/format/checkpoint.md shows.
func documented() *Snapshot {
	return &Snapshot{
		Header: Header{
			Partition: 3, Partitions: 8, Stream: "R3", Created: time.Date(
				2026, 11, 23, 21, 42, 57, 0, time.UTC,
			), Seq: 218, Kernel: "go", Series: 1,
		},
		Sections: []meter.Section{{Name: "aside", Version: 1, Data: []byte{0, 0, 0, 0}}},
	}
}

// The example of docs/format/checkpoint.md is what Encode writes and Decode reads.
func TestDocumentShowsAFile(t *testing.T) {
	t.Parallel()
	written := encoded(t, documented())
	var shown []byte
	for _, m := range regexp.MustCompile(
		`(?m)^[0-9a-f]{8}  ([0-9a-f ]+?) +\|`,
	).FindAllStringSubmatch(page(t), -1) {
		line, err := hex.DecodeString(strings.ReplaceAll(m[1], " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		shown = append(shown, line...)
	}
	if !bytes.Equal(shown, written) {
		t.Fatalf("the example should be\n%s", hex.Dump(written))
	}
	read, err := decodeBytes(shown)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(documented(), read); diff != "" {
		t.Error(diff)
	}
}

// The numbers of docs/format/checkpoint.md are those of the code.
func TestDocumentStatesTheNumbers(t *testing.T) {
	t.Parallel()
	text := page(t)
	for _, want := range []string{
		fmt.Sprintf("| magic | 8 bytes | `% x` |", magic),
		fmt.Sprintf("| version | u16 | %d |", formatVersion),
		fmt.Sprintf("chunks of %d bytes", chunkSize),
		fmt.Sprintf("| header | %d bytes |", maxHeader),
		fmt.Sprintf("| sections of a file | %d |", maxSections),
		fmt.Sprintf("| name of a section | %d bytes |", maxName),
		fmt.Sprintf("| `S` | `%02x` |", markSection),
		fmt.Sprintf("| `E` | `%02x` |", markEnd),
		"`" + fileName(3, 218) + "`",
		"`" + temporary + "`",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("docs/format/checkpoint.md does not say %s", want)
		}
	}
}

func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "format", "checkpoint.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
