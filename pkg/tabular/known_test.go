package tabular

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/loadtide/loadtide/pkg/meter"
)

var rewrite = flag.Bool("rewrite", false, "write testdata/layouts.golden anew")

// layoutOptions are what a user has to say beside the file: the zone, and where the file does not
// say it, the label.
var layoutOptions = map[string]Options{
	"at_wiener_netze.csv":              {Timezone: "Europe/Vienna", Series: "home"},
	"be_fluvius.csv":                   {Timezone: "Europe/Brussels"},
	"be_fluvius.csv one register":      {Timezone: "Europe/Brussels", Series: "home", Where: []string{"Register=Afname Dag"}},
	"fr_enedis_courbe.csv":             {Series: "home", IntervalLabel: LabelEnd},
	"home_assistant_history.csv":       {Kind: meter.Register, Unit: "kWh"},
	"ie_esb_hdf.csv":                   {Timezone: "Europe/Dublin"},
	"pt_uci_electricity.csv":           {Timezone: "Europe/Lisbon", IntervalLabel: LabelEnd},
	"us_pge_green_button.csv":          {Timezone: "America/Los_Angeles", Series: "home"},
	"us_sdge_usage.csv":                {Timezone: "America/Los_Angeles"},
	"no_elhub_komma.csv":               {Timezone: "Europe/Oslo", Series: "home"},
	"us_pge_import_export.csv":         {Timezone: "America/Los_Angeles"},
	"at_netz_noe.csv":                  {Timezone: "Europe/Vienna", IntervalLabel: LabelEnd},
	"br_ons_dessem_geral.csv":          {Timezone: "America/Sao_Paulo", Unit: "MW"},
	"de_e3dc_portal.csv":               {Timezone: "Europe/Berlin"},
	"de_sma_csv3.csv":                  {Timezone: "Europe/Berlin"},
	"es_cnmc_facturaluz.csv":           {Timezone: "Europe/Madrid"},
	"es_edistribucion_autoconsumo.csv": {Timezone: "Europe/Madrid"},
	"es_ide_consumo.csv":               {Timezone: "Europe/Madrid", IntervalLabel: LabelEnd},
	"fr_totalenergies.csv":             {Timezone: "Europe/Paris"},
	"gb_supplier_start_end.csv":        {Timezone: "Europe/London"},
	"it_terna_am_pm.csv":               {Timezone: "Europe/Rome"},
	"jp_eria_jukyu.csv":                {Timezone: "Asia/Tokyo"},
	"jp_occto_block.csv":               {Timezone: "Asia/Tokyo", ValueColumn: "エリア需要(MW)"},
	"jp_tepco_two_tables.csv":          {Timezone: "Asia/Tokyo"},
	"jp_tepco_two_tables.csv hours":    {Timezone: "Asia/Tokyo", ValueColumn: "当日実績(万kW)"},
	"nl_energie_manager.csv":           {Timezone: "Europe/Amsterdam", Kind: meter.Register},
	"nl_engie_verbruik.csv":            {Unit: "kWh"},
	"nl_dsmr_reader.csv":               {Unit: "kWh"},
	"se_svk_forbrukningsprofil.csv":    {Timezone: "Europe/Stockholm"},
	"us_ameren.csv":                    {Timezone: "America/Chicago"},
	"us_isone_hourly_load.csv":         {Timezone: "America/New_York"},
	"us_peco.csv":                      {Timezone: "America/New_York", Series: "home"},
	"us_smt_interval.csv":              {Timezone: "America/Chicago"},
	"us_united_power.csv":              {Timezone: "America/Denver", Series: "home"},
	"au_aemo_price_and_demand.csv":     {Timezone: "Australia/Brisbane"},
	"au_nemweb_dispatch.csv":           {Timezone: "Australia/Brisbane"},
	"br_ons_carga_energia.csv":         {Timezone: "America/Sao_Paulo"},
	"de_lastgang_netzbetreiber.csv":    {Timezone: "Europe/Berlin"},
	"de_smard_netzlast.csv":            {Timezone: "Europe/Berlin"},
	"dk_eloverblik_meterdata.csv":      {Timezone: "Europe/Copenhagen"},
	"es_datadis_consumos.csv":          {Timezone: "Europe/Madrid"},
	"es_edistribucion_curva.csv":       {Timezone: "Europe/Madrid"},
	"fr_rte_eco2mix.tsv":               {Timezone: "Europe/Paris"},
	"gb_n3rgy.csv":                     {Series: "home.n3rgy", IntervalLabel: LabelEnd},
	"gb_neso_demand_data.csv":          {Timezone: "Europe/London"},
	"it_edistribuzione_curva.csv":      {Timezone: "Europe/Rome", Series: "casa", Unit: "kWh"},
	"it_terna_total_load.csv":          {Timezone: "Europe/Rome"},
	"jp_tepco_juyo.csv":                {Timezone: "Asia/Tokyo", Series: "tepco"},
	"nl_p4_dag_per_rij.csv":            {Timezone: "Europe/Amsterdam", Unit: "kWh"},
	"no_elhub_maaleverdier.csv":        {Timezone: "Europe/Oslo"},
	"us_ercot_native_load.csv":         {Timezone: "America/Chicago"},
	"us_nyiso_pal.csv":                 {Timezone: "America/New_York"},
	"us_pjm_hrl_load_metered.csv":      {},
	"us_pjm_hrl_load_metered.csv EPT":  {Timezone: "America/New_York"},
	"de_smard_netzlast.csv one column": {Timezone: "Europe/Berlin", Series: "de", ValueColumn: "Netzlast [MWh] Originalauflösungen"},
}

