package meter

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseID(t *testing.T) {
	t.Parallel()
	id, ok := ParseID("north.m17")
	if !ok || id != (ID{Site: "north", Meter: "m17"}) || id.String() != "north.m17" {
		t.Errorf("%+v %q, %v", id, id.String(), ok)
	}
	for _, bad := range []string{
		"", ".", "north", "north.", ".m17", "a.b.c", "north..m17", "north.*", "hall 1.m",
	} {
		if id, ok := ParseID(bad); ok || id.Valid() {
			t.Errorf("%q: %+v, %v", bad, id, ok)
		}
	}
}

func TestParsePattern(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"north.m17": true, "north.*": true, "*.*": true, "*.m17": false, "north": false, "north.": false,
		"*": false, "no*.m": false, "north.m*": false, "north.m.17": false, "": false, "=.=": false,
		"north.=": false,
	} {
		pattern, ok := ParsePattern(text)
		if ok != want || ok && pattern.String() != text {
			t.Errorf("%q: %q, %v", text, pattern, ok)
		}
		if ok && pattern.Valid() == strings.Contains(text, Any) {
			t.Errorf("%q is a series: %v", text, pattern.Valid())
		}
	}
}

func TestValidToken(t *testing.T) {
	t.Parallel()
	for token, want := range map[string]bool{
		"m17": true, "A_b-9": true, strings.Repeat("x", 64): true,
		"": false, strings.Repeat("x", 65): false, "a.b": false, "a b": false, "ä": false, "*": false,
		">": false,
	} {
		if got := ValidToken(token); got != want {
			t.Errorf("ValidToken(%q) = %t, want %t", token, got, want)
		}
	}
}

func TestTokenOfAnyText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"m17": "m17", "": "_", "hall 1": "hall_1", "*": "_", "küche": "k__che",
		strings.Repeat("x", 65): strings.Repeat("x", 64),
	} {
		if got := Token(text); got != want {
			t.Errorf("the token of %q is %q, want %q", text, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		if text := rapid.String().Draw(t, "text"); !ValidToken(Token(text)) {
			t.Fatalf("%q becomes %q", text, Token(text))
		}
	})
}
