package endtoend

import (
	"bytes"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
)

// readDocument is the text of a file of the repository.
func readDocument(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root(t), filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")))
}

// anchor is what GitHub makes of a heading: lower case, spaces to hyphens, other marks gone.
func anchor(heading string) string {
	heading = strings.ToLower(strings.TrimSpace(heading))
	return strings.ReplaceAll(regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(heading, ""), " ", "-")
}

// TestLinksBetweenDocumentsLead follows every relative link of the documents to its file and
// heading.
func TestLinksBetweenDocumentsLead(t *testing.T) {
	t.Parallel()
	files := trackedFiles(t)
	anchors := map[string][]string{}
	for _, file := range files {
		if strings.HasSuffix(file, ".md") {
			for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(readDocument(t, file), -1) {
				anchors[file] = append(anchors[file], anchor(m[1]))
			}
		}
	}
	for file := range anchors {
		for _, m := range regexp.MustCompile(`\]\(([^)#:\s]*)(#[^)\s]+)?\)`).FindAllStringSubmatch(readDocument(t, file), -1) {
			target := file
			if m[1] != "" {
				target = strings.TrimSuffix(path.Join(path.Dir(file), m[1]), "/")
			}
			isFolder := slices.ContainsFunc(files, func(f string) bool {
				return strings.HasPrefix(f, target+"/")
			})
			if !slices.Contains(files, target) && !isFolder {
				t.Errorf("%s: nothing at %s", file, m[0])
			}
			if heading := strings.TrimPrefix(m[2], "#"); heading != "" &&
				!slices.Contains(anchors[target], heading) {
				t.Errorf("%s: no heading for %s", file, m[0])
			}
		}
	}
}

// TestRunbooksNameCommandsThatExist asks the program about each command of the runbooks and its
// flags.
func TestRunbooksNameCommandsThatExist(t *testing.T) {
	t.Parallel()
	p, asked := newPlace(t), 0
	for heading, text := range sections(t) {
		for _, m := range regexp.MustCompile("(?m)^\\./bin/loadtide (.*)$|`loadtide ([^`]*)`").FindAllStringSubmatch(text, -1) {
			line := strings.Fields(m[1] + m[2])
			end := slices.IndexFunc(line, func(w string) bool { return !regexp.MustCompile(`^[a-z]+$`).MatchString(w) })
			if end < 0 {
				end = len(line)
			}
			command := line[:min(end, 2)]
			said, code := p.run(patience, append([]string{"help"}, command...)...)
			for code != 0 && len(command) > 1 { // the second word is an argument
				command = command[:1]
				said, code = p.run(patience, append([]string{"help"}, command...)...)
			}
			asked++
			if code != 0 || !strings.Contains(said, "loadtide "+strings.Join(command, " ")) {
				t.Errorf("section %s: there is no command %q: %s", heading, command, lastLine(said))
				continue
			}
			for _, w := range line[end:] {
				if flag, _, _ := strings.Cut(w, "="); strings.HasPrefix(flag, "--") && !strings.Contains(said, flag) {
					t.Errorf("section %s: %q has no flag %s", heading, command, flag)
				}
			}
		}
	}
	if asked < 5 {
		t.Errorf("%d commands found in the runbooks; the rules would hold of nothing", asked)
	}
}

func TestOperationsNamesEveryReason(t *testing.T) {
	t.Parallel()
	operations := readDocument(t, "docs/operations.md")
	for _, reason := range meter.Reasons() {
		if !strings.Contains(operations, "| `"+string(reason)+"` |") {
			t.Errorf("docs/operations.md: its table of reasons has no %q", reason)
		}
	}
}

// decision is the heading of an entry of docs/decisions.md and the line below it.
type decision struct{ number, title, date, status string }

// TestDecisionsAreIndexedAndInOrder holds the index of docs/decisions.md to its entries, the numbers
// and dates of the entries to their order, and each "replaced by" to a "replaces".
func TestDecisionsAreIndexedAndInOrder(t *testing.T) {
	t.Parallel()
	document := readDocument(t, "docs/decisions.md")
	var entries, index []decision
	for _, m := range regexp.MustCompile(`(?m)^## D(\d+): (.+)\n\n([0-9-]{10}), (.+)\.$`).FindAllStringSubmatch(document, -1) {
		entries = append(entries, decision{m[1], m[2], m[3], m[4]})
	}
	for _, m := range regexp.MustCompile(`(?m)^\| \[D(\d+)\]\(#(.+?)\) \| (.+) \| (.+) \| (.+) \|$`).FindAllStringSubmatch(document, -1) {
		if want := anchor("D" + m[1] + ": " + m[3]); m[2] != want {
			t.Errorf("docs/decisions.md: the index links D%s to #%s, want #%s", m[1], m[2], want)
		}
		index = append(index, decision{m[1], m[3], m[4], m[5]})
	}
	if headings := strings.Count(document, "\n## "); headings != len(entries) || headings < 30 {
		t.Errorf("docs/decisions.md: %d headings, and %d entries with number, date and status", headings, len(entries))
	}
	if !slices.Equal(entries, index) {
		t.Errorf("docs/decisions.md: the index is\n%q\nand the entries are\n%q", index, entries)
	}
	for i, e := range entries {
		if e.number != strconv.Itoa(i+1) || i > 0 && e.date < entries[i-1].date {
			t.Errorf("docs/decisions.md: D%s of %s is entry %d: numbers and dates ascend", e.number, e.date, i+1)
		}
		by, replaced := strings.CutPrefix(e.status, "replaced by D")
		if !replaced {
			continue
		}
		n, err := strconv.Atoi(by)
		if err != nil || n <= i+1 || n > len(entries) {
			t.Errorf("docs/decisions.md: D%s is %s, which is no later entry", e.number, e.status)
			continue
		}
		_, old, _ := strings.Cut(entries[n-1].status, "replaces ")
		if !slices.Contains(regexp.MustCompile(`D\d+`).FindAllString(old, -1), "D"+e.number) {
			t.Errorf("docs/decisions.md: D%s is %s, whose status is %q", e.number, e.status, entries[n-1].status)
		}
	}
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
