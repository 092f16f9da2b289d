package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/loadtide/loadtide/pkg/retry"
)

const defaultReaderBuffer = 4096

// readBackoff is the pause between attempts to read on; the first attempt comes at once.
var readBackoff = retry.Backoff{Least: 50 * time.Millisecond, Most: 2 * time.Second}

// ReaderConfig says which messages of a stream a Reader returns.
type ReaderConfig struct {
	Stream string
	// From is the first sequence to return; 0 means the first one in the stream. When the stream no
	// longer has From, the reader starts with the next message it has. When From lies behind the
	// end, the reader waits for it.
	From uint64
	// LastPerSubject starts with the newest message of each subject, in the order of their
	// sequences, and goes on with everything behind them. From is ignored then.
	LastPerSubject bool
	// HeadersOnly leaves Message.Data empty.
	HeadersOnly bool
	// Subject returns only messages of matching subjects; empty means all. On a stream of many
	// subjects a filter costs the server 50 to 280 times as much as reading the whole stream,
	// unless the filter matches few subjects.
	Subject string
	// Buffer is how many messages are fetched ahead; 0 means 4096. Their bytes are bounded too.
	Buffer int
}

// Reader returns the messages of a stream in order, each one once, without acknowledging them.
// After a lost connection, a server's restart or a lost message it goes on behind the last message
// it returned. One goroutine uses it.
type Reader struct {
	conn     *Conn
	cfg      ReaderConfig
	created  time.Time // identity of the stream
	next     uint64    // the least sequence that may still be returned
	snapshot bool      // the newest message of each subject is being read
	last     uint64    // while snapshot is true: the end of the stream when the reading began

	pull    *pull         // nil means that the next call makes one
	fault   error         // why the last pull ended
	tries   int           // attempts to read on since the last message
	silence time.Duration // a pull that delivers neither message nor heartbeat for so long is dead
	timer   *time.Timer
	closed  bool
}

// OpenReader starts to read. The caller closes the reader. Errors: ErrNoStream, or a failed
// request.
func (c *Conn) OpenReader(ctx context.Context, cfg ReaderConfig) (*Reader, error) {
	if cfg.Buffer <= 0 {
		cfg.Buffer = defaultReaderBuffer
	}
	r := &Reader{
		conn: c, cfg: cfg, next: max(cfg.From, 1), snapshot: cfg.LastPerSubject,
		silence: pullSilence, timer: time.NewTimer(time.Hour),
	}
	if cfg.LastPerSubject {
		r.next = 1
	}
	r.timer.Stop()
	if err := r.open(ctx); err != nil {
		return nil, fmt.Errorf("open reader of %s: %w", cfg.Stream, err)
	}
	return r, nil
}

// Next appends messages to dst and returns it: at least one message and at most limit. It waits for
// the first one until ctx ends. The caller owns the messages.
//
// Next mends what can be mended. Its errors: the one of ctx; ErrClosed; ErrNoStream when the stream
// was deleted; *StreamChangedError when it was made again or rolled back. Next does not check
// whether a sequence is missing; the caller does.
func (r *Reader) Next(ctx context.Context, dst []Message, limit int) ([]Message, error) {
	have := len(dst)
	limit = max(limit, 1)
	for {
		if r.closed {
			return dst, fmt.Errorf("reader of %s: %w", r.cfg.Stream, ErrClosed)
		}
		if r.pull == nil {
			if err := r.reopen(ctx); err != nil {
				return dst, err
			}
		}
		dst, r.fault = r.drain(dst, have+limit)
		if r.fault == nil && len(dst) == have {
			r.fault = r.wait(ctx)
		}
		if r.fault != nil {
			r.drop()
		}
		if len(dst) > have {
			return dst, nil
		}
		if err := ctx.Err(); err != nil {
			return dst, err
		}
	}
}

// Close ends the reader.
func (r *Reader) Close() {
	r.closed = true
	r.drop()
}

func (r *Reader) drop() {
	if r.pull != nil {
		r.pull.close()
		r.pull = nil
	}
}

