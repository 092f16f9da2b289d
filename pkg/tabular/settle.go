package tabular

import "github.com/loadtide/loadtide/pkg/meter"

// ends reports whether times are the ends of intervals: as the caller says, else as the file does.
// Rows that say start and end, and numbers of periods, leave nothing to say. A register has no
// intervals.
func (l *loader) ends() bool {
	t := &l.at.timing
	switch {
	case t.spans() || t.day == dayPeriod || t.day == dayColumns || l.opts.Kind == meter.Register:
		return false
	case l.opts.IntervalLabel != "":
		return l.opts.IntervalLabel == LabelEnd
	}
	return t.ends
}

// count turns the periods of days into times, when periods are counted from midnight on: the first
// one after a change of the clocks is as long as all others.
func (l *loader) count(rows []Row) {
	hint := 0
	for i := range rows {
		if l.notes[i]&1 == 0 {
			continue
		}
		rows[i].Unix = l.zone.at(rows[i].Unix, &hint).unix + int64(l.periods[i])*l.at.timing.length
		l.notes[i] &^= 1
	}
}

// settle turns the times of a file's rows, from first on, into starts of intervals in UTC. shifts
// are the steps of the series, 0 for those that take interval, that of most.
func (l *loader) settle(first int, shifts []int64, interval int64) error {
	rows := l.table.rows[first:]
	if err := l.checkZone(rows); err != nil {
		return err
	}
	ends := l.ends()
	if ends && interval == 0 && len(rows) > 0 {
		return l.fileError(
			"labels intervals by their end, and no series has two times that tell how long they are",
			"give it more rows, or label intervals by their start",
		)
	}
	for s := range shifts {
		switch {
		case !ends:
			shifts[s] = 0
		case shifts[s] == 0:
			shifts[s] = interval
		}
	}
	t := newTimes(l.zone, shifts, l.at.kind == LayoutWide)
	if ends {
		t.convention(rows, l.notes)
	}
	kept, refused := 0, uint32(0)
	for i, r := range rows {
		p := t.place(r.Series, r.Unix, l.notes[i])
		switch {
		case p.remedy == "":
			r.Unix = p.unix
			rows[kept], l.notes[kept] = r, uint32(p.twin)
			kept++
		case l.notes[i] == refused && l.at.kind != LayoutDays: // another cell of a rejected line
			l.report.Rows--
		default:
			refused = l.notes[i]
			l.line = int(refused >> 1)
			l.rejectField(l.at.time, []byte(written(r.Unix, l.form.length, l.form.separator)), problem{
				meter.ReasonBadTimestamp, p.remedy,
			})
		}
	}
	l.table.rows = l.table.rows[:first+kept]
	t.resolve()
	for i, twin := range l.notes[:kept] {
		if twin > 0 && t.twins[twin-1].second {
			rows[i].Unix += t.twins[twin-1].apart
		}
	}
	return nil
}
