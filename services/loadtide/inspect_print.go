package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/tabular"
)

// printFile prints what one file is taken for.
func (c *inspectCmd) printFile(w io.Writer, found *inspection, r *tabular.FileReport) {
	f := layoutOfFile(found.report, r.File)
	fmt.Fprintf(w, "%s\n", c.CSV.summary(r, f))
	if f == nil {
		return
	}
	printLayout(w, f)
	unit, by := cmp.Or(f.Unit, r.Unit), cmp.Or(f.UnitBy, "names of the series")
	switch {
	case unit != "":
		fmt.Fprintf(w, "  unit      %s (%s), kind %s\n", unit, by, kindWord(c.CSV.Kind, unit))
	case r.Units > 0:
		fmt.Fprintf(w, "  unit      by series (%s)\n", by)
	default:
		fmt.Fprintf(w, "  unit      not said; values count as power: say --unit\n")
	}
	fmt.Fprintf(w, "  rows      %d read, %d refused\n", r.Rows, r.Rejected)
}

// printLayout prints where what stands in a file of delimited text.
func printLayout(w io.Writer, f *tabular.FileLayout) {
	header := "no header"
	if f.HeaderLine > 0 {
		header = fmt.Sprintf("header in line %d", f.HeaderLine)
	}
	marks := f.Delimiter + " between columns, decimal " + f.Decimal
	if f.Thousands {
		marks += ", thousands marks"
	}
	fmt.Fprintf(w, "  text      %s, %s, %s\n", f.Encoding, marks, header)
	times := quotedList(f.TimeColumns) + ", " + f.DateFormat
	if f.UntilColumn != "" {
		times += fmt.Sprintf(", ends in %q", f.UntilColumn)
	}
	fmt.Fprintf(w, "  time      %s; without an offset in %s (%s)\n", times, f.Zone, f.ZoneBy)
	fmt.Fprintf(w, "  label     %s of the interval (%s)\n", f.Label, f.LabelBy)
	if len(f.SeriesColumn) > 0 {
		fmt.Fprintf(w, "  series    %s\n", quotedList(f.SeriesColumn))
	}
	fmt.Fprintf(w, "  values    %s\n", quotedList(f.ValueColumns))
	if len(f.LeftOut) > 0 {
		fmt.Fprintf(w, "  not read  %s\n", quotedList(f.LeftOut))
	}
	for _, note := range f.Notes {
		fmt.Fprintf(w, "  note      %s\n", note)
	}
}

// quotedList lists names; of many the first and how many more.
func quotedList(names []string) string {
	const most = 6
	var quoted []string
	for _, name := range names[:min(len(names), most)] {
		quoted = append(quoted, strconv.Quote(name))
	}
	text := strings.Join(quoted, ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func kindWord(flag, unit string) string {
	if flag != "" {
		return flag
	}
	return meter.KindOf(unit).String()
}

// seriesShown is how many series the table has at most.
const seriesShown = 50

// printSeries prints a table of the series.
func (c *inspectCmd) printSeries(w io.Writer, series []tabular.Summary) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SERIES\tFIRST (UTC)\tLAST (UTC)\tREADINGS\tINTERVAL\tMISSING\tDOUBLED\tODD"+
		"\tLEAST\tMEAN\tMOST\tUNIT")
	const form = "2006-01-02 15:04"
	for i := range series[:min(len(series), seriesShown)] {
		s := &series[i]
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\t%s\t%d\t%d\t%s\t%s\t%s\t%s\n",
			s.Series, s.First.Format(form), s.Last.Format(form), s.Readings, intervalWords(s),
			missingWords(s), s.Doubled, s.Odd, significant(s.Least, 4), significant(s.Mean, 4),
			significant(s.Most, 4), orDash(s.Terms.Unit))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if more := len(series) - seriesShown; more > 0 {
		fmt.Fprintf(w, "and %d series more; --json lists all\n", more)
	}
	return nil
}

func intervalWords(s *tabular.Summary) string {
	switch {
	case s.Interval == 0:
		return "-"
	case s.Phase == 0:
		return stepWords(s.Interval)
	}
	return fmt.Sprintf("%s from %s", stepWords(s.Interval), stepWords(s.Phase))
}

func missingWords(s *tabular.Summary) string {
	if s.Gaps == 0 {
		return "0"
	}
	return fmt.Sprintf("%d in %s", s.Missing, counted(uint64(s.Gaps), "gap"))
}

