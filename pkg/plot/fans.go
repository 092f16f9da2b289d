package plot

import "fmt"

// maxFans is the largest number of fans on a page.
const maxFans = 12

// Fans is a page of fans under each other, such as the best, the median and the worst series. They
// share the legend and the width of their labels; each has axes of its own.
type Fans struct {
	Title    string // the answer in words
	Subtitle string // data, range, n
	Fans     []Fan
}

func (f Fans) check() error {
	if len(f.Fans) == 0 || len(f.Fans) > maxFans {
		return invalid(
			"Fans", fmt.Sprintf("%d charts", len(f.Fans)), fmt.Sprintf("give 1 to %d", maxFans),
		)
	}
	for i, fan := range f.Fans {
		if err := within(fmt.Sprintf("Fans[%d]", i), fan.check()); err != nil {
			return err
		}
	}
	return nil
}

func (f Fans) sizes() (usual, least Size) {
	n := len(f.Fans)
	return Size{1200, 130 + 280*n}, Size{400, 250 + 180*n}
}

func (f Fans) name() string { return f.Title }

func (f Fans) draw(p *pen, area rect) {
	f.drawBody(p, p.header(area, pageTitle(), f.Title, f.Subtitle))
}

// drawBody draws the page without its heading.
func (f Fans) drawBody(p *pen, area rect) {
	area.top += 6
	area = p.legend(area, fanKeys(f.Fans))
	area.top += 6
	rows := area.rows(len(f.Fans), 14)
	left := 0.0
	for i, fan := range f.Fans {
		rows[i] = p.header(rows[i], panelTitle(), fan.Title, fan.Subtitle)
		left = max(left, fan.labelWidth(p, rows[i]))
	}
	for i, fan := range f.Fans {
		fan.plot(p, rows[i], left)
	}
}
