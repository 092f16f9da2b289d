// Package base holds the base models: networks that were trained once on many public series, which
// forecast a series of any meter from a day of its readings on. They are part of the program, one
// for each interval that has one. card.md says what they were trained on and how good they are.
package base
