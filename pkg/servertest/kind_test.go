package servertest

import "testing"

func TestRequireRefusesATestInAnotherFile(t *testing.T) {
	t.Parallel()
	for _, kind := range []Kind{Servers, Long} {
		if r := required(kind); !r.failed {
			t.Errorf("%s: a test that no make target runs was accepted", kind)
		}
	}
}

// outcome stands for a test and says how Require ended it.
type outcome struct {
	testing.TB
	failed, skipped bool
}

func (o *outcome) Helper()               {}
func (o *outcome) Name() string          { return "TestOfThis" }
func (o *outcome) Fatalf(string, ...any) { o.failed = true; panic("ended") }
func (o *outcome) Skipf(string, ...any)  { o.skipped = true; panic("ended") }

// required calls Require for a test that stands in the file of the calling test.
func required(kind Kind) (o *outcome) {
	o = &outcome{}
	defer func() { _ = recover() }()
	Require(o, kind)
	return o
}
