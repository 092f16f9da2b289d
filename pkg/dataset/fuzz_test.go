package dataset

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/tabular"
)

// FuzzFiles: whatever stands in a file, history and covariates are made of it or it is refused;
// nothing brings the program down, and what is made is on its grid and finite.
func FuzzFiles(f *testing.F) {
	for _, file := range []string{
		"series,timestamp,value\na,2026-01-31T13:00:00Z,1.5\ndefault.a,2026-01-31T13:00:00Z,2\n" +
			"a,2026-01-31T14:00:00Z,nan\n",
		"timestamp,a,b\n2026-01-31T13:15,1,\n2026-01-31T13:30,,2\n2026-01-31T13:45,1,1\n" +
			"1970-01-01,0,0\n2200-12-31,0,0\n",
		"timestamp,a\n2026-01-31 13:00,1\n2026-02-28 13:00,1\n2026-02-28 " +
			"14:00,999999999999\n2026-02-28 15:00,-999999999999\n",
		"timestamp,a\n2026-01-31 13:07:11,1\n2026-01-31 14:07:11,1\n2026-01-31 15:07:12,1\n",
	} {
		f.Add([]byte(file), "energy")
		f.Add([]byte(file), "")
	}
	f.Fuzz(func(t *testing.T, data []byte, word string) {
		kind, err := meter.ParseKind(word)
		if err != nil {
			return
		}
		path := filepath.Join(t.TempDir(), "fuzz.csv")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		source := Files{Paths: []string{path}, Options: tabular.Options{Kind: kind, MaxRows: 1000}}
		b := NewBuilder()
		if source.Load(t.Context(), b) == nil {
			histories := b.Build()
			for _, h := range histories {
				for n := h.Ring.First(); n <= h.Ring.Newest; n++ {
					if v, _ := h.Ring.At(n); v-v != 0 {
						t.Fatalf("%s at %d is %v", h.ID, h.Start(n), v)
					}
				}
			}
			Remarks(histories, 0, 1<<40)
		}
		c, err := source.Covariates()
		if err != nil {
			return
		}
		all, err := c.Standardised(1 << 40)
		if err != nil {
			t.Fatal(err)
		}
		for _, known := range all {
			if v := c.Of(meter.ID{Site: "default", Meter: "m"})[known.Name]; !(known.Scale > 0) ||
				known.Center-known.Center != 0 || len(v.Values) > 2_100_000 {
				t.Fatalf("%+v, %d hours", known, len(v.Values))
			}
		}
	})
}
