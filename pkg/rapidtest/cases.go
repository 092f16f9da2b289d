//go:build !race

package rapidtest

// quickCases is how many cases a property checks by default.
const quickCases = 20
