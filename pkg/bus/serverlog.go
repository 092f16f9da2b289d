package bus

import (
	"fmt"
	"strings"
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
	text := fmt.Sprintf(format, v...)
	if rebuilds(text) {
		l.log.Info().Str("text", text).Msg("nats server rebuilds the state of a stream")
		return
	}
	l.log.Warn().Str("text", text).Msg("nats server reports a warning")
}

// rebuilds reports whether a warning says that the server counts a stream anew from its messages, as
// it does for every stream after a process was killed. No message is lost by that.
func rebuilds(text string) bool {
	outdated := strings.Contains(text, "Stream state outdated")
	return outdated && strings.HasSuffix(text, "will rebuild") ||
		strings.HasSuffix(text, "Recovering stream state from index errored: prior state file")
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
