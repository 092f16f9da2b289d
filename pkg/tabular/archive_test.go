package tabular

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"
)

// archiveOf is a zip archive of files, which have these names and contents in turn.
func archiveOf(t testing.TB, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w, err := z.Create(files[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestArchiveOfOneFile(t *testing.T) {
	t.Parallel()
	const rows = "series,timestamp,value\na.b,2026-01-31T13:00:00Z,1\n"
	want := "a.b 2026-01-31T13:00:00 1"
	wantRows(
		t,
		archiveOf(t, "data/", "", "data/usage.csv", rows, "__MACOSX/._usage.csv", "x"),
		Options{},
		want,
	)
	wantRows(
		t,
		archiveOf(t, "usage.json", `{"series":"a.b","ts":1769864400,"value":1}`),
		Options{},
		want,
	)
	wantRows(
		t,
		archiveOf(t, "usage.xml", gbBlock(gbValue("1"))),
		Options{Unit: "Wh", Series: "a.b"},
		want+" Wh",
	)
}

func TestArchivesRefused(t *testing.T) {
	t.Parallel()
	encrypted := []byte(archiveOf(t, "a.csv", "x"))
	at := bytes.Index(encrypted, []byte("PK\x01\x02"))
	encrypted[6] |= 1
	encrypted[at+8] |= 1
	for content, want := range map[string]string{
		archiveOf(t, "[Content_Types].xml", "", "xl/workbook.xml", "<workbook/>"): "is an Excel workbook",
		archiveOf(t, "mimetype", "", "content.xml", "<x/>", "meta.xml", ""):       `of 2 files: "content.xml", "meta.xml"`,
		archiveOf(t, "a.csv", "", "b.csv", ""):                                    `of 2 files: "a.csv", "b.csv"`,
		archiveOf(t, "a.zip", archiveOf(t, "a", "b")):                             "is a zip archive inside of a compressed file",
		archiveOf(t, "a.parquet", "PAR1 and so on"):                               "is a Parquet file inside of a compressed one",
		archiveOf(t, "a.csv", "x")[:40]:                                           "that cannot be opened",
		string(encrypted):                                                         "is an encrypted zip archive",
	} {
		_, _, err := loaded(t, content, Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
}
