package main

import (
	"fmt"
	"go/scanner"
	"go/token"
	"regexp"
	"strings"
)

// between is what may stand between two tokens.
const between = `(?:\s|//.*)*`

// pattern matches the tokens of a piece of Go, whatever lines, spaces and comments part them, so
// that a list of faults outlives the formatting of its files.
func pattern(text string) (*regexp.Regexp, error) {
	var fault error
	var s scanner.Scanner
	files := token.NewFileSet()
	s.Init(files.AddFile("", files.Base(), len(text)), []byte(text),
		func(at token.Position, problem string) { fault = fmt.Errorf("%d: %s", at.Column, problem) }, 0)
	var parts []string
	for {
		_, tok, literal := s.Scan()
		if tok == token.EOF {
			break
		}
		if tok == token.SEMICOLON && literal == "\n" {
			continue
		}
		if literal == "" {
			literal = tok.String()
		}
		part := regexp.QuoteMeta(literal)
		switch {
		case tok.IsKeyword() || tok == token.IDENT:
			part = `\b` + part + `\b`
		case tok == token.RPAREN || tok == token.RBRACE:
			part = `(?:,\s*)?` + part // a line of its own needs a comma before it
		}
		parts = append(parts, part)
	}
	if fault != nil {
		return nil, fmt.Errorf("%q is not made of whole tokens: %w", text, fault)
	}
	return regexp.Compile(strings.Join(parts, between))
}