// sameFlags are the flags that say of a file what was found out.
func (c *inspectCmd) sameFlags(f *tabular.FileLayout) []string {
	flags := []string{"--delimiter " + f.Delimiter, "--decimal " + f.Decimal}
	if f.HeaderLine > 1 {
		flags = append(flags, fmt.Sprintf("--skip-lines %d", f.HeaderLine-1))
	}
	flags = append(flags, "--time-column "+quoteShell(strings.Join(f.TimeColumns, ",")))
	if strings.HasPrefix(f.DateFormat, "dd") || strings.HasPrefix(f.DateFormat, "mm") {
		flags = append(flags, "--date-format "+f.DateFormat)
	}
	if len(f.SeriesColumn) == 1 {
		flags = append(flags, "--series-column "+quoteShell(f.SeriesColumn[0]))
	}
	if len(f.ValueColumns) == 1 && f.Layout != tabular.LayoutDays {
		flags = append(flags, "--value-column "+quoteShell(f.ValueColumns[0]))
	}
	if c.CSV.Series != "" {
		flags = append(flags, "--series "+quoteShell(c.CSV.Series))
	}
	for _, where := range c.CSV.Where {
		flags = append(flags, "--where "+quoteShell(where))
	}
	flags = append(flags, "--timezone "+f.Zone, "--interval-label "+f.Label)
	if f.Unit != "" {
		flags = append(flags, "--unit "+quoteShell(f.Unit))
	}
	if c.CSV.Kind != "" {
		flags = append(flags, "--kind "+c.CSV.Kind)
	}
	return flags
}

// quoteShell quotes a text for a shell where it needs that.
func quoteShell(text string) string {
	plain := func(r rune) bool {
		return r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) ||
			strings.ContainsRune("_-./", r)
	}
	if text != "" && strings.TrimFunc(text, plain) == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// printJSON prints the inspection as one object.
