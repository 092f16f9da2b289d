package bus

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseDelivery(t *testing.T) {
	t.Parallel()
	want := delivery{stream: 81231, consumer: 7, nanos: 1767225600123456789, pending: 12}
	for name, tc := range map[string]struct {
		reply string
		ok    bool
	}{
		"first layout":  {"$JS.ACK.R0.log_x.1.81231.7.1767225600123456789.12", true},
		"second layout": {"$JS.ACK._.acchash.R0.log_x.1.81231.7.1767225600123456789.12", true},
		"second layout, longer": {
			"$JS.ACK.hub.acchash.R0.log_x.1.81231.7.1767225600123456789.12.random", true,
		},
		"no acknowledgement": {"_INBOX.x.y", false},
		"empty":              {"", false},
		"cut short":          {"$JS.ACK.R0.log_x.1.81231.7.1767225600123456789", false},
		"no number":          {"$JS.ACK.R0.log_x.1.81231.x.1767225600123456789.12", false},
		"empty number":       {"$JS.ACK.R0.log_x.1.81231..1767225600123456789.12", false},
		"a number out of bounds": {
			"$JS.ACK.R0.log_x.1.99999999999999999999.7.1767225600123456789.12", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := parseDelivery(tc.reply)
			if ok != tc.ok || (ok && got != want) {
				t.Fatalf("%+v, %t", got, ok)
			}
		})
	}
}

// Not parallel: allocations are counted for the whole process.
func TestParseDeliveryAllocatesNothing(t *testing.T) {
	reply := "$JS.ACK.R0.log_x.1.81231.7.1767225600123456789.12"
	if n := testing.AllocsPerRun(100, func() { parseDelivery(reply) }); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func FuzzParseDelivery(f *testing.F) {
	f.Add("$JS.ACK.R0.log_x.1.81231.7.1767225600123456789.12")
	f.Add("$JS.ACK.hub.acchash.R0.log_x.1.81231.7.1767225600123456789.12.random")
	f.Fuzz(func(t *testing.T, reply string) {
		d, ok := parseDelivery(reply)
		if !ok {
			return
		}
		// What was read stands in the subject, in this order.
		rest := reply
		for _, n := range []uint64{d.stream, d.consumer, uint64(d.nanos), d.pending} {
			i := strings.Index(rest, fmt.Sprint(n))
			if i < 0 {
				t.Fatalf("%q does not hold %+v", reply, d)
			}
			rest = rest[i:]
		}
	})
}

func TestVersionAtLeast(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{
		"2.14.0": true, "2.15.2": true, "3.0.0": true, "2.14.0-RC.1": true, "v2.20.1": true,
		"2.14.0-dev": true,
		"2.13.9":     false, "2.9.25": false, "1.99.99": false, "": false, "latest": false, "2.14": false,
		"2.x.0": false,
	} {
		if versionAtLeast(version, MinServerVersion) != want {
			t.Errorf("%q: want %t", version, want)
		}
	}
}

func TestRedact(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"nats://127.0.0.1:4222":              "nats://127.0.0.1:4222",
		"nats://me:secret@a:4222,nats://b:1": "nats://me:xxxxx@a:4222,nats://b:1",
		"nats://token@a:4222":                "nats://xxxxx@a:4222",
		"nats://a:1, tls://me:secret@b:4222": "nats://a:1,tls://me:xxxxx@b:4222",
	} {
		if got := redact(url); got != want {
			t.Errorf("%q: %q, want %q", url, got, want)
		}
	}
}
