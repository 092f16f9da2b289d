package meter_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
)

var (
	northM17 = meter.ID{Site: "north", Meter: "m17"}
	allNorth = meter.ID{Site: "north", Meter: meter.Any}
	everyone = meter.ID{Site: meter.Any, Meter: meter.Any}
)

// marksOf are the marks of one pattern.
func marksOf(m *meter.Marks, pattern meter.ID) []meter.Mark {
	for p, marks := range m.All() {
		if p == pattern {
			return marks
		}
	}
	return nil
}

func TestPutMarks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ put, want []meter.Mark }{
		"apart": {
			put:  []meter.Mark{{30, 40, meter.Holiday}, {10, 20, meter.Outage}},
			want: []meter.Mark{{10, 20, meter.Outage}, {30, 40, meter.Holiday}},
		},
		"over one another": {
			put:  []meter.Mark{{10, 30, meter.Outage}, {20, 40, meter.Outage}},
			want: []meter.Mark{{10, 40, meter.Outage}},
		},
		"touching": {
			put:  []meter.Mark{{10, 20, meter.Outage}, {30, 40, meter.Outage}, {20, 30, meter.Outage}},
			want: []meter.Mark{{10, 40, meter.Outage}},
		},
		"touching with another reason": {
			put:  []meter.Mark{{10, 20, meter.Outage}, {20, 30, meter.Exclude}},
			want: []meter.Mark{{10, 20, meter.Outage}, {20, 30, meter.Exclude}},
		},
		"another reason in the middle": {
			put: []meter.Mark{{10, 40, meter.Outage}, {20, 30, meter.Holiday}},
			want: []meter.Mark{
				{10, 20, meter.Outage}, {20, 30, meter.Holiday}, {30, 40, meter.Outage},
			},
		},
		"taken away in the middle": {
			put:  []meter.Mark{{10, 40, meter.Outage}, {20, 30, meter.Unmarked}},
			want: []meter.Mark{{10, 20, meter.Outage}, {30, 40, meter.Outage}},
		},
		"all taken away": {
			put: []meter.Mark{{10, 20, meter.Outage}, {30, 40, meter.Holiday}, {0, 50, meter.Unmarked}},
		},
		"nothing to take away": {put: []meter.Mark{{10, 20, meter.Unmarked}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var m meter.Marks
			for _, mark := range c.put {
				if _, ok := m.Put(northM17, mark); !ok {
					t.Fatalf("%v refused", mark)
				}
			}
			if got := marksOf(&m, northM17); !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
			if len(c.want) == 0 && m.Len() != 0 {
				t.Error("a pattern without marks is kept")
			}
		})
	}
}

// Whatever is marked and unmarked, a second has the reason of the newest mark over it.
func TestNewestMarkHolds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var m meter.Marks
		var seconds [60]meter.MarkReason
		for range rapid.IntRange(1, 20).Draw(t, "marks") {
			from := rapid.Int64Range(0, 58).Draw(t, "from")
			mark := meter.Mark{
				From: from, Until: rapid.Int64Range(from+1, 59).Draw(t, "until"),
				Reason: meter.MarkReason(rapid.IntRange(0, 3).Draw(t, "reason")),
			}
			m.Put(northM17, mark)
			for s := mark.From; s < mark.Until; s++ {
				seconds[s] = mark.Reason
			}
		}
		for s, want := range seconds {
			if got := m.Of(northM17, int64(s), int64(s)+1); got != want {
				t.Fatalf("second %d: %s, want %s", s, got, want)
			}
		}
		marks := marksOf(&m, northM17)
		for i := 1; i < len(marks); i++ {
			a, b := marks[i-1], marks[i]
			if a.Until > b.From || a.Until == b.From && a.Reason == b.Reason {
				t.Fatalf("%v and %v stand apart", a, b)
			}
		}
	})
}

func TestMarkOfNarrowestPattern(t *testing.T) {
	t.Parallel()
	var m meter.Marks
	m.Put(everyone, meter.Mark{From: 0, Until: 100, Reason: meter.Holiday})
	m.Put(allNorth, meter.Mark{From: 0, Until: 50, Reason: meter.Exclude})
	m.Put(northM17, meter.Mark{From: 10, Until: 20, Reason: meter.Outage})
	south := meter.ID{Site: "south", Meter: "m17"}
	for _, c := range []struct {
		id          meter.ID
		from, until int64
		want        meter.MarkReason
	}{
		{northM17, 10, 11, meter.Outage},
		{northM17, 5, 11, meter.Outage}, // one second of the period is enough
		{northM17, 5, 10, meter.Exclude},
		{northM17, 20, 30, meter.Exclude},
		{northM17, 60, 61, meter.Holiday},
		{south, 10, 11, meter.Holiday},
		{south, 100, 101, meter.Unmarked},
	} {
		if got := m.Of(c.id, c.from, c.until); got != c.want {
			t.Errorf("%s from %d until %d: %s, want %s", c.id, c.from, c.until, got, c.want)
		}
	}
}

func TestMarksAreBounded(t *testing.T) {
	t.Parallel()
	var m meter.Marks
	forgotten := 0
	for i := range int64(meter.MostMarks + 5) {
		n, ok := m.Put(northM17, meter.Mark{From: 10 * i, Until: 10*i + 5, Reason: meter.Exclude})
		if forgotten += n; !ok {
			t.Fatal("refused")
		}
	}
	marks := marksOf(&m, northM17)
	if forgotten != 5 || len(marks) != meter.MostMarks || marks[0].From != 50 {
		t.Errorf("%d forgotten, %d marks from %d on", forgotten, len(marks), marks[0].From)
	}
	for i := 1; i < meter.MostMarked; i++ {
		id := meter.ID{Site: "south", Meter: fmt.Sprint("m", i)}
		m.Put(id, meter.Mark{From: 1, Until: 2, Reason: meter.Outage})
	}
	if _, ok := m.Put(allNorth, meter.Mark{From: 1, Until: 2, Reason: meter.Outage}); ok ||
		m.Len() != meter.MostMarked {
		t.Errorf("one more pattern was taken beside %d", m.Len())
	}
	if _, ok := m.Put(allNorth, meter.Mark{From: 1, Until: 2}); !ok {
		t.Error("taking away was refused")
	}
}

func TestCheckMark(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]meter.Mark{
		"ends before it begins": {From: 20, Until: 10, Reason: meter.Outage},
		"empty":                 {From: 20, Until: 20, Reason: meter.Outage},
		"before 1970":           {From: -1, Until: 20, Reason: meter.Outage},
		"after 2100":            {From: 1, Until: meter.LastMark + 1, Reason: meter.Outage},
		"unknown reason":        {From: 1, Until: 2, Reason: 4},
	} {
		if m.Check() == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if err := (meter.Mark{From: 0, Until: meter.LastMark}).Check(); err != nil {
		t.Error(err)
	}
}

func TestMarkReasons(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"none", "outage", "holiday", "exclude"} {
		if r, err := meter.ParseMarkReason(word); err != nil || r.String() != word {
			t.Errorf("%s is read as %s: %v", word, r, err)
		}
	}
	if _, err := meter.ParseMarkReason("broken"); err == nil {
		t.Error("broken was taken")
	}
}
