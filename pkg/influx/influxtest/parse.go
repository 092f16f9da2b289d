package influxtest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Point is a parsed line. Values of Fields are float64, int64, bool or string.
type Point struct {
	Measurement string
	Tags        map[string]string
	Fields      map[string]any
	Time        time.Time
}

// key identifies the row: measurement, tags in order, time.
func (p Point) key() string {
	keys := make([]string, 0, len(p.Tags))
	for k, v := range p.Tags {
		keys = append(keys, k+"="+v)
	}
	slices.Sort(keys)
	return fmt.Sprintf("%s,%s %020d", p.Measurement, strings.Join(keys, ","), p.Time.UnixNano())
}

// Parse returns the points of a text in line protocol. It is stricter than the server: tags must be
// in order, and a time is necessary.
func Parse(text string) ([]Point, error) {
	var points []Point
	for n, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		p, err := parseLine(line)
		if err != nil {
			return nil, fmt.Errorf("line %d %q: %w", n+1, line, err)
		}
		points = append(points, p)
	}
	return points, nil
}

func parseLine(line string) (Point, error) {
	parts := split(line, ' ')
	if len(parts) != 3 {
		return Point{}, fmt.Errorf("%d parts, want measurement with tags, fields, time", len(parts))
	}
	p := Point{Tags: make(map[string]string), Fields: make(map[string]any)}
	head := split(parts[0], ',')
	p.Measurement = unescape(head[0])
	last := ""
	for _, pair := range head[1:] {
		kv := split(pair, '=')
		if len(kv) != 2 || kv[0] == "" || kv[1] == "" || kv[0] <= last {
			return Point{}, fmt.Errorf("tag %q is incomplete or out of order", pair)
		}
		last = kv[0]
		p.Tags[unescape(kv[0])] = unescape(kv[1])
	}
	for _, pair := range split(parts[1], ',') {
		kv := split(pair, '=')
		if len(kv) != 2 || kv[0] == "" {
			return Point{}, fmt.Errorf("field %q is incomplete", pair)
		}
		value, err := parseValue(kv[1])
		if err != nil {
			return Point{}, fmt.Errorf("field %q: %w", pair, err)
		}
		p.Fields[unescape(kv[0])] = value
	}
	ns, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil {
		return Point{}, fmt.Errorf("time: %w", err)
	}
	p.Time = time.Unix(0, ns).UTC()
	return p, nil
}

func parseValue(s string) (any, error) {
	switch {
	case len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"':
		return unescape(s[1 : len(s)-1]), nil
	case s == "true" || s == "false":
		return s == "true", nil
	case strings.HasSuffix(s, "i"):
		return strconv.ParseInt(strings.TrimSuffix(s, "i"), 10, 64)
	}
	return strconv.ParseFloat(s, 64)
}

// split cuts s at sep, but not behind a backslash and not inside quotes.
func split(s string, sep byte) []string {
	var parts []string
	begin, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == sep && !quoted:
			parts = append(parts, s[begin:i])
			begin = i + 1
		}
	}
	return append(parts, s[begin:])
}

// unescape removes the backslash before an escaped character.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte(` ,="\`, s[i+1]) >= 0 {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
