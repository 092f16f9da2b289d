// Package plot draws forecasts and their scores as PNG or SVG pictures: for backtest --plot,
// forecast --plot, model cards and reports.
//
// Start with [Fan], one forecast between its readings and its actuals, and [Write], which draws any
// [Chart] into a file. [Report] is a whole backtest on one page. The commands in services/loadtide
// and the trainer call the package; they give titles that say the result in words.
//
// The look is the same in all charts: readings are dark and stepped, and broken at gaps. The median
// is blue, and bands are two tints of that blue without an outline, because an edge looks like a
// hard limit. Naive rules are grey and differ by their dashes. The origin is a hairline. A value
// belongs to an interval, so it is drawn as long as the interval lasts.
//
// The package must never smooth, interpolate or leave out a value to look better. It reads no
// clock: the same chart gives the same bytes.
package plot
