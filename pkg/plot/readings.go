package plot

import "time"

// Readings is the line of one series, without a forecast.
type Readings struct {
	Title    string // the series
	Subtitle string // data, range, n
	Unit     string
	Interval time.Duration
	// Points ascend and are at least one interval apart; where one is missing the line is broken.
	// There is at least one.
	Points []Point
}

// fan is the fan without a future: its origin is the end of the last reading.
func (r Readings) fan() Fan {
	f := Fan{Unit: r.Unit, Interval: r.Interval, Readings: r.Points}
	if len(r.Points) > 0 {
		f.Origin = r.Points[len(r.Points)-1].Time.Add(r.Interval)
	}
	return f
}

func (r Readings) check() error {
	if len(r.Points) == 0 {
		return invalid("Points", "none", "give at least one reading")
	}
	if r.Interval <= 0 {
		return invalid("Interval", r.Interval, "give the time from one reading to the next")
	}
	return within("Points", r.fan().checkReadings())
}

func (r Readings) sizes() (usual, least Size) { return Size{1200, 600}, Size{400, 400} }

func (r Readings) name() string { return r.Title }

func (r Readings) draw(p *pen, area rect) {
	area = p.header(area, pageTitle(), r.Title, r.Subtitle)
	f := r.fan()
	first := r.Points[0].Time
	box := rect{
		area.left + f.labelWidth(p, area), area.top + stripHeight, area.right - rightRoom,
		area.bottom - axisHeight,
	}
	d := frame{p, box, span{first.Sub(f.Origin).Seconds(), 0}, f.yAxis()}
	d.axes(timeTicks(first, f.Origin, f.Origin, int(box.width()/80)), yTicks(d.y, box.height()))
	d.level(solid(border, 1), 0)
	f.plotReadings(d)
	about := zone(f.Origin)
	if r.Unit != "" {
		about = r.Unit + ", " + about
	}
	d.above(d.box.left, about)
}
