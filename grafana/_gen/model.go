package main

// The part of Grafana's classic format that our dashboards use. Names and meaning are those of
// @grafana/schema; make check-dashboards checks the dashboards against it.

// object holds options that depend on the kind of a panel.
type object = map[string]any

type dashboard struct {
	UID                  string     `json:"uid"`
	Title                string     `json:"title"`
	Description          string     `json:"description"`
	Tags                 []string   `json:"tags"`
	SchemaVersion        int        `json:"schemaVersion"`
	Version              int        `json:"version"`
	Editable             bool       `json:"editable"`
	GraphTooltip         int        `json:"graphTooltip"`
	Refresh              string     `json:"refresh"`
	Timezone             string     `json:"timezone"`
	Time                 span       `json:"time"`
	Timepicker           timepicker `json:"timepicker"`
	FiscalYearStartMonth int        `json:"fiscalYearStartMonth"`
	WeekStart            string     `json:"weekStart"`
	Links                []link     `json:"links"`
	Annotations          struct {
		List []annotation `json:"list"`
	} `json:"annotations"`
	Templating struct {
		List []variable `json:"list"`
	} `json:"templating"`
	Panels []panel `json:"panels"`
}

type span struct {
	From string `json:"from"`
	To   string `json:"to"`
}

type timepicker struct {
	QuickRanges []quickRange `json:"quick_ranges,omitempty"`
}

type quickRange struct {
	Display string `json:"display"`
	From    string `json:"from"`
	To      string `json:"to"`
}

type link struct {
	Title       string   `json:"title"`
	Type        string   `json:"type"`
	Icon        string   `json:"icon"`
	Tooltip     string   `json:"tooltip"`
	URL         string   `json:"url,omitempty"`
	Tags        []string `json:"tags"`
	AsDropdown  bool     `json:"asDropdown"`
	TargetBlank bool     `json:"targetBlank"`
	IncludeVars bool     `json:"includeVars"`
	KeepTime    bool     `json:"keepTime"`
}

type source struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

type annotation struct {
	Name       string  `json:"name"`
	Datasource source  `json:"datasource"`
	Enable     bool    `json:"enable"`
	Hide       bool    `json:"hide"`
	IconColor  string  `json:"iconColor"`
	BuiltIn    int     `json:"builtIn,omitempty"`
	Type       string  `json:"type,omitempty"`
	Filter     *filter `json:"filter,omitempty"`
	Target     *target `json:"target,omitempty"`
}

// filter names the panels that an annotation is drawn in.
type filter struct {
	Exclude bool  `json:"exclude"`
	IDs     []int `json:"ids"`
}

type variable struct {
	Name             string   `json:"name"`
	Label            string   `json:"label"`
	Description      string   `json:"description"`
	Type             string   `json:"type"`
	Hide             int      `json:"hide"`
	Datasource       *source  `json:"datasource,omitempty"`
	Query            any      `json:"query"`
	Refresh          int      `json:"refresh,omitempty"`
	Sort             int      `json:"sort,omitempty"`
	Multi            bool     `json:"multi"`
	IncludeAll       bool     `json:"includeAll"`
	AllowCustomValue bool     `json:"allowCustomValue"`
	Options          []choice `json:"options"`
	Current          *choice  `json:"current,omitempty"`
}

type choice struct {
	Text     string `json:"text"`
	Value    string `json:"value"`
	Selected bool   `json:"selected"`
}

// target is one query, to Prometheus (Expr) or to InfluxDB (Query).
type target struct {
	RefID        string  `json:"refId"`
	Datasource   *source `json:"datasource,omitempty"`
	Expr         string  `json:"expr,omitempty"`
	EditorMode   string  `json:"editorMode,omitempty"`
	Format       string  `json:"format,omitempty"`
	LegendFormat string  `json:"legendFormat,omitempty"`
	Range        *bool   `json:"range,omitempty"`
	Instant      *bool   `json:"instant,omitempty"`
	Query        string  `json:"query,omitempty"`
}

type panel struct {
	ID              int              `json:"id"`
	Type            string           `json:"type"`
	Title           string           `json:"title"`
	Description     string           `json:"description,omitempty"`
	Datasource      *source          `json:"datasource,omitempty"`
	GridPos         box              `json:"gridPos"`
	Targets         []target         `json:"targets,omitempty"`
	Transformations []transformation `json:"transformations,omitempty"`
	FieldConfig     *fieldConfig     `json:"fieldConfig,omitempty"`
	Options         object           `json:"options,omitempty"`
	Links           []link           `json:"links,omitempty"`
	Collapsed       *bool            `json:"collapsed,omitempty"` // of a row, as Panels
	Panels          *[]panel         `json:"panels,omitempty"`
}

type box struct {
	X int `json:"x"`
	Y int `json:"y"`
	W int `json:"w"`
	H int `json:"h"`
}

type transformation struct {
	ID      string `json:"id"`
	Options object `json:"options"`
}

type fieldConfig struct {
	Defaults  defaults   `json:"defaults"`
	Overrides []override `json:"overrides"`
}

type defaults struct {
	Unit       string      `json:"unit"`
	NoValue    string      `json:"noValue"`
	Decimals   *int        `json:"decimals,omitempty"`
	Min        *float64    `json:"min,omitempty"`
	Max        *float64    `json:"max,omitempty"`
	Color      object      `json:"color"`
	Thresholds *thresholds `json:"thresholds,omitempty"`
	Mappings   []object    `json:"mappings,omitempty"`
	Custom     object      `json:"custom,omitempty"`
}

type thresholds struct {
	Mode  string `json:"mode"`
	Steps []step `json:"steps"`
}

// step is the colour from a value on. The first step has no value.
type step struct {
	Color string   `json:"color"`
	Value *float64 `json:"value"`
}

type override struct {
	Matcher    matcher    `json:"matcher"`
	Properties []property `json:"properties"`
}

type matcher struct {
	ID      string `json:"id"`
	Options string `json:"options"`
}

type property struct {
	ID    string `json:"id"`
	Value any    `json:"value"`
}
