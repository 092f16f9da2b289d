package plot

import "strings"

// leading is the distance of base lines over the size of the text.
const leading = 1.3

// header writes title and subtitle at the top of the area and returns the rest of the area. Each
// takes two lines at most; a longer text ends in an ellipsis.
func (p *pen) header(area rect, title letter, heading, subtitle string) rect {
	for _, part := range []struct {
		letter letter
		text   string
	}{{title, heading}, {quiet(), subtitle}} {
		for _, line := range p.wrap(part.letter, part.text, area.width(), 2) {
			area.top += part.letter.size * leading
			p.text(part.letter, point{area.left, area.top - part.letter.size*(leading-1)}, fromLeft, line)
		}
	}
	return area
}

// wrap breaks a text between words into at most the given number of lines.
func (p *pen) wrap(l letter, text string, width float64, lines int) []string {
	var out []string
	words := strings.Fields(clean(text))
	for len(words) > 0 {
		if len(out) == lines-1 {
			return append(out, p.cut(l, strings.Join(words, " "), width))
		}
		n := 1
		for n < len(words) && p.width(l, strings.Join(words[:n+1], " ")) <= width {
			n++
		}
		out = append(out, p.cut(l, strings.Join(words[:n], " "), width))
		words = words[n:]
	}
	return out
}

// cut shortens a line that is too wide and ends it in an ellipsis.
func (p *pen) cut(l letter, text string, width float64) string {
	text = clean(text)
	if p.width(l, text) <= width {
		return text
	}
	end, used := 0, p.width(l, "…")
	for i, r := range text {
		if used += p.advance(l, r); used > width {
			break
		}
		end = i + len(string(r))
	}
	return strings.TrimRight(text[:end], " ") + "…"
}
