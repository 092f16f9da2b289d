package tabular

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// zonesByName are the zones that names of columns and lines before the header say.
var zonesByName = []struct{ text, zone string }{
	{"CET/CEST", "Europe/Brussels"}, {"MEZ/MESZ", "Europe/Berlin"}, {"EET/EEST", "Europe/Helsinki"},
	{"WET/WEST", "Europe/Lisbon"}, {"GMT/BST", "Europe/London"}, {"JST", "Asia/Tokyo"},
	{"AEST", "Australia/Brisbane"}, {"UTC", "UTC"}, {"GMT", "UTC"},
}

// zonesByShort are what the short name of a zone in the name of a column may mean: one offset all
// year, or clocks with summer time. The first one is read where all give the same times.
var zonesByShort = map[string][]string{
	"CET": {"UTC+01:00", "Europe/Berlin"}, "CEST": {"UTC+02:00", "Europe/Berlin"},
	"MEZ": {"UTC+01:00", "Europe/Berlin"}, "MESZ": {"UTC+02:00", "Europe/Berlin"},
	"WET": {"UTC+00:00", "Europe/Lisbon"}, "WEST": {"UTC+01:00", "Europe/Lisbon"},
	"EET": {"UTC+02:00", "Europe/Helsinki"}, "EEST": {"UTC+03:00", "Europe/Helsinki"},
	"BST": {"UTC+01:00", "Europe/London"},
	"EST": {"UTC-05:00", "America/New_York"}, "EDT": {"UTC-04:00", "America/New_York"},
	"CST": {"UTC-06:00", "America/Chicago", "Asia/Shanghai"},
	"CDT": {"UTC-05:00", "America/Chicago"},
	"MST": {"UTC-07:00", "America/Denver"}, "MDT": {"UTC-06:00", "America/Denver"},
	"PST": {"UTC-08:00", "America/Los_Angeles"}, "PDT": {"UTC-07:00", "America/Los_Angeles"},
	"AEDT": {"UTC+11:00", "Australia/Sydney"}, "BRT": {"UTC-03:00"},
	"IST":  {"Asia/Kolkata", "Europe/Dublin", "Asia/Jerusalem"},
	"NZST": {"UTC+12:00", "Pacific/Auckland"}, "NZDT": {"UTC+13:00", "Pacific/Auckland"},
}

// zoneIn finds the zone that a name says, in a word of its own: an IANA name, an offset such as
// UTC+01:00, or a key of zonesByShort.
func zoneIn(name string) string {
	for _, z := range zonesByName {
		if strings.Contains(z.text, "/") && strings.Contains(name, z.text) {
			return z.zone
		}
	}
	if offset, ok := offsetIn(name); ok {
		return offset
	}
	words := strings.FieldsFunc(name, apartFromZone)
	for _, word := range words {
		if _, ok := zonesByShort[word]; ok {
			return word
		}
	}
	for _, z := range zonesByName {
		if strings.Contains(name, z.text) {
			return z.zone
		}
	}
	if wordsOf(name).in(utcWords) {
		return "UTC"
	}
	for _, word := range words {
		if area, place, ok := strings.Cut(word, "/"); ok && len(area) > 3 && len(place) > 3 {
			if z, err := loadZone(word); err == nil {
				return z.name
			}
		}
	}
	return ""
}

func apartFromZone(r rune) bool {
	return r != '/' && r != '_' && r != '-' && !unicode.IsLetter(r)
}

// zoneInLine finds the zone that a line before the header says. An offset or a short name counts
// only in a line about zones: others say when a file was made.
func zoneInLine(line string) string {
	said := zoneIn(line)
	_, short := zonesByShort[said]
	if !short && !strings.HasPrefix(said, "UTC+") && !strings.HasPrefix(said, "UTC-") {
		return said
	}
	line = strings.ToLower(line)
	for _, word := range []string{"zone", "zona", "fuseau", "fuso", "huso", "offset"} {
		if strings.Contains(line, word) {
			return said
		}
	}
	return ""
}

// offsetIn finds an offset behind UTC or GMT, as UTC+1, GMT-05:00 or UTC +0530, and writes it as
// UTC+01:00. Two offsets, as of winter and summer, are none.
func offsetIn(text string) (offset string, ok bool) {
	text = strings.ReplaceAll(strings.ToUpper(text), "\u2212", "-")
	for _, word := range []string{"UTC", "GMT"} {
		before, behind, found := strings.Cut(text, word)
		behind = strings.TrimLeft(behind, " ")
		west := strings.HasSuffix(before, "/") // the sign of Etc/GMT+5 counts west
		if !found || west || behind == "" || behind[0] != '+' && behind[0] != '-' {
			continue
		}
		hour, digits, rest := leadingNumber([]byte(behind[1:]))
		minute := 0
		switch {
		case digits == 4:
			hour, minute = hour/100, hour%100
		case digits != 1 && digits != 2:
			return "", false
		case len(rest) > 2 && rest[0] == ':':
			var more int
			if minute, more, rest = leadingNumber(rest[1:]); more != 2 {
				return "", false
			}
		}
		if hour > 14 || minute > 59 || len(rest) > 0 && rest[0] == '/' ||
			strings.Contains(string(rest), word) {
			return "", false
		}
		return fmt.Sprintf("UTC%c%02d:%02d", behind[0], hour, minute), true
	}
	return "", false
}

// fixedZone is the zone of an offset as offsetIn writes it.
func fixedZone(offset string) *zone {
	seconds, _ := parseOffset([]byte(strings.TrimPrefix(offset, "UTC")))
	return &zone{name: offset, offsets: []int64{seconds}}
}

// utc reports whether the name of a column says that its times are of UTC.
func (c *sampleColumn) utc() bool {
	if _, offset := offsetIn(c.name); offset {
		return false
	}
	for _, word := range []string{"UTC", "GMT"} { // GMTIntervalEnd
		if rest, ok := strings.CutPrefix(c.name, word); ok && rest != "" && unicode.IsUpper(rune(rest[0])) {
			return true
		}
	}
	return c.words.in(utcWords)
}

// checkZone refuses a file whose times differ between the zones that the short name in its column
// of times may mean. A zone whose clocks skip one of the times is not meant.
func (l *loader) checkZone(rows []Row) error {
	zones := zonesByShort[l.zoneBy]
	for _, name := range slices.Clone(zones)[min(1, len(zones)):] {
		z, err := loadZone(name)
		if err != nil {
			return err
		}
		other, own, differ := 0, 0, int64(0)
		for i, r := range rows {
			if l.notes[i]&1 == 0 {
				continue
			}
			m := z.at(r.Unix, &other)
			if m.state == skipped {
				differ = 0
				break
			}
			if differ == 0 && m.state == once && m.unix != l.zone.at(r.Unix, &own).unix {
				differ = r.Unix
			}
		}
		if differ > 0 {
			text := written(differ, len("2006-01-02 15:04"), ' ')
			unix := func(z *zone) string {
				return written(z.at(differ, new(int)).unix, len("2006-01-02 15:04"), 'T') + "Z"
			}
			two := twoReadings{"time of " + l.zoneBy, text, unix(l.zone), unix(z),
				"--timezone " + strings.Join(zones, " or --timezone ")}
			return l.fileError(two.problem(), two.remedy())
		}
	}
	return nil
}
