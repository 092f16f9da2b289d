// Package plot draws forecasts and their scores as PNG or SVG pictures: for backtest --plot,
// forecast --plot, model cards and reports.
//
// Start with [Fan], one forecast between its readings and its actuals, and [Write], which draws any
// [Chart] into a file. [Report] is a whole backtest on one sheet. The commands in services/loadtide
// and the trainer call it; they give titles that say the answer in words.
//
// The grammar is the same everywhere: readings are ink, stepped, broken at gaps; the median is
// blue; bands are two tints of that blue without an outline, because an edge reads as a hard limit;
// naive rules are grey and differ by their dashes; "now" is a hairline. A value belongs to an
// interval, so it is drawn as long as the interval lasts.
//
// It must never smooth, interpolate or leave out a value to look better, and it never reads a
// clock: the same chart gives the same bytes.
package plot
