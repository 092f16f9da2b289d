package meter

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// MostHorizon is the longest horizon of a model.
const MostHorizon = WeekSeconds * time.Second

// Horizon says how far ahead a forecast reaches: so many leads, or the leads of a time. At most one
// of the two is set; the zero Horizon leaves it open.
type Horizon struct {
	Leads int
	Time  time.Duration
}

// UnmarshalText reads a number of leads ("48"), or a time in days ("7d") or as Go writes it
// ("36h30m").
func (h *Horizon) UnmarshalText(text []byte) error {
	s := string(text)
	if n, err := strconv.Atoi(s); err == nil {
		if *h = (Horizon{Leads: n}); n < 1 {
			return fmt.Errorf("horizon %q: must be 1 lead or more", s)
		}
		return nil
	}
	d, err := time.ParseDuration(s)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		d = time.Duration(min(n, 1+int(MostHorizon/(24*time.Hour)))) * 24 * time.Hour
	}
	if err != nil || d <= 0 || d > MostHorizon {
		return fmt.Errorf("horizon %q: must be a number of leads, or a time up to 7d such as 36h", s)
	}
	*h = Horizon{Time: d}
	return nil
}

// String returns the horizon as UnmarshalText reads it, "" for the zero Horizon.
func (h Horizon) String() string {
	switch {
	case h.Time > 0:
		return IntervalName(h.Time)
	case h.Leads > 0:
		return strconv.Itoa(h.Leads)
	}
	return ""
}

// Bound returns how many of so many leads of an interval the horizon lets through: those that start
// within it. The zero Horizon lets all through.
func (h Horizon) Bound(leads int, interval time.Duration) int {
	switch {
	case h.Time > 0:
		return min(leads, int((h.Time+interval-1)/interval))
	case h.Leads > 0:
		return min(leads, h.Leads)
	}
	return leads
}

// LeadsAt returns the number of leads of an interval; for the zero Horizon that is standard. The
// error says that the horizon is no whole number of intervals, or longer than MostHorizon.
func (h Horizon) LeadsAt(interval time.Duration, standard int) (int, error) {
	leads := standard
	switch {
	case h.Time > 0 && h.Time%interval != 0:
		up := min(h.Time-h.Time%interval+interval, MostHorizon)
		return 0, fmt.Errorf("horizon %s: must be a multiple of the interval of %s: give --horizon %s", h,
			IntervalName(interval), Horizon{Time: up})
	case h.Time > 0:
		leads = int(h.Time / interval)
	case h.Leads > 0:
		leads = h.Leads
	}
	if most := int(MostHorizon / interval); leads > most {
		return 0, fmt.Errorf("horizon of %d leads: must be a week at most, %d leads of %s: give --horizon %d "+
			"or less", leads, most, IntervalName(interval), most)
	}
	return leads, nil
}
