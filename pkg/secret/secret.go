package secret

import "fmt"

// hidden is shown in place of a secret. An empty secret is shown as empty text, so that a reader
// sees that it is missing.
const hidden = "***"

// Text is a secret text. Its zero value is empty. No verb of fmt, no encoder and no logger shows
// the text, not even inside a struct that is printed whole. Compare two Texts by IsZero and Reveal,
// not by ==.
type Text struct {
	// A pointer, because fmt prints the content of fields that are not exported without asking
	// their methods.
	text *string
}

// New returns a secret.
func New(text string) Text {
	if text == "" {
		return Text{}
	}
	return Text{&text}
}

// IsZero reports whether the secret is empty.
func (t Text) IsZero() bool { return t.text == nil }

// Reveal returns the secret itself.
func (t Text) Reveal() string {
	if t.text == nil {
		return ""
	}
	return *t.text
}

// String returns "***", or "" for an empty secret.
func (t Text) String() string {
	if t.text == nil {
		return ""
	}
	return hidden
}

// Format writes what String returns, for every verb, among them %q, %x and %#v.
func (t Text) Format(f fmt.State, _ rune) { fmt.Fprint(f, t.String()) }

// MarshalText returns what String returns: JSON, YAML and XML show that.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText sets the secret, for flags and variables.
func (t *Text) UnmarshalText(text []byte) error {
	*t = New(string(text))
	return nil
}
