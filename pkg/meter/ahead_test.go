package meter

import "testing"

func TestFarAhead(t *testing.T) {
	t.Parallel()
	const newest, most = int64(1_800_000_000), int64(LatenessSeconds)
	for ahead, want := range map[int64]bool{
		-10 * most: false, 0: false, most: false, most + 1: true, 10 * most: true,
	} {
		if got := FarAhead(newest+ahead, newest); got != want {
			t.Errorf("%d s ahead: %t", ahead, got)
		}
		near := !want && ahead >= -most
		if a, b := Confirms(newest+ahead, newest), Confirms(newest, newest+ahead); a != near ||
			b != near {
			t.Errorf("%d s apart confirm each other: %t, %t", ahead, a, b)
		}
	}
}
