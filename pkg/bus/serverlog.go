package bus

import (
	"fmt"
	"sync"

	"github.com/rs/zerolog"
)

// serverLog passes the server's warnings and errors on, and keeps its first fatal word: the server ends neither the
// process nor itself when it has its own logger, it only says so.
type serverLog struct {
	log zerolog.Logger

	mu    sync.Mutex
	death error
}

func (l *serverLog) Noticef(string, ...any) {}
func (l *serverLog) Debugf(string, ...any)  {}
func (l *serverLog) Tracef(string, ...any)  {}

func (l *serverLog) Warnf(format string, v ...any) {
	l.log.Warn().Str("text", fmt.Sprintf(format, v...)).Msg("nats server warns")
}

func (l *serverLog) Errorf(format string, v ...any) {
	l.log.Error().Str("text", fmt.Sprintf(format, v...)).Msg("nats server failed at something")
}

func (l *serverLog) Fatalf(format string, v ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.death != nil {
		return
	}
	death := &serverDeath{text: fmt.Sprintf(format, v...)}
	for _, arg := range v {
		if err, ok := arg.(error); ok {
			death.cause = err
		}
	}
	l.death = death
}

func (l *serverLog) fatal() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.death
}

// serverDeath is the server's fatal word with the error it was made of, if there was one.
type serverDeath struct {
	text  string
	cause error
}

func (d *serverDeath) Error() string { return d.text }
func (d *serverDeath) Unwrap() error { return d.cause }
