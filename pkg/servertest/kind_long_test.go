package servertest

import "testing"

func TestRequireSkipsWhatIsNotAskedFor(t *testing.T) {
	for list, skipped := range map[string]bool{
		"": true, "servers": true, "longer": true, "long": false, "servers,long": false,
	} {
		t.Setenv(KindsVariable, list)
		if o := required(Long); o.skipped != skipped || o.failed {
			t.Errorf("%s=%q: skipped %v, failed %v", KindsVariable, list, o.skipped, o.failed)
		}
	}
	if o := required(Servers); !o.failed {
		t.Error("a test that make test-servers would not find was accepted")
	}
}
