package plot

// Report is a backtest on one page: what forecasts look like, how far ahead they are useful, and
// whether their bands can be trusted.
type Report struct {
	Title       string // the answer in words
	Subtitle    string // data, range, n
	Fans        []Fan  // best, median, worst series
	ByLead      ByLead
	Calibration Calibration
}

func (r Report) check() error {
	return firstError(
		Fans{Fans: r.Fans}.check(),
		within("ByLead", r.ByLead.check()),
		within("Calibration", r.Calibration.check()),
	)
}

func (r Report) sizes() (usual, least Size) {
	n := len(r.Fans)
	return Size{1500, max(1000, 130+290*n)}, Size{1000, max(790, 250+180*n)}
}

func (r Report) name() string { return r.Title }

func (r Report) draw(p *pen, area rect) {
	area = p.header(area, pageTitle(), r.Title, r.Subtitle)
	area.top += 6
	left, right := area.columns(0.6, 40)
	Fans{Fans: r.Fans}.drawBody(p, left)

	upper, lower := right, right
	upper.bottom = right.top + 0.62*right.height()
	lower.top = upper.bottom + 16
	r.ByLead.drawBody(p, p.header(upper, panelTitle(), r.ByLead.Title, r.ByLead.Subtitle))
	r.Calibration.drawBody(
		p, p.header(lower, panelTitle(), r.Calibration.Title, r.Calibration.Subtitle),
	)
}
