package gateway_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/services/gateway"
)

func TestViewKeepsTheNewest(t *testing.T) {
	t.Parallel()
	v := gateway.NewView()
	v.Put(gateway.Entry{Series: "a.b", Seq: 7, Source: "lstm"})
	v.Put(gateway.Entry{Series: "a.b", Seq: 5, Source: "persistence"})
	if page, more := v.Page("", 10); len(page) != 1 || more || page[0].Seq != 7 ||
		page[0].Source != "lstm" {
		t.Errorf("page %+v, more %v", page, more)
	}
	v.Reset()
	if page, _ := v.Page("", 10); v.Len() != 0 || len(page) != 0 {
		t.Errorf("page %+v after Reset", page)
	}
	v.Put(gateway.Entry{Series: "a.b", Seq: 1})
	if v.Len() != 1 {
		t.Error("a series of a new stream was not taken")
	}
}

// TestViewPages: pages of any size together have all series in order, each once, also when
// forecasts come in between.
func TestViewPages(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := gateway.NewView()
		known := map[string]bool{}
		for range rapid.IntRange(1, 4).Draw(t, "rounds") {
			for _, n := range rapid.SliceOfN(rapid.IntRange(0, 60), 0, 30).Draw(t, "series") {
				series := fmt.Sprintf("s%d.m%d", n%3, n)
				known[series] = true
				v.Put(gateway.Entry{Series: series})
			}
			limit := rapid.IntRange(1, 10).Draw(t, "limit")
			var got []string
			for after, more := "", true; more; {
				var page []gateway.Entry
				page, more = v.Page(after, limit)
				if len(page) > limit || more && len(page) < limit {
					t.Fatalf("page of %d at limit %d, more %v", len(page), limit, more)
				}
				for _, e := range page {
					got = append(got, e.Series)
					after = e.Series
				}
			}
			if !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(known) ||
				len(got) != len(known) {
				t.Fatalf("got %v, want the %d of %v", got, len(known), known)
			}
		}
	})
}

func TestViewPageBehindASeriesThatIsNotThere(t *testing.T) {
	t.Parallel()
	v := gateway.NewView()
	for _, s := range []string{"a.1", "c.1"} {
		v.Put(gateway.Entry{Series: s})
	}
	if page, more := v.Page("b", 10); len(page) != 1 || page[0].Series != "c.1" || more {
		t.Errorf("page %+v, more %v", page, more)
	}
}
