package kernel

import (
	"slices"
	"strings"
	"testing"
)

func TestPick(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		named string
		there []Family
		want  Family
		fails bool
	}{
		"best of all":     {"", []Family{Go, AVX2, AVX512}, AVX512, false},
		"only Go":         {"", []Family{Go}, Go, false},
		"named":           {"avx2", []Family{Go, AVX2, AVX512}, AVX2, false},
		"capitals":        {"GO", []Family{Go, AVX2}, Go, false},
		"not here":        {"avx512", []Family{Go, AVX2}, AVX2, true},
		"no such kernels": {"neon", []Family{Go, AVX2}, AVX2, true},
	} {
		got, err := pick(c.named, c.there)
		if got != c.want || (err != nil) != c.fails {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		if err != nil && !(strings.Contains(err.Error(), c.named) && strings.Contains(err.Error(), "[go avx2]")) {
			t.Errorf("%s: %v does not name what was asked and what there is", name, err)
		}
	}
	if !slices.Contains(available(), Active()) || Check() != nil {
		t.Errorf("%v is in use, of %v: %v", Active(), available(), Check())
	}
}

func TestPeakCounts(t *testing.T) {
	t.Parallel()
	if n := Peak(10); (n > 0) != (Active() != Go) {
		t.Errorf("%v: %v multiply-adds", Active(), n)
	}
}
