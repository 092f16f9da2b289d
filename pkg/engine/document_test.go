package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// docs/format/checkpoint.md lists the sections in their order, with the versions that are written,
// and has a chapter for each of them and a row for each version that is read.
func TestDocumentListsTheSections(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "format", "checkpoint.md"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	var want []string
	for _, s := range sections() {
		always := "yes"
		if s.newer {
			always = "no"
		}
		want = append(want, fmt.Sprintf("%s %d %s", s.name, len(s.readers), always))
		if !strings.Contains(text, "\n### "+s.name+"\n") {
			t.Errorf("no chapter on section %s", s.name)
		}
	}
	want = append(want, fmt.Sprintf("%s %d no", sectionSetting, settingVersion),
		fmt.Sprintf("%s %d no", sectionLimits, limitsVersion),
		fmt.Sprintf("%s %d no", sectionMarks, marksVersion),
		fmt.Sprintf("%s %d no", sectionNotes, notesVersion))
	var got []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z.]+)` \\| (\\d+) \\| .* \\| (yes|no) \\|$").FindAllStringSubmatch(text, -1) {
		got = append(got, strings.Join(m[1:], " "))
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the table lists\n%s\nand the sections are\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	_, history, _ := strings.Cut(text, "\n## Versions\n")
	for _, s := range sections() {
		if len(s.readers) == 1 {
			continue
		}
		_, rows, found := strings.Cut(history, "| `"+s.name+"` | 1 |")
		rows, _, _ = strings.Cut(rows, "| `")
		for v := 2; v <= len(s.readers) || !found; v++ {
			if !strings.Contains(rows, fmt.Sprintf("\n| | %d |", v)) {
				t.Errorf("no row on version %d of section %s", v, s.name)
				break
			}
		}
	}
}

// The sizes in docs/format/checkpoint.md are those of the sections of one series.
func TestDocumentStatesTheSizes(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "format", "checkpoint.md"))
	if err != nil {
		t.Fatal(err)
	}
	s := newSlabs(&series.Hourly, naiveWaiting(&series.Hourly))
	s.useHidden(0)
	s.add(meter.ID{Site: "north", Meter: "m1"}, "kWh")
	sizes := map[string]int{}
	for _, section := range s.write() {
		sizes[section.Name] = len(section.Data)
	}
	for _, want := range []string{
		fmt.Sprintf("`f32[%d]` for each series", sizes[sectionValues]/4),
		fmt.Sprintf("%d bytes for each series, four bits", sizes[sectionQuality]),
		fmt.Sprintf("%d bytes for each series:", sizes[sectionScaling]),
		fmt.Sprintf("cells of a ring (%d)", ringCells),
		fmt.Sprintf("0 without a model, at most %d", maxHidden),
		fmt.Sprintf("longest lead, at most %d", mostDays*24),
		fmt.Sprintf("levels, at most %d", mostLevels),
	} {
		if !strings.Contains(strings.Join(strings.Fields(string(data)), " "), want) {
			t.Errorf("docs/format/checkpoint.md does not say %q", want)
		}
	}
}
