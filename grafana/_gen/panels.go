package main

import (
	"strconv"
	"strings"
)

// The colours have a fixed meaning on all dashboards, and are readable on both themes.
const (
	blue   = "#2f7fd6" // the median, and the network
	orange = "#c26a00" // earlier forecasts
	violet = "#7d5bbe" // the base model
	grey   = "#7f8a97" // the naive rule
	ok     = "#1a9c78"
	warn   = "#b87a00"
	bad    = "#d1334f"
	ink    = "text" // readings
)

const prefix = "loadtide-"

// documents is the address of the folder of documents, for links to runbooks.
const documents = "https://github.com/loadtide/loadtide/blob/main/docs/"

var (
	prometheus = source{"prometheus", "loadtide-prometheus"}
	influx     = source{"influxdb", "loadtide-influx"}
)

func to[T any](v T) *T { return &v }

// over returns a query to Prometheus for a line over the range of the dashboard.
func over(expr, legend string) target {
	return target{
		Datasource:   &prometheus,
		Expr:         expr,
		EditorMode:   "code",
		LegendFormat: legend,
		Range:        to(true),
		Instant:      to(false),
	}
}

// now returns a query to Prometheus for the values at the end of the range of the dashboard. The
// range must not end in the future, where Prometheus has no values.
func now(expr, legend string) target {
	return target{
		Datasource:   &prometheus,
		Expr:         expr,
		EditorMode:   "code",
		LegendFormat: legend,
		Range:        to(false),
		Instant:      to(true),
	}
}

// rows returns a query as now does, for a table with a column for each label.
func rows(expr string) target {
	t := now(expr, "")
	t.Format = "table"
	return t
}

// flux returns a query to InfluxDB.
func flux(query string) target { return target{Datasource: &influx, Query: query} }

// newPanel returns a panel of a quarter of the width, without the options of its kind.
func newPanel(kind, title, description, unit string, targets ...target) panel {
	for i := range targets {
		targets[i].RefID = string(rune('A' + i))
	}
	return panel{
		Type: kind, Title: title, Description: description, Datasource: targets[0].Datasource,
		GridPos: box{W: 6, H: 8}, Targets: targets,
		FieldConfig: &fieldConfig{
			Defaults: defaults{
				Unit: unit, NoValue: "No readings in this range", Color: object{"mode": "thresholds"},
			},
			Overrides: []override{},
		},
	}
}

