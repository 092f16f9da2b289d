package streams

import (
	"errors"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
)

func TestMarkControl(t *testing.T) {
	t.Parallel()
	c, err := DecodeMarkControl(example(t, "control_mark.json"))
	if err != nil {
		t.Fatal(err)
	}
	pattern, m, err := c.Mark()
	want := meter.Mark{From: 1769752800, Until: 1769882400, Reason: meter.Outage}
	if err != nil || pattern.String() != "north.m17" || m != want {
		t.Fatalf("%s %+v, %v", pattern, m, err)
	}
	if again := NewMark(pattern, m); again != c {
		t.Errorf("%+v, want %+v", again, c)
	}
	offset := []byte(`{"schema":1,"series":"*.*","from":"2026-01-30T07:00:00.5+01:00",` +
		`"until":"2026-01-31T19:00:00+01:00","reason":"none"}`)
	if c, err = DecodeMarkControl(offset); err != nil {
		t.Fatal(err)
	}
	if _, m, _ := c.Mark(); m != (meter.Mark{From: want.From, Until: want.Until}) {
		t.Errorf("with an offset from UTC: %+v", m)
	}
}

func TestMarkControlRefuses(t *testing.T) {
	t.Parallel()
	for field, text := range map[string]string{
		"series": `{"schema":1,"series":"north","from":"2026-01-30T06:00:00Z","until":"2026-01-31T18:00:00Z","reason":"outage"}`,
		"from":   `{"schema":1,"series":"*.*","from":"1969-01-30T06:00:00Z","until":"2026-01-31T18:00:00Z","reason":"outage"}`,
		"until":  `{"schema":1,"series":"*.*","from":"2026-01-31T18:00:00Z","until":"2026-01-31T18:00:00Z","reason":"outage"}`,
		"reason": `{"schema":1,"series":"*.*","from":"2026-01-30T06:00:00Z","until":"2026-01-31T18:00:00Z","reason":"broken"}`,
	} {
		_, err := DecodeMarkControl([]byte(text))
		var invalid *InvalidError
		if !errors.As(err, &invalid) || invalid.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	far := `{"schema":1,"series":"*.*","from":"2026-01-30T06:00:00Z","until":"2200-01-31T18:00:00Z","reason":"outage"}`
	if _, err := DecodeMarkControl([]byte(far)); err == nil {
		t.Error("a mark until 2200 was taken")
	}
}