func (c *inspectCmd) printJSON(w io.Writer, found *inspection) error {
	out := inspectJSON{
		Usable: found.table != nil, Rows: found.report.Rows, Rejected: found.report.Rejected,
		LeftOut: found.report.LeftOut, RejectedBy: map[meter.Reason]int{},
		Warnings: orEmpty(found.report.Warnings), Plans: orEmpty(found.plans),
		Files: []fileJSON{}, Series: []seriesJSON{}, First: []readingJSON{}, FirstRejected: []string{},
	}
	if found.err != nil {
		out.Error = found.err.Error()
	}
	for _, r := range found.report.Reasons {
		out.RejectedBy[r.Reason] = r.Rows
	}
	for i := range found.report.First {
		out.FirstRejected = append(out.FirstRejected, found.report.First[i].Error())
	}
	read := map[string]*tabular.FileReport{}
	for i := range found.report.Files {
		read[found.report.Files[i].File] = &found.report.Files[i]
		if layoutOfFile(found.report, found.report.Files[i].File) == nil {
			out.Files = append(out.Files, fileJSON{
				File: found.report.Files[i].File, Layout: found.report.Files[i].Layout,
				Rows: found.report.Files[i].Rows, Rejected: found.report.Files[i].Rejected,
				Interval: meter.IntervalName(found.report.Files[i].Interval), Unit: found.report.Files[i].Unit,
			})
		}
	}
	for i := range found.report.Layouts {
		out.Files = append(out.Files, c.fileJSON(&found.report.Layouts[i], read))
	}
	for i := range found.series {
		out.Series = append(out.Series, seriesOf(&found.series[i]))
	}
	if found.table != nil {
		for _, r := range c.firstRows(found.table) {
			out.First = append(out.First, readingJSON{
				found.table.Name(r).String(), r.Time(), r.Value, found.table.Terms[r.Series].Unit,
			})
		}
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(out)
}

func orEmpty(texts []string) []string {
	if texts == nil {
		return []string{}
	}
	return texts
}

// inspectJSON is what inspect --json prints.
type inspectJSON struct {
	Usable        bool                 `json:"usable"`
	Error         string               `json:"error,omitempty"`
	Rows          int                  `json:"rows"`
	Rejected      int                  `json:"rejected"`
	LeftOut       int                  `json:"left_out"`
	RejectedBy    map[meter.Reason]int `json:"rejected_by_reason"`
	FirstRejected []string             `json:"first_rejected"`
	Warnings      []string             `json:"warnings"`
	Files         []fileJSON           `json:"files"`
	Series        []seriesJSON         `json:"series"`
	First         []readingJSON        `json:"first"`
	Plans         []string             `json:"plans"`
}

type fileJSON struct {
	File         string   `json:"file"`
	Layout       string   `json:"layout"`
	Encoding     string   `json:"encoding,omitempty"`
	Delimiter    string   `json:"delimiter,omitempty"`
	Decimal      string   `json:"decimal,omitempty"`
	Thousands    bool     `json:"thousands,omitempty"`
	HeaderLine   int      `json:"header_line,omitempty"`
	TimeColumns  []string `json:"time_columns,omitempty"`
	UntilColumn  string   `json:"until_column,omitempty"`
	DateFormat   string   `json:"date_format,omitempty"`
	Zone         string   `json:"zone,omitempty"`
	ZoneBy       string   `json:"zone_by,omitempty"`
	Label        string   `json:"label,omitempty"`
	LabelBy      string   `json:"label_by,omitempty"`
	SeriesColumn []string `json:"series_columns,omitempty"`
	ValueColumns []string `json:"value_columns,omitempty"`
	Unit         string   `json:"unit,omitempty"`
	UnitBy       string   `json:"unit_by,omitempty"`
	LeftOut      []string `json:"columns_left_out,omitempty"`
	Notes        []string `json:"notes,omitempty"`
	Flags        []string `json:"flags,omitempty"`
	Rows         int      `json:"rows"`
	Rejected     int      `json:"rejected"`
	Interval     string   `json:"interval,omitempty"`
}

func (c *inspectCmd) fileJSON(f *tabular.FileLayout, read map[string]*tabular.FileReport) fileJSON {
	out := fileJSON{
		File: f.File, Layout: f.Layout, Encoding: f.Encoding, Delimiter: f.Delimiter, Decimal: f.Decimal,
		Thousands: f.Thousands, HeaderLine: f.HeaderLine, TimeColumns: f.TimeColumns,
		UntilColumn: f.UntilColumn, DateFormat: f.DateFormat, Zone: f.Zone, ZoneBy: f.ZoneBy,
		Label: f.Label, LabelBy: f.LabelBy, SeriesColumn: f.SeriesColumn, ValueColumns: f.ValueColumns,
		Unit: f.Unit, UnitBy: f.UnitBy, LeftOut: f.LeftOut, Notes: f.Notes, Flags: c.sameFlags(f),
	}
	if r := read[f.File]; r != nil {
		out.Rows, out.Rejected, out.Interval = r.Rows, r.Rejected, meter.IntervalName(r.Interval)
		if out.Unit == "" {
			out.Unit = r.Unit
		}
	}
	return out
}

type seriesJSON struct {
	Series   string    `json:"series"`
	Unit     string    `json:"unit,omitempty"`
	Kind     string    `json:"kind"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	Readings int       `json:"readings"`
	Interval string    `json:"interval,omitempty"`
	Phase    int64     `json:"phase_seconds"`
	Gaps     int       `json:"gaps"`
	Missing  int       `json:"missing"`
	Doubled  int       `json:"doubled"`
	Odd      int       `json:"odd"`
	Least    float64   `json:"least"`
	Mean     float64   `json:"mean"`
	Most     float64   `json:"most"`
}

func seriesOf(s *tabular.Summary) seriesJSON {
	kind := s.Terms.Kind
	if kind == meter.KindUnknown {
		kind = meter.KindOf(s.Terms.Unit)
	}
	return seriesJSON{
		Series: s.Series.String(), Unit: s.Terms.Unit, Kind: kind.String(), First: s.First, Last: s.Last,
		Readings: s.Readings, Interval: meter.IntervalName(s.Interval),
		Phase: int64(s.Phase / time.Second),
		Gaps:  s.Gaps, Missing: s.Missing, Doubled: s.Doubled, Odd: s.Odd, Least: s.Least, Mean: s.Mean,
		Most: s.Most,
	}
}

type readingJSON struct {
	Series string    `json:"series"`
	Start  time.Time `json:"ts"`
	Value  float64   `json:"value"`
	Unit   string    `json:"unit,omitempty"`
}
