package tabular

import (
	"strings"
	"testing"
)

func TestLineProtocol(t *testing.T) {
	t.Parallel()
	const day = "2026-01-31T"
	// As the recorder of Loadtide writes it, with a comment and an empty line.
	report := wantRows(t, `# DDL
CREATE DATABASE energy WITH NAME autogen
# DML
reading,meter=m1,site=north quality="OK",unit="kWh",value=1.5 1769864400000000000

reading,meter=m1,site=north value=2,unit="kWh" 1769868000000000000
reading,meter=m1,site=north value=9,unit="kWh",quality="BAD" 1769868000000000000
`, Options{}, "north.m1 "+day+"13:00:00 1.5 kWh energy", "north.m1 "+day+"14:00:00 2 kWh energy")
	if len(report.First) != 1 || report.First[0].Error() != `FILE:7: quality "BAD" bad_quality` ||
		report.Files[0].Layout != LayoutLineProtocol {
		t.Errorf("%+v", report)
	}
	// As Home Assistant writes it: the measurement is the unit; times in seconds.
	wantRows(
		t,
		`kWh,domain=sensor,entity_id=grid_import friendly_name_str="Grid \"in\", all",value=123.4 1769864400
W,domain=sensor,entity_id=power value=450i 1769864400`,
		Options{},
		"sensor.grid_import "+day+"13:00:00 123.4 kWh energy",
		"sensor.power "+day+"13:00:00 450 W power",
	)
	// Several numbers of a point are series, with the units of their names; tags in any order.
	wantRows(
		t,
		`energy,house=a\ b,phase=1 import_kwh=1.5,export_kwh=0,power_W=-2e2,on=true 1769864400123
energy,phase=1,house=a\ b import_kwh=2u,export_kwh=0i 1769865300000`,
		Options{},
		"default.energy_a_b_1_import_kwh "+day+"13:00:00 1.5 kWh energy",
		"default.energy_a_b_1_export_kwh "+day+"13:00:00 0 kWh energy",
		"default.energy_a_b_1_power_W "+day+"13:00:00 -200 W power",
		"default.energy_a_b_1_import_kwh "+day+"13:15:00 2 kWh energy",
		"default.energy_a_b_1_export_kwh "+day+"13:15:00 0 kWh energy",
	)
	// The tag and the field that flags name.
	wantRows(t, "power,id=h1,unit=W now_kw=1,peak=2 1769864400\npower,id=h2 now_kw=3 1769864400",
		Options{SeriesColumn: "id", ValueColumn: "now_kw"},
		"default.h1 "+day+"13:00:00 1 W power", "default.h2 "+day+"13:00:00 3 kW power")
}

func TestLineProtocolRefused(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"m value=1":                                 `FILE:2: time "" bad_timestamp`,
		"m value=1 12":                              `FILE:2: time "12" bad_timestamp`,
		"m value=true 1769864400":                   `FILE:2: value "true" not_a_number`,
		"m on=true 1769864400":                      `FILE:2: fields "on" not_a_number`,
		"m value=1e12 1769864400":                   `FILE:2: value "1e12" out_of_range`,
		"m value=1 1769864400 9":                    `FILE:2: line "m value=1 1769864400 9" unparsable`,
		"m value= 1769864400":                       `FILE:2: line "m value= 1769864400" unparsable`,
		`m value=1,note="open 1769864400`:           `FILE:2: line "m value=1,note=\"open 1769864400" unparsable`,
		"text":                                      `FILE:2: line "text" unparsable`,
		"m,=x =1 1769864400":                        `FILE:2: line "m,=x =1 1769864400" unparsable`,
		strings.Repeat("x", 65) + " value=x 1":      `FILE:2: time "1" bad_timestamp`,
		strings.Repeat("x", 65) + " value=1 1.8e9x": `FILE:2: line "` + strings.Repeat("x", 64) + `" unparsable`,
	} {
		rows, report, err := loaded(t, "m value=0 1769860800\n"+line+"\n", Options{})
		if err != nil || len(rows) != 1 || len(report.First) != 1 ||
			report.First[0].Error() != want {
			t.Errorf("%s: %q, %v, %v", line, rows, report.First, err)
		}
	}
	_, report, err := loaded(t, "m,a=1 value=0 1769860800", Options{SeriesColumn: "id"})
	if err != nil || report.First[0].Error() != `FILE:1: series "m,a=1" bad_subject` {
		t.Errorf("%+v, %v", report.First, err)
	}
}

// Delimited text is not taken for line protocol.
func TestLineProtocolOrNot(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"m v=1 1769864400000000000\n":         true,
		"# comment\n\nm,a=b v=1i,w=\"x y\" 5": true,
		"m v=1":                               true,
		"series,timestamp,value\n":            false,
		"timestamp,a=b c\n2026,1":             false,
		"timestamp,a b=c,d\n":                 false,
		"Name: a=b c=d\n":                     false,
		"a b\n":                               false,
		"":                                    false,
	} {
		if got := isLineProtocol([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
