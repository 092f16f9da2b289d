package bus

import (
	"fmt"
	"sync"

	"github.com/rs/zerolog"
)

// serverLog passes on the warnings and errors of the embedded server, and keeps its first fatal
// error. A server with a logger of its own ends neither the process nor itself after a fatal error;
// it only logs it.
type serverLog struct {
	log zerolog.Logger

	mu    sync.Mutex
	first error // the first fatal error
}

func (l *serverLog) Noticef(string, ...any) {}
func (l *serverLog) Debugf(string, ...any)  {}
func (l *serverLog) Tracef(string, ...any)  {}

func (l *serverLog) Warnf(format string, v ...any) {
	l.log.Warn().Str("text", fmt.Sprintf(format, v...)).Msg("nats server reports a warning")
}

func (l *serverLog) Errorf(format string, v ...any) {
	l.log.Error().Str("text", fmt.Sprintf(format, v...)).Msg("nats server reports an error")
}

func (l *serverLog) Fatalf(format string, v ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.first != nil {
		return
	}
	fatal := &fatalError{text: fmt.Sprintf(format, v...)}
	for _, arg := range v {
		if err, ok := arg.(error); ok {
			fatal.cause = err
		}
	}
	l.first = fatal
}

func (l *serverLog) fatal() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first
}

// fatalError is a fatal error of the server, with its cause if it has one.
type fatalError struct {
	text  string
	cause error
}

func (e *fatalError) Error() string { return e.text }
func (e *fatalError) Unwrap() error { return e.cause }
