package gateway

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Entry is what the gateway remembers of a series: position and kind of its newest forecast.
type Entry struct {
	Series   string        // <site>.<meter>
	Origin   time.Time     // of the newest forecast
	Interval time.Duration // of its leads
	Source   meter.Source
	Quality  string // one of streams' Quality words
	Seq      uint64 // of the forecast in FORECASTS
}

// View holds an Entry for each series that has a forecast. Its size is bounded by the stream that
// feeds it. It is safe for concurrent use.
type View struct {
	mu      sync.RWMutex
	entries map[string]Entry
	sorted  []string // series in order, without those in fresh
	fresh   []string // series that came since sorted was made
}

// NewView returns an empty view.
func NewView() *View { return &View{entries: make(map[string]Entry)} }

// Put remembers e, unless the view has a later forecast of the series.
func (v *View) Put(e Entry) {
	v.mu.Lock()
	defer v.mu.Unlock()
	before, ok := v.entries[e.Series]
	if ok && before.Seq > e.Seq {
		return
	}
	if !ok {
		v.fresh = append(v.fresh, e.Series)
	}
	v.entries[e.Series] = e
}

// Reset forgets all entries. It is for a stream that was deleted and made again, where the old
// sequences mean nothing.
func (v *View) Reset() {
	v.mu.Lock()
	defer v.mu.Unlock()
	clear(v.entries)
	v.sorted, v.fresh = nil, nil
}

// Len returns how many series there are.
func (v *View) Len() int {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return len(v.entries)
}

// Page returns up to limit entries behind the series after, in order of their names, and whether
// there are more. The view need not have the series after.
func (v *View) Page(after string, limit int) (page []Entry, more bool) {
	v.mu.RLock()
	if len(v.fresh) > 0 {
		v.mu.RUnlock()
		v.sort()
		v.mu.RLock()
	}
	defer v.mu.RUnlock()
	begin, found := slices.BinarySearch(v.sorted, after)
	if found {
		begin++
	}
	end := min(begin+limit, len(v.sorted))
	page = make([]Entry, 0, end-begin)
	for _, series := range v.sorted[begin:end] {
		page = append(page, v.entries[series])
	}
	return page, end < len(v.sorted)
}

// sort merges the fresh series into the sorted ones.
func (v *View) sort() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.fresh) == 0 {
		return
	}
	slices.Sort(v.fresh)
	merged := make([]string, 0, len(v.sorted)+len(v.fresh))
	old, fresh := v.sorted, v.fresh
	for len(old) > 0 && len(fresh) > 0 {
		if strings.Compare(old[0], fresh[0]) < 0 {
			merged, old = append(merged, old[0]), old[1:]
		} else {
			merged, fresh = append(merged, fresh[0]), fresh[1:]
		}
	}
	v.sorted, v.fresh = append(append(merged, old...), fresh...), nil
}
