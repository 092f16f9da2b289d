package retry

// Notice reports a failure once, however often it repeats, and reports the end of the failure. One
// goroutine uses a Notice. A nil Notice reports nothing.
type Notice struct {
	// Failed is called with a failure whose kind differs from that of the last reported failure.
	Failed func(err error)
	// Recovered is called at the first success after a reported failure, with that failure. It may
	// be nil.
	Recovered func(err error)
	// Kind names the kind of a failure. When Kind is nil, failures of the same text are of one kind.
	Kind func(err error) string

	reported error // the last reported failure; nil since the last success
}

// AnyKind is a Kind for which all failures are of one kind: only the first one is reported.
func AnyKind(error) string { return "" }

// Hear takes the result of a call: nil is a success.
func (n *Notice) Hear(err error) {
	switch {
	case n == nil:
	case err == nil:
		last := n.reported
		n.reported = nil
		if last != nil && n.Recovered != nil {
			n.Recovered(last)
		}
	case n.reported == nil || n.kind(err) != n.kind(n.reported):
		n.reported = err
		n.Failed(err)
	}
}

func (n *Notice) kind(err error) string {
	if n.Kind != nil {
		return n.Kind(err)
	}
	return err.Error()
}

// forget lets the next failure be reported, also one of the same kind.
func (n *Notice) forget() {
	if n != nil {
		n.reported = nil
	}
}
