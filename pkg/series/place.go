package series

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/at"
	"github.com/rickar/cal/v2/au"
	"github.com/rickar/cal/v2/be"
	"github.com/rickar/cal/v2/ca"
	"github.com/rickar/cal/v2/ch"
	"github.com/rickar/cal/v2/cz"
	"github.com/rickar/cal/v2/de"
	"github.com/rickar/cal/v2/dk"
	"github.com/rickar/cal/v2/es"
	"github.com/rickar/cal/v2/fr"
	"github.com/rickar/cal/v2/gb"
	"github.com/rickar/cal/v2/ie"
	"github.com/rickar/cal/v2/it"
	"github.com/rickar/cal/v2/jp"
	"github.com/rickar/cal/v2/nl"
	"github.com/rickar/cal/v2/no"
	"github.com/rickar/cal/v2/nz"
	"github.com/rickar/cal/v2/pl"
	"github.com/rickar/cal/v2/se"
	"github.com/rickar/cal/v2/us"

	"github.com/loadtide/loadtide/pkg/meter"
)

// countries holds the holidays of each country that has a list, by ISO 3166 code. A region with a
// list of its own has a dash before it.
var countries = map[string][]*cal.Holiday{
	"AT": at.Holidays, "BE": be.Holidays, "CA": ca.Holidays, "CH": ch.Holidays, "CZ": cz.Holidays,
	"DE": de.Holidays, "DK": dk.Holidays, "ES": es.Holidays, "FR": fr.Holidays, "GB": gb.Holidays,
	"IE": ie.Holidays, "IT": it.Holidays, "JP": jp.Holidays, "NL": nl.Holidays, "NO": no.Holidays,
	"NZ": nz.Holidays, "PL": pl.Holidays, "SE": se.Holidays, "US": us.Holidays,
	"AU-ACT": au.HolidaysACT, "AU-NSW": au.HolidaysNSW, "AU-NT": au.HolidaysNT,
	"AU-QLD": au.HolidaysQLD, "AU-SA": au.HolidaysSA, "AU-TAS": au.HolidaysTAS,
	"AU-VIC": au.HolidaysVIC, "AU-WA": au.HolidaysWA,
}

// Zones and holidays are known from firstYear up to lastYear, without it.
const (
	firstYear = 1970
	lastYear  = 2100
)

// Place is where a series stands: its local time and its holidays. A Place does not change. The
// zero Place is UTC without holidays.
type Place struct {
	shifts   []shift
	holidays map[int32]bool // by day since the epoch, local
}

// shift is an offset from UTC and the Unix second from which it holds.
type shift struct {
	from   int64
	offset int64
}

// NewPlace is the place of an IANA zone and a country. The zone "" is UTC; the country "" has no
// holidays.
func NewPlace(zone, country string) (*Place, error) {
	p := &Place{}
	loc, err := time.LoadLocation(zone)
	if err != nil || zone == "Local" { // which differs from machine to machine
		return nil, fmt.Errorf("zone %q is not known: give an IANA name, e.g. Europe/Amsterdam", zone)
	}
	p.shifts = shiftsOf(loc)
	if country == "" {
		return p, nil
	}
	list, ok := countries[strings.ToUpper(country)]
	if !ok {
		known := strings.Join(slices.Sorted(maps.Keys(countries)), " ")
		return nil, fmt.Errorf("country %q has no list of holidays: known are %s", country, known)
	}
	p.holidays = daysOf(list)
	return p, nil
}

// daysOf are the days of holidays, both as they fall and as they are observed.
func daysOf(list []*cal.Holiday) map[int32]bool {
	days := map[int32]bool{}
	for _, h := range list {
		for year := firstYear; year < lastYear; year++ {
			actual, observed := h.Calc(year)
			for _, day := range []time.Time{actual, observed} {
				if !day.IsZero() {
					y, m, d := day.Date()
					midnight := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
					days[int32(midnight.Unix()/meter.DaySeconds)] = true
				}
			}
		}
	}
	return days
}

// shiftsOf finds the offsets of a zone day by day, and the second of a change by halving its day.
// Time.ZoneBounds is not used: for years beyond the rules of a zone it may give a bound that is not
// after the time.
func shiftsOf(loc *time.Location) []shift {
	offset := func(second int64) int64 {
		_, o := time.Unix(second, 0).In(loc).Zone()
		return int64(o)
	}
	first := time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	last := time.Date(lastYear, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	shifts := []shift{{first, offset(first)}}
	for start := first; start < last; start += meter.DaySeconds {
		before, after := offset(start), offset(start+meter.DaySeconds)
		if before == after {
			continue
		}
		second := sort.Search(meter.DaySeconds, func(s int) bool {
			return offset(start+int64(s)) == after
		})
		shifts = append(shifts, shift{start + int64(second), after})
	}
	return shifts
}

// hourSecond is the moment at which HourOffset looks: the start of 2025.
const hourSecond = 1735689600

// HourOffset is the offset of a zone from UTC, in seconds, by which its hours are counted. It is the
// same for all times, though Lord Howe Island moves its clocks by half an hour. That of a zone that
// is not known is 0.
func HourOffset(zone string) int64 {
	loc, err := time.LoadLocation(zone)
	if err != nil || zone == "Local" {
		return 0
	}
	_, offset := time.Unix(hourSecond, 0).In(loc).Zone()
	return int64(offset)
}

// Local is the local time of a Unix second, as the second at which UTC shows that time.
func (p *Place) Local(second int64) int64 {
	if len(p.shifts) == 0 {
		return second
	}
	i := sort.Search(len(p.shifts), func(i int) bool { return p.shifts[i].from > second })
	return second + p.shifts[max(i-1, 0)].offset
}

// Holiday says whether the day of a local second is a holiday.
func (p *Place) Holiday(localSecond int64) bool {
	return p.holidays[int32(meter.FloorDiv(localSecond, meter.DaySeconds))]
}
