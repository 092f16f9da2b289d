// The types that our dashboards must have: those of @grafana/schema, and closed where that leaves things open (options and
// field options by kind of panel, overrides by name, queries by data source).
import type { AnnotationQuery, Dashboard, FieldConfig, Panel, RowPanel } from '@grafana/schema';
import type * as barChart from '@grafana/schema/dist/esm/raw/composable/barchart/panelcfg/x/BarChartPanelCfg_types.gen';
import type * as barGauge from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type * as histogram from '@grafana/schema/dist/esm/raw/composable/histogram/panelcfg/x/HistogramPanelCfg_types.gen';
import type * as stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as timeline from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type * as table from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type * as timeSeries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

// In JSON a member of an enum is its text or number, which TypeScript would refuse.
type Json<T> = T extends string ? `${T}` : T extends number | boolean | null | undefined ? T : T extends (infer U)[] ? Json<U>[] : T extends object ? { [K in keyof T]: Json<T[K]> } : T;

type Source<T extends string, U extends string> = { type: T; uid: U };
type Influx = Source<'influxdb', 'loadtide-influx'>;
type Prometheus = Source<'prometheus', 'loadtide-prometheus'>;

type FluxTarget = { refId: string; datasource: Influx; query: string };
type PromTarget = {
  refId: string; datasource: Prometheus; expr: string; editorMode: 'code'; range: boolean; instant: boolean; format?: 'table'; legendFormat?: string;
};

type Named<T, P extends string> = { [K in keyof T & string]-?: { id: `${P}${K}`; value: Json<T[K]> } }[keyof T & string];
type Standard = Omit<FieldConfig, 'custom'>;

type Of<Kind extends string, Options, Custom> = Omit<Json<Panel>, 'type' | 'options' | 'fieldConfig' | 'targets' | 'datasource' | 'description' | 'title'> & {
  type: Kind;
  title: string;
  description: string;
  datasource: Influx | Prometheus;
  options: Json<Options>;
  targets: FluxTarget[] | PromTarget[];
  fieldConfig: {
    defaults: Omit<Json<Standard>, 'unit' | 'noValue'> & { unit: string; noValue: string; custom?: Json<Custom> };
    overrides: { matcher: { id: 'byName' | 'byRegexp'; options: string }; properties: (Named<Standard, ''> | Named<Custom, 'custom.'>)[] }[];
  };
};

export type LoadtidePanel =
  | Of<'timeseries', timeSeries.Options, timeSeries.FieldConfig>
  | Of<'stat', stat.Options, Record<never, never>>
  | Of<'bargauge', barGauge.Options, Record<never, never>>
  | Of<'table', table.Options, table.FieldConfig>
  | Of<'state-timeline', timeline.Options, timeline.FieldConfig>
  | Of<'barchart', barChart.Options, barChart.FieldConfig>
  | Of<'histogram', histogram.Options, histogram.FieldConfig>
  | Json<RowPanel>;

// The type of an annotation's target lacks the query that every data source has.
type Mark = Omit<Json<AnnotationQuery>, 'target'> & { target?: { refId: string; query: string } };

export type LoadtideDashboard = Omit<Json<Dashboard>, 'panels' | 'annotations'> & { panels: LoadtidePanel[]; annotations: { list: Mark[] } };