// drain appends what has arrived, without waiting, until dst has the length limit. An error means
// that this pull will deliver nothing more.
func (r *Reader) drain(dst []Message, limit int) ([]Message, error) {
	for len(dst) < limit {
		m := r.pull.poll()
		if m == nil {
			break
		}
		msg, ok, err := r.pull.decode(m)
		if err != nil {
			return dst, err
		}
		if !ok || msg.Seq < r.next {
			continue
		}
		dst = append(dst, msg)
		r.next, r.tries = msg.Seq+1, 0
		if r.snapshot && (msg.Seq >= r.last || msg.Pending == 0) {
			r.snapshot = false
			return dst, errSnapshotRead
		}
	}
	return dst, r.pull.refill()
}

// errSnapshotRead ends the pull that reads the newest message per subject. That pull needs a
// filter; the one that reads on must have none.
var errSnapshotRead = errors.New("newest message of each subject is read")

// wait returns nil when something has arrived or ctx has ended, and an error when this pull will
// deliver nothing more.
func (r *Reader) wait(ctx context.Context) error {
	r.timer.Reset(r.silence)
	defer r.timer.Stop()
	select {
	case m := <-r.pull.msgs:
		r.pull.unread = m
		return nil
	case <-ctx.Done():
		return nil
	case <-r.conn.closed:
		return ErrClosed
	case <-r.pull.down:
		return errors.New("connection lost")
	case <-r.timer.C:
		return fmt.Errorf("server was silent for %s", r.silence)
	}
}

// reopen makes a pull behind the last message returned. It tries until it succeeds, ctx ends, or
// the stream is gone or another one.
func (r *Reader) reopen(ctx context.Context) error {
	if r.fault != nil && !errors.Is(r.fault, errSnapshotRead) {
		r.conn.log.Info().Str("stream", r.cfg.Stream).Uint64("stream_seq", r.next-1).
			AnErr("err", r.fault).
			Msg("reading of the stream starts again")
	}
	for {
		if err := retry.Sleep(ctx, readBackoff.Pause(r.tries)); err != nil {
			return err
		}
		if !errors.Is(r.fault, errSnapshotRead) {
			r.tries++
		}
		err := r.open(ctx)
		var changed *StreamChangedError
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, ErrNoStream), errors.Is(err, ErrClosed), errors.As(err, &changed):
			return fmt.Errorf("reader of %s: %w", r.cfg.Stream, err)
		}
		r.fault = err
	}
}

// open makes one attempt to read from r.next on.
func (r *Reader) open(ctx context.Context) error {
	down, err := r.conn.await(ctx)
	if err != nil {
		return err
	}
	state, err := r.conn.StreamState(ctx, r.cfg.Stream)
	if err != nil {
		return err
	}
	if r.created.IsZero() {
		r.created, r.last = state.Created, state.LastSeq
		r.snapshot = r.snapshot && state.LastSeq > 0
	} else if !r.created.Equal(state.Created) || (r.delivered() && state.LastSeq+1 < r.next) {
		return &StreamChangedError{
			Stream: r.cfg.Stream, WasCreated: r.created, IsCreated: state.Created, Read: r.next - 1,
			LastSeq: state.LastSeq,
		}
	}
	cfg := jetstream.ConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: r.next,
		FilterSubject: r.cfg.Subject, HeadersOnly: r.cfg.HeadersOnly,
	}
	if r.snapshot && !r.delivered() {
		cfg.DeliverPolicy, cfg.OptStartSeq = jetstream.DeliverLastPerSubjectPolicy, 0
		if cfg.FilterSubject == "" {
			cfg.FilterSubject = ">"
		}
	}
	r.pull, err = r.conn.openPull(ctx, r.cfg.Stream, cfg, r.cfg.Buffer, down)
	return err
}

// delivered reports whether the reader has returned a message.
func (r *Reader) delivered() bool {
	if r.cfg.LastPerSubject {
		return r.next > 1
	}
	return r.next > max(r.cfg.From, 1)
}
