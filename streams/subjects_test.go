package streams

import (
	"errors"
	"hash/fnv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
)

func TestPartitionIsFNV(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		token := rapid.StringMatching(`[A-Za-z0-9_-]{1,64}`)
		id := meter.ID{Site: token.Draw(t, "site"), Meter: token.Draw(t, "meter")}
		partitions := rapid.IntRange(1, MaxPartitions).Draw(t, "partitions")
		h := fnv.New32a()
		h.Write([]byte(id.Site + id.Meter))
		if got, want := Partition(id, partitions), int(h.Sum32()%uint32(partitions)); got != want {
			t.Fatalf("Partition(%s, %d) = %d, want %d", id, partitions, got, want)
		}
	})
	if got := Partition(meter.ID{Site: "a", Meter: "b"}, 0); got != 0 {
		t.Errorf("Partition of 0 partitions = %d, want 0", got)
	}
}

func TestParseInput(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 65)
	for _, c := range []struct {
		subject string
		want    Input
		ok      bool
	}{
		{
			ReadingSubject(3, meter.ID{Site: "north", Meter: "m17"}),
			Input{Partition: 3, Series: meter.ID{Site: "north", Meter: "m17"}}, true,
		},
		{
			ReadingSubject(1023, meter.ID{Site: "n", Meter: "m"}),
			Input{Partition: 1023, Series: meter.ID{Site: "n", Meter: "m"}}, true,
		},
		{
			PublicReadingSubject(meter.ID{Site: "north", Meter: "m17"}),
			Input{Series: meter.ID{Site: "north", Meter: "m17"}}, true,
		},
		{ControlSubject(7, ControlModel), Input{Control: ControlModel, Partition: 7}, true},
		{ControlSubject(7, ControlTick), Input{Control: ControlTick, Partition: 7}, true},
		{"r.1024.n.m", Input{Series: meter.ID{Site: "n", Meter: "m"}}, false},
		{"r.03.n.m", Input{Series: meter.ID{Site: "n", Meter: "m"}}, false},
		{"r.-1.n.m", Input{Series: meter.ID{Site: "n", Meter: "m"}}, false},
		{"r.3.n", Input{Partition: 3, Series: meter.ID{Site: "n"}}, false},
		{"r.3.n.m.o", Input{Partition: 3, Series: meter.ID{Site: "n", Meter: "m.o"}}, false},
		{"r.3.n." + long, Input{Partition: 3, Series: meter.ID{Site: "n", Meter: long}}, false},
		{"readings.hall 1.m", Input{Series: meter.ID{Site: "hall 1", Meter: "m"}}, false},
		{"readings.küche.m", Input{Series: meter.ID{Site: "küche", Meter: "m"}}, false},
		{"readings", Input{}, false},
		{"ctl.x.model", Input{}, false},
		{"ctl.1.", Input{Partition: 1}, false},
		{"ctl.1.a.b", Input{Partition: 1}, false},
		{"forecasts.n.m", Input{}, false},
		{"", Input{}, false},
	} {
		got, err := ParseInput(c.subject)
		if got != c.want || (err == nil) != c.ok {
			t.Errorf("ParseInput(%q) = %+v, %v; want %+v, ok %t", c.subject, got, err, c.want, c.ok)
		}
		var invalid *InvalidError
		if err != nil && (!errors.As(err, &invalid) || invalid.Reason != meter.ReasonBadSubject) {
			t.Errorf(
				"ParseInput(%q) error is %v, want an InvalidError with %s",
				c.subject, err, meter.ReasonBadSubject,
			)
		}
	}
}

func TestRejectedSubjectIsAlwaysLegal(t *testing.T) {
	t.Parallel()
	if got, want := RejectedSubject(
		meter.ID{Site: "hall 1", Meter: ""},
	), "rejected.hall_1._"; got != want {
		t.Errorf("RejectedSubject = %q, want %q", got, want)
	}
	rapid.Check(t, func(t *rapid.T) {
		id := meter.ID{Site: rapid.String().Draw(t, "site"), Meter: rapid.String().Draw(t, "meter")}
		tokens := strings.Split(RejectedSubject(id), ".")
		if len(tokens) != 3 || !meter.ValidToken(tokens[1]) || !meter.ValidToken(tokens[2]) {
			t.Fatalf("RejectedSubject(%q) has tokens %q", id, tokens)
		}
	})
}

func TestOutputID(t *testing.T) {
	t.Parallel()
	created := time.Date(2026, 1, 31, 14, 0, 0, 123456789, time.UTC)
	if got, want := OutputID(created, 3, 81231, 2), "dg2tueqzx0r9-3-81231.2"; got != want {
		t.Errorf("OutputID = %q, want %q", got, want)
	}
	place := rapid.Custom(func(t *rapid.T) OutputKey {
		id := OutputID(time.Unix(
			0, rapid.Int64Min(0).Draw(t, "nanos"),
		), rapid.IntRange(0, MaxPartitions-1).Draw(t, "p"),
			rapid.Uint64().Draw(t, "seq"), rapid.IntRange(0, 1<<31-1).Draw(t, "k"))
		p, ok := ParseOutputID(id)
		if !ok {
			t.Fatalf("ParseOutputID(%q) refused", id)
		}
		return p
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := place.Draw(t, "a"), place.Draw(t, "b")
		if a.Less(b) && b.Less(a) || a != b && !a.Less(b) && !b.Less(a) || a.Less(a) {
			t.Fatalf("Less is no order for %+v and %+v", a, b)
		}
		next := a
		if next.Seq++; next.Seq != 0 && !a.Less(next) {
			t.Fatalf("%+v is not before the next input", a)
		}
	})
	for _, id := range []string{"", "a-1-2", "a-1.2", "A-1-2.3", "0a-1-2.3", "a-01-2.3", "a-1-02.3", "a-1-2.03",
		"a-1-2.-3", "a-1-+2.3", "a-1-2.3.4", "a-1024-2.3", "-1-2.3", "zzzzzzzzzzzzzz-1-2.3"} {
		if p, ok := ParseOutputID(id); ok {
			t.Errorf("ParseOutputID(%q) = %+v, want it refused", id, p)
		}
	}
	early, late := OutputKey{Created: "zz"}, OutputKey{Created: "100"}
	if !early.Less(late) {
		t.Error("a younger stream must come later")
	}
}

func TestIsControl(t *testing.T) {
	t.Parallel()
	for subject, want := range map[string]bool{
		"ctl.3.model": true, "ctl.0.tick": true, "ctl.3": false, "ctl.3.a.b": false, "ctl.x.model": false,
		"ctl.": false, "": false,
		"r.3.ctl.m17": false, "readings.ctl.m17": false, "ctlx.3.model": false,
	} {
		if IsControl(subject) != want {
			t.Errorf("%q: %v", subject, !want)
		}
	}
}
