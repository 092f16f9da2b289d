package retry

// Notice tells a failure once, however often it repeats, and tells when it has passed. One
// goroutine uses it. A nil Notice tells nothing.
type Notice struct {
	// Failed is told of a failure that is not of the same kind as the last one that was told.
	Failed func(err error)
	// Recovered is told of the first success after a failure, with that failure; nil means nobody is.
	Recovered func(err error)
	// Kind names the kind of a failure; nil means that failures of the same text are of one kind.
	Kind func(err error) string

	told error // the last failure that was told; nil since the last success
}

// AnyKind is a Kind for which all failures are of one kind: only the first one is told.
func AnyKind(error) string { return "" }

// Hear takes the result of a call: nil is a success.
func (n *Notice) Hear(err error) {
	switch {
	case n == nil:
	case err == nil:
		passed := n.told
		n.told = nil
		if passed != nil && n.Recovered != nil {
			n.Recovered(passed)
		}
	case n.told == nil || n.kind(err) != n.kind(n.told):
		n.told = err
		n.Failed(err)
	}
}

func (n *Notice) kind(err error) string {
	if n.Kind != nil {
		return n.Kind(err)
	}
	return err.Error()
}

// forget makes the next failure one that is told.
func (n *Notice) forget() {
	if n != nil {
		n.told = nil
	}
}
