package simulator

import (
	"fmt"
	"math"
	"sync"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// Sites of the simulated meters; the first three are those of the demo.
const (
	SiteHome  = "home"  // houses: heat pumps, solar panels, cars
	SiteFlat  = "flats" // flats
	SiteShop  = "shop"  // shops, offices, supermarkets
	SiteFarm  = "farm"  // farms and houses with solar panels
	SiteWorks = "works" // factories and cold stores
	SiteCoast = "coast" // houses of the southern summer: air conditioning, solar panels
)

// MaxSites is how many sites there are.
const MaxSites = 6

// site is a place whose meters share clock, holidays, sun and weather.
type site struct {
	name, zone, country string
	latitude, longitude float64 // degrees, north and east
	meanC, swingC       float64 // of the year: mean, and how far summer and winter are from it
	share               int     // of a fleet's meters, against the other sites
	kinds               []kind  // of its meters in turn
	place               func() (*series.Place, error)
}

// sites has the sites in their order. A series.Place takes milliseconds to make, so it is made
// once, when it is needed.
var sites = [MaxSites]site{
	{
		SiteHome, "Europe/Amsterdam", "NL", 52.4, 4.9, 10, 9, 3,
		[]kind{household, heatPump, household, prosumer, car, household},
		place("Europe/Amsterdam", "NL"),
	},
	{
		SiteFlat, "Europe/London", "GB", 51.5, -0.1, 11, 7, 2, []kind{flat},
		place("Europe/London", "GB"),
	},
	{
		SiteShop, "Europe/Berlin", "DE", 52.5, 13.4, 10, 10, 1,
		[]kind{shop, shop, office, supermarket}, place("Europe/Berlin", "DE"),
	},
	{
		SiteFarm, "America/New_York", "US", 42.7, -73.8, 9, 13, 1,
		[]kind{farm, prosumer, household, farm}, place("America/New_York", "US"),
	},
	{
		SiteWorks, "Asia/Tokyo", "JP", 35.7, 139.7, 16, 11, 1,
		[]kind{twoShifts, coldStore, threeShifts}, place("Asia/Tokyo", "JP"),
	},
	{
		SiteCoast, "Australia/Sydney", "AU-NSW", -33.9, 151.2, 18, 6, 2,
		[]kind{cooled, prosumer, cooled, car}, place("Australia/Sydney", "AU-NSW"),
	},
}

func place(zone, country string) func() (*series.Place, error) {
	return sync.OnceValues(func() (*series.Place, error) { return series.NewPlace(zone, country) })
}

// moment is an hour, or a part of one, with the local clock of a site.
type moment struct {
	hour    int64   // since 1970, UTC: the index of the noise
	day     int64   // since 1970, local
	clock   float64 // middle of the hour or part, as hours of the local day
	length  float64 // hours
	weekday int64   // 0 is Sunday
	holiday bool
}

// free reports whether people stay at home.
func (m moment) free() bool { return m.weekday == 0 || m.weekday == 6 || m.holiday }

// climate is weather and clock of one site under one seed, shared by its meters.
type climate struct {
	site  *site
	place *series.Place
	key   key
}

func newClimate(s *site, seed key) (*climate, error) {
	p, err := s.place()
	if err != nil {
		return nil, fmt.Errorf("site %s: %w", s.name, err)
	}
	return &climate{site: s, place: p, key: seed.sub("weather").sub(s.name)}, nil
}

// at returns an hour with the local clock, whose days have 23, 24 or 25 hours.
func (c *climate) at(hour int64) moment {
	local := c.place.Local(hour * meter.HourSeconds)
	day := meter.FloorDiv(local, meter.DaySeconds)
	return moment{
		hour: hour, day: day, length: 1,
		clock:   float64(local-day*meter.DaySeconds)/meter.HourSeconds + 0.5,
		weekday: day + 4 - 7*meter.FloorDiv(day+4, 7), // 1970 began with a Thursday
		holiday: c.place.Holiday(local),
	}
}

// solar returns the solar time in hours, at a time within an hour: into is a share of the hour.
func (c *climate) solar(hour int64, into float64) float64 {
	const day = meter.DaySeconds / meter.HourSeconds
	return float64(hour-day*meter.FloorDiv(hour, day)) + into + c.site.longitude/15
}

// winter is 1 in the middle of the site's winter and -1 in the middle of its summer.
func (c *climate) winter(hour int64) float64 {
	w := math.Cos(2 * math.Pi * (float64(hour)/24 - 14) / 365.2425)
	return math.Copysign(w, w*c.site.latitude)
}

// cloud is the share of the sky that clouds cover: fronts of days with holes of hours, 0 to 1.
func (c *climate) cloud(hour int64) float64 {
	x := 1.1*c.key.sub("front").drift(hour, 60) + 0.7*c.key.sub("cloud").drift(hour, 7)
	return 1 / (1 + math.Exp(-1.6*x))
}

// temperatureC is the sum of a yearly wave, a daily wave, which clouds flatten, and fronts of days.
func (c *climate) temperatureC(hour int64) float64 {
	day := math.Cos(2 * math.Pi * (c.solar(hour, 0.5) - 15) / 24)
	year := c.site.meanC - c.site.swingC*c.winter(hour)
	return year + (4-2.5*c.cloud(hour))*day + 3*c.key.sub("air").drift(hour, 70)
}

// cold is 0 above 15 degrees and 1 at 0.
func (c *climate) cold(hour int64) float64 { return max(15-c.temperatureC(hour), 0) / 15 }

// hot is 0 below 21 degrees and 1 at 31.
func (c *climate) hot(hour int64) float64 { return max(c.temperatureC(hour)-21, 0) / 10 }

// sun returns the mean power of flat panels in an hour, as a share of their peak power.
func (c *climate) sun(hour int64) float64 { return c.sunAt(hour, 0.5) }

// sunAt returns the power of flat panels at a time within an hour, as a share of their peak power:
// the height of the sun less the clouds.
//
//	sin(height) = sin(latitude) sin(declination) + cos(latitude) cos(declination) cos(hour angle)
func (c *climate) sunAt(hour int64, into float64) float64 {
	const rad = math.Pi / 180
	declination := -23.44 * rad * math.Cos(2*math.Pi*(float64(hour)/24+10)/365.2425)
	angle := (c.solar(hour, into) - 12) * 15 * rad
	latitude := c.site.latitude * rad
	height := math.Sin(latitude)*math.Sin(declination) +
		math.Cos(latitude)*math.Cos(declination)*math.Cos(angle)
	if height <= 0 {
		return 0
	}
	cloud := c.cloud(hour)
	return math.Pow(height, 1.15) * (1 - 0.78*cloud*cloud)
}