// stat returns a panel of one number, or of one for each row of its query.
func stat(title, description, unit string, t target) panel {
	p := newPanel("stat", title, description, unit, t).size(4, 4).steps(ink)
	graph := "none"
	if t.Range != nil && *t.Range {
		graph = "area"
	}
	p.Options = object{
		"reduceOptions": object{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
		"colorMode":     "value", "graphMode": graph, "textMode": "auto", "justifyMode": "auto",
		"orientation": "auto",
		"wideLayout":  true, "showPercentChange": false, "percentChangeColorMode": "standard",
	}
	return p
}

// word returns a stat of a text or of a time.
func word(title, description, unit string, t target) panel {
	p := stat(title, description, unit, t)
	p.Options["reduceOptions"] = object{
		"calcs": []string{"lastNotNull"}, "fields": "/.*/", "values": false,
	}
	return p
}

// lines returns a panel of curves over time.
func lines(title, description, unit string, targets ...target) panel {
	p := newPanel("timeseries", title, description, unit, targets...).size(8, 8)
	p.FieldConfig.Defaults.Color = object{"mode": "palette-classic-by-name"}
	p.FieldConfig.Defaults.Custom = object{
		"drawStyle": "line", "lineInterpolation": "linear", "lineWidth": 1, "fillOpacity": 0,
		"showPoints": "never", "spanNulls": false,
	}
	p.Options = object{
		"legend": object{
			"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []string{},
		},
		"tooltip": object{"mode": "multi", "sort": "desc"},
	}
	return p
}

// stacked returns a panel of areas on top of each other.
func stacked(title, description, unit string, targets ...target) panel {
	p := lines(title, description, unit, targets...)
	p.FieldConfig.Defaults.Custom["stacking"] = object{"group": "A", "mode": "normal"}
	p.FieldConfig.Defaults.Custom["fillOpacity"] = 40
	return p
}

// table returns a panel with a row for each row of its query.
func table(title, description, unit string, t target) panel {
	p := newPanel("table", title, description, unit, t).size(12, 9).steps(ink)
	p.FieldConfig.Defaults.Custom = object{
		"align": "auto", "cellOptions": object{"type": "auto"}, "inspect": false,
	}
	p.Options = object{"showHeader": true, "cellHeight": "sm", "frameIndex": 0}
	return p
}

func (p panel) size(w, h int) panel {
	p.GridPos.W, p.GridPos.H = w, h
	return p
}

// none sets the text for a query whose answer may be empty.
func (p panel) none(words string) panel {
	p.FieldConfig.Defaults.NoValue = words
	return p
}

// steps sets the colours of values: the first colour, then pairs of a value and the colour from
// that value on.
func (p panel) steps(first string, pairs ...any) panel {
	t := thresholds{Mode: "absolute", Steps: []step{{Color: first}}}
	for i := 0; i < len(pairs); i += 2 {
		t.Steps = append(t.Steps, step{Color: pairs[i+1].(string), Value: to(pairs[i].(float64))})
	}
	p.FieldConfig.Defaults.Thresholds = &t
	return p
}

// drawSteps draws the values of steps into a chart as lines.
func (p panel) drawSteps() panel {
	p.FieldConfig.Defaults.Custom["thresholdsStyle"] = object{"mode": "dashed"}
	return p
}

func (p panel) between(low, high float64) panel {
	p.FieldConfig.Defaults.Min, p.FieldConfig.Defaults.Max = &low, &high
	return p
}

func (p panel) from(low float64) panel {
	p.FieldConfig.Defaults.Min = &low
	return p
}

// colours gives names their fixed colours, in pairs.
func (p panel) colours(pairs ...string) panel {
	for i := 0; i < len(pairs); i += 2 {
		p = p.override(pairs[i], fixed(pairs[i+1]))
	}
	return p
}

func (p panel) override(name string, properties ...property) panel {
	p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, override{
		matcher{"byName", name}, properties,
	})
	return p
}

// overrideLike matches names by a regular expression: a name with a variable in it cannot be
// matched as it is.
func (p panel) overrideLike(pattern string, properties ...property) panel {
	p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, override{
		matcher{"byRegexp", pattern}, properties,
	})
	return p
}

func fixed(colour string) property {
	return property{"color", object{"mode": "fixed", "fixedColor": colour}}
}

func custom(name string, value any) property { return property{"custom." + name, value} }

// words maps texts to texts and colours, in triples.
func words(triples ...string) []object {
	options := object{}
	for i := 0; i < len(triples); i += 3 {
		options[triples[i]] = object{"text": triples[i+1], "color": triples[i+2], "index": i / 3}
	}
	return []object{{"type": "value", "options": options}}
}

// runbook links to a section that says what to do about a red number, such as
// "alerts.md#loadtidelaggrowing".
func (p panel) runbook(section string) panel {
	page, _, _ := strings.Cut(section, "#")
	p.Links = append(p.Links, outward("What to do", "The section of docs/"+page, documents+section))
	return p
}

func outward(title, tooltip, url string) link {
	return link{
		Title: title, Type: "link", Icon: "doc", Tooltip: tooltip, URL: url, Tags: []string{},
		TargetBlank: true,
	}
}

// row returns a heading over the width of the dashboard.
func row(title string) []panel {
	return []panel{
		{
			Type:      "row",
			Title:     title,
			GridPos:   box{W: 24, H: 1},
			Collapsed: to(false),
			Panels:    &[]panel{},
		},
	}
}

// layout puts rows of panels below each other and numbers the panels. It panics when a row does not
// have the width of a dashboard.
func layout(all ...[]panel) []panel {
	var panels []panel
	y := 0
	for _, r := range all {
		x, height := 0, 0
		for _, p := range r {
			p.ID, p.GridPos.X, p.GridPos.Y = len(panels)+1, x, y
			x, height = x+p.GridPos.W, max(height, p.GridPos.H)
			panels = append(panels, p)
		}
		if x != 24 {
			panic("the row of " + r[0].Title + " is " + strconv.Itoa(x) + " wide, not 24")
		}
		y += height
	}
	return panels
}
