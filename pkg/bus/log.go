package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/loadtide/loadtide/pkg/retry"
)

const defaultLogBuffer = 4096

// readBackoff is the pause between attempts to read on; the first attempt comes at once.
var readBackoff = retry.Backoff{Least: 50 * time.Millisecond, Most: 2 * time.Second}

// LogConfig says what of a stream to read.
type LogConfig struct {
	Stream string
	// From is the first sequence wanted; what is no longer kept is passed over, what is not there yet is waited for. 0 is
	// the first that is kept.
	From uint64
	// LastPerSubject begins with the newest message of every subject, in order of their sequences, then goes on with
	// everything after them. From is not read then.
	LastPerSubject bool
	// HeadersOnly leaves the payloads away.
	HeadersOnly bool
	// Subject reads only what matches it. On a stream of many subjects that costs the server 50 to 280 times the whole
	// log: leave it empty unless it matches few.
	Subject string
	// Buffer is how many messages are fetched ahead; 4096 when zero. Their bytes are bounded too.
	Buffer int
}

// Log reads a stream in order, without acknowledging, each message once: after a lost connection, a restarted server or
// a lost message it goes on behind the last one delivered. One goroutine uses it.
type Log struct {
	conn    *Conn
	cfg     LogConfig
	created time.Time // identity of the stream
	next    uint64    // nothing below it is delivered any more
	settled bool      // the newest message per subject have been delivered, or were not asked for
	last    uint64    // with settled false: the stream's end when the reading of those began

	pull    *pull         // nil: to be made
	fault   error         // why pull has to be made anew
	tries   int           // attempts to read on since the last message
	silence time.Duration // without message or heartbeat that means that pull is dead
	timer   *time.Timer
	closed  bool
}

// OpenLog begins to read. Errors: ErrNoStream, or a failed request. Close the log.
func (c *Conn) OpenLog(ctx context.Context, cfg LogConfig) (*Log, error) {
	if cfg.Buffer <= 0 {
		cfg.Buffer = defaultLogBuffer
	}
	l := &Log{
		conn: c, cfg: cfg, next: max(cfg.From, 1), settled: !cfg.LastPerSubject, silence: pullSilence, timer: time.NewTimer(time.Hour),
	}
	if cfg.LastPerSubject {
		l.next = 1
	}
	l.timer.Stop()
	if err := l.open(ctx); err != nil {
		return nil, fmt.Errorf("open log of %s: %w", cfg.Stream, err)
	}
	return l, nil
}

// Next appends what has arrived to dst, at least one message and at most limit, waiting for the first one as long as ctx
// allows. It goes on by itself over whatever can be mended. Errors: ctx's own; ErrClosed; ErrNoStream or
// *StreamChangedError when the stream was deleted, made anew or rolled back. Whether a sequence is missing is for the
// caller to see.
func (l *Log) Next(ctx context.Context, dst []Message, limit int) ([]Message, error) {
	have := len(dst)
	limit = max(limit, 1)
	for {
		if l.closed {
			return dst, fmt.Errorf("log of %s: %w", l.cfg.Stream, ErrClosed)
		}
		if l.pull == nil {
			if err := l.reopen(ctx); err != nil {
				return dst, err
			}
		}
		dst, l.fault = l.drain(dst, have+limit)
		if l.fault == nil && len(dst) == have {
			l.fault = l.wait(ctx)
		}
		if l.fault != nil {
			l.drop()
		}
		if len(dst) > have {
			return dst, nil
		}
		if err := ctx.Err(); err != nil {
			return dst, err
		}
	}
}

// Close ends the log.
func (l *Log) Close() {
	l.closed = true
	l.drop()
}

func (l *Log) drop() {
	if l.pull != nil {
		l.pull.close()
		l.pull = nil
	}
}

// drain takes what is there without waiting, until dst has the length limit. A fault means that nothing more will come
// from this pull.
func (l *Log) drain(dst []Message, limit int) ([]Message, error) {
	for len(dst) < limit {
		m := l.pull.poll()
		if m == nil {
			break
		}
		msg, ok, err := l.pull.take(m)
		if err != nil {
			return dst, err
		}
		if !ok || msg.Seq < l.next {
			continue
		}
		dst = append(dst, msg)
		l.next, l.tries = msg.Seq+1, 0
		if !l.settled && (msg.Seq >= l.last || msg.Pending == 0) {
			l.settled = true
			return dst, errSettled
		}
	}
	return dst, l.pull.refill()
}

// errSettled ends the reading of the newest message per subject: it needs a filter, the log behind it must have none.
var errSettled = errors.New("newest of each subject are read")

// wait returns when something has arrived, or with the fault that makes waiting vain, or nil at the end of ctx.
func (l *Log) wait(ctx context.Context) error {
	l.timer.Reset(l.silence)
	defer l.timer.Stop()
	select {
	case m := <-l.pull.msgs:
		l.pull.unread = m
		return nil
	case <-ctx.Done():
		return nil
	case <-l.conn.gone:
		return ErrClosed
	case <-l.pull.down:
		return errors.New("connection lost")
	case <-l.timer.C:
		return fmt.Errorf("server was silent for %s", l.silence)
	}
}

// reopen goes on behind the last message delivered, as often as it takes.
func (l *Log) reopen(ctx context.Context) error {
	if l.fault != nil && !errors.Is(l.fault, errSettled) {
		l.conn.log.Info().Str("stream", l.cfg.Stream).Uint64("stream_seq", l.next-1).AnErr("err", l.fault).Msg("log is read on anew")
	}
	for {
		if err := retry.Sleep(ctx, readBackoff.Pause(l.tries)); err != nil {
			return err
		}
		if !errors.Is(l.fault, errSettled) {
			l.tries++
		}
		err := l.open(ctx)
		var changed *StreamChangedError
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, ErrNoStream), errors.Is(err, ErrClosed), errors.As(err, &changed):
			return fmt.Errorf("log of %s: %w", l.cfg.Stream, err)
		}
		l.fault = err
	}
}

// open makes one attempt to read from l.next on.
func (l *Log) open(ctx context.Context) error {
	down, err := l.conn.await(ctx)
	if err != nil {
		return err
	}
	state, err := l.conn.StreamState(ctx, l.cfg.Stream)
	if err != nil {
		return err
	}
	if l.created.IsZero() {
		l.created, l.last = state.Created, state.LastSeq
		l.settled = l.settled || state.LastSeq == 0
	} else if !l.created.Equal(state.Created) || (l.delivered() && state.LastSeq+1 < l.next) {
		return &StreamChangedError{Stream: l.cfg.Stream, WasCreated: l.created, IsCreated: state.Created, Read: l.next - 1, LastSeq: state.LastSeq}
	}
	cfg := jetstream.ConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: l.next, FilterSubject: l.cfg.Subject,
		HeadersOnly: l.cfg.HeadersOnly,
	}
	if !l.settled && !l.delivered() {
		cfg.DeliverPolicy, cfg.OptStartSeq = jetstream.DeliverLastPerSubjectPolicy, 0
		if cfg.FilterSubject == "" {
			cfg.FilterSubject = ">"
		}
	}
	l.pull, err = l.conn.openPull(ctx, l.cfg.Stream, cfg, l.cfg.Buffer, down)
	return err
}

// delivered reports whether any message was handed out.
func (l *Log) delivered() bool {
	if l.cfg.LastPerSubject {
		return l.next > 1
	}
	return l.next > max(l.cfg.From, 1)
}