// TestKnownLayouts: what files of utilities and market places are taken for, with numbers of our own.
// -rewrite writes the golden file anew.
func TestKnownLayouts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("testdata", "layouts", "*"))
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	var all strings.Builder
	for _, path := range files {
		name := filepath.Base(path)
		keys := []string{name}
		for key := range layoutOptions {
			if strings.HasPrefix(key, name+" ") {
				keys = append(keys, key)
			}
		}
		slices.Sort(keys)
		for _, key := range keys {
			describe(t, &all, key, path, layoutOptions[key])
		}
	}
	const golden = "testdata/layouts.golden"
	if *rewrite {
		if err := os.WriteFile(golden, []byte(all.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(all.String(), "\n")); diff != "" {
		t.Error(diff)
	}
}

// describe writes what a file is taken for.
func describe(t *testing.T, w *strings.Builder, key, path string, opts Options) {
	t.Helper()
	table, report, err := Load([]string{path}, opts)
	if err != nil {
		t.Errorf("%s: %v", key, err)
		return
	}
	f := report.Files[0]
	fmt.Fprintf(w, "%s\n  %s, every %s, %d rows, %d rejected, %d without an offset\n", key, f.Layout, f.Interval, f.Rows, f.Rejected, f.Naive)
	for i := range report.Layouts {
		found := &report.Layouts[i]
		fmt.Fprintf(w, "  %s\n", found.Words())
		fmt.Fprintf(w, "  zone %s (%s), label %s (%s), unit %q (%s)\n", found.Zone, found.ZoneBy, found.Label, found.LabelBy, found.Unit, found.UnitBy)
	}
	for _, warning := range report.Warnings {
		fmt.Fprintf(w, "  warn: %s\n", strings.ReplaceAll(warning, path, key))
	}
	for _, s := range table.Summaries() {
		fmt.Fprintf(w, "  %s %s: %d readings from %s to %s, missing %d, doubled %d, mean %.4g\n", s.Series, s.Terms.Unit, s.Readings,
			s.First.Format(time.RFC3339), s.Last.Format(time.RFC3339), s.Missing, s.Doubled, s.Mean)
	}
	for i := range min(2, table.Len()) {
		r := table.Row(i)
		fmt.Fprintf(w, "  %s %s %v\n", table.Name(r), r.Time().Format(time.RFC3339), r.Value)
	}
}
