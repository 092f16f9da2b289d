//go:build race

package rapidtest

// quickCases is how many cases a property checks by default. The race detector sees what it can see
// in a few of them, and each takes ten times as long.
const quickCases = 5
