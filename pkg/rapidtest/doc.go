// Package rapidtest says how many cases the properties of a package check.
package rapidtest
