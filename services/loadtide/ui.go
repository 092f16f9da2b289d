package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/loadtide/loadtide/pkg/service"
)

// screen is what a person sees of `up` and of a training: lines, a bar while
// something takes long, and one line that is rewritten. Where it is no terminal
// there is no carriage return and no escape: a line at every quarter of a bar,
// and no line that is rewritten.
type screen struct {
	mu       sync.Mutex
	w        io.Writer
	terminal bool
	colour   bool
	width    int
	began    time.Time
	held     string // the line that is rewritten, as it stands
	quarter  int    // of the bar, as last printed where it is no terminal
}

// counted is a number with its noun: "1 reading", "2 readings".
func counted(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func newScreen(w io.Writer) *screen {
	s := &screen{w: w, began: time.Now(), width: 80, quarter: -1}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		s.terminal = true
		s.colour = service.UseColour("auto", true, os.Getenv)
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 20 {
			s.width = width
		}
	}
	return s
}

// line prints a line of its own.
func (s *screen) line(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := s.held
	s.clear()
	fmt.Fprintf(s.w, format+"\n", args...)
	s.hold(held)
}

// ok prints what has been reached, and when after the start.
func (s *screen) ok(what, format string, args ...any) {
	s.line(
		"  %s  %5.1f s  %-10s  %s", s.paint(green, "ok"), time.Since(s.began).Seconds(), what,
		fmt.Sprintf(format, args...),
	)
}

// warn prints what went wrong without ending the work.
func (s *screen) warn(format string, args ...any) {
	s.line("  %s  %s", s.paint(yellow, "warn:"), fmt.Sprintf(format, args...))
}

// bar shows progress of a long work.
func (s *screen) bar(done, total int, note string, left time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	share := float64(done) / float64(max(total, 1))
	text := fmt.Sprintf(
		"  [%s%s]  %3.0f %%  %d/%d  %s",
		strings.Repeat("#", int(20*share)), strings.Repeat(".", 20-int(20*share)), 100*share, done, total,
		note,
	)
	if left > 0 {
		text += fmt.Sprintf("  %.0f s left", left.Seconds())
	}
	if s.terminal {
		s.clear()
		s.hold(text)
		return
	}
	if q := int(4 * share); q != s.quarter {
		s.quarter = q
		fmt.Fprintln(s.w, text)
	}
}

// barDone takes the bar away; the summary follows.
func (s *screen) barDone() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quarter = -1
	s.clear()
}

// live rewrites the line that shows how it goes; elsewhere than on a terminal
// it says nothing.
func (s *screen) live(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.terminal {
		s.clear()
		s.hold(fmt.Sprintf("  live  "+format, args...))
	}
}

func (s *screen) clear() {
	if s.held != "" {
		fmt.Fprint(s.w, "\r\x1b[K")
		s.held = ""
	}
}

func (s *screen) hold(text string) {
	if text == "" {
		return
	}
	if len(text) >= s.width {
		text = text[:s.width-1]
	}
	fmt.Fprint(s.w, text)
	s.held = text
}

const (
	green  = "32"
	yellow = "33"
)

func (s *screen) paint(colour, word string) string {
	if !s.colour {
		return word
	}
	return "\x1b[" + colour + "m" + word + "\x1b[0m"
}

// Write lets the log share the terminal with the lines.
func (s *screen) Write(p []byte) (int, error) {
	s.line("%s", strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}
