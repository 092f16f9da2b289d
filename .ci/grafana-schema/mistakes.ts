// Mistakes that the types must find: tsc fails on a line below that has none.
import type { LoadtideDashboard, LoadtidePanel } from './loadtide';

const chart = {
  id: 1, type: 'timeseries', title: 't', description: 'd', datasource: { type: 'influxdb', uid: 'loadtide-influx' },
  gridPos: { x: 0, y: 0, w: 1, h: 1 }, targets: [{ refId: 'A', datasource: { type: 'influxdb', uid: 'loadtide-influx' }, query: 'q' }],
} as const;
const options = { legend: { calcs: [], displayMode: 'list', placement: 'bottom', showLegend: true }, tooltip: { mode: 'multi', sort: 'none' } } as const;
const fieldConfig = { defaults: { unit: 's', noValue: 'n', custom: {} }, overrides: [] };
const frame = { schemaVersion: 39, panels: [], annotations: { list: [] } };
type Fields = Extract<LoadtidePanel, { type: 'timeseries' }>['fieldConfig'];

// What the mistakes are made in has none itself.
export const dashboard: LoadtideDashboard = frame;
export const fields: Fields = fieldConfig;
export const panel: LoadtidePanel = { ...chart, targets: [...chart.targets], options: { ...options, legend: { ...options.legend, calcs: [] } }, fieldConfig };

// @ts-expect-error a key of the dashboard
export const key: LoadtideDashboard = { ...frame, refesh: '30s' };
// @ts-expect-error a value's type
export const value: LoadtideDashboard = { ...frame, refresh: 30 };
// @ts-expect-error a field option
export const custom: Fields = { ...fieldConfig, defaults: { ...fieldConfig.defaults, custom: { drawStile: 'line' } } };
// @ts-expect-error a word of a field option
export const word: Fields = { ...fieldConfig, defaults: { ...fieldConfig.defaults, custom: { drawStyle: 'lines' } } };
// @ts-expect-error an override
export const override: Fields = { ...fieldConfig, overrides: [{ matcher: { id: 'byName', options: 'P90' }, properties: [{ id: 'custom.fillBelow', value: 'P10' }] }] };
// @ts-expect-error an override's value
export const overridden: Fields = { ...fieldConfig, overrides: [{ matcher: { id: 'byName', options: 'P90' }, properties: [{ id: 'custom.fillOpacity', value: '18' }] }] };
