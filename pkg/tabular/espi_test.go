package tabular

import (
	"fmt"
	"strings"
	"testing"
)

// gbEntry is an entry of a feed of Green Button.
func gbEntry(self, up, title, content string, related ...string) string {
	var b strings.Builder
	fmt.Fprintf(
		&b,
		"<entry><id>urn:uuid:1</id><link rel='self' href=%q/><link rel=\"up\" href=%q />",
		self,
		up,
	)
	for _, link := range related {
		fmt.Fprintf(&b, `<link href="%s" rel="related"/>`, link)
	}
	fmt.Fprintf(&b, "<title>%s</title><content>%s</content></entry>\n", title, content)
	return b.String()
}

func gbType(fields string) string {
	return `<espi:ReadingType xmlns:espi="http://naesb.org/espi">` + fields + "</espi:ReadingType>"
}

// gbBlock is a block of readings an hour apart from 2026-01-31T13:00:00Z on.
func gbBlock(values ...string) string {
	var b strings.Builder
	b.WriteString(
		`<IntervalBlock xmlns="http://naesb.org/espi"><interval><duration>86400</duration>` +
			"<start>1</start></interval>",
	)
	for i, v := range values {
		fmt.Fprintf(&b, "\n<IntervalReading><cost>9</cost><timePeriod><duration>3600</duration>"+
			"<start>%d</start></timePeriod>%s</IntervalReading>", 1769864400+3600*i, v)
	}
	return b.String() + "</IntervalBlock>"
}

func gbValue(v string) string { return "<value>" + v + "</value>" }

func gbFeed(entries ...string) string {
	return `<?xml version="1.0" encoding="UTF-8"?>
<?xml-stylesheet type="text/xsl" href="GreenButton.xslt"?>
<!-- a > b --><feed xmlns="http://www.w3.org/2005/Atom"><title>Feed</title>
` + strings.Join(
		entries,
		"",
	) + "</feed>\n"
}

const (
	gbHome = "https://u.example/espi/1_1/resource/RetailCustomer/1/UsagePoint/01"
	gbKind = "https://u.example/espi/1_1/resource/ReadingType/"
)

// gbReading is the entry of a meter reading and that of its type.
func gbReading(number, kind, fields string) string {
	at := gbHome + "/MeterReading/" + number
	return gbEntry(
		at,
		gbHome+"/MeterReading",
		"",
		"<MeterReading/>",
		at+"/IntervalBlock",
		gbKind+kind,
	) +
		gbEntry(
			gbKind+kind,
			gbKind,
			"",
			gbType(fields),
		)
}

func gbReadings(number string, values ...string) string {
	at := gbHome + "/MeterReading/" + number + "/IntervalBlock"
	return gbEntry(at+"/5", at, "", gbBlock(values...))
}

// gbKilo multiplies values by a thousand.
const gbKilo = "<powerOfTenMultiplier>3</powerOfTenMultiplier>"

const gbDelta = "<accumulationBehaviour>4</accumulationBehaviour><uom>72</uom>"

func TestGreenButton(t *testing.T) {
	t.Parallel()
	const at13, at14 = "2026-01-31T13:00:00 ", "2026-01-31T14:00:00 "
	// Blocks before what they need; tenths of a watt-hour taken, watt-hours given, power, a register.
	report := wantRows(
		t,
		gbFeed(
			gbReadings("1", gbValue("4215"), gbValue("<![CDATA[10]]>")),
			gbReadings(
				"2",
				gbValue("3"),
				`<ReadingQuality><quality>8</quality></ReadingQuality>`+gbValue(" 4 "),
			),
			gbEntry(
				gbHome,
				gbHome,
				"Front &amp; back",
				"<UsagePoint><ServiceCategory><kind>0</kind></ServiceCategory></UsagePoint>",
			),
			gbReading(
				"1",
				"7",
				gbDelta+"<flowDirection>1</flowDirection><powerOfTenMultiplier>-1</powerOfTenMultiplier>",
			),
			gbReading("2", "8", gbDelta+"<flowDirection>19</flowDirection>"),
			gbReading(
				"3",
				"9",
				"<uom>38</uom><accumulationBehaviour>6</accumulationBehaviour>"+gbKilo,
			),
			gbReadings("3", gbValue("2")),
			gbReading(
				"4",
				"10",
				"<uom>72</uom><accumulationBehaviour>3</accumulationBehaviour>"+gbKilo,
			),
			gbReadings("4", gbValue("7000")),
		),
		Options{},
		"default.Front___back "+at13+"421.5 Wh energy",
		"default.Front___back "+at14+"1 Wh energy",
		"default.Front___back_export "+at13+"3 Wh energy",
		"default.Front___back_export "+at14+"4 Wh energy",
		"default.Front___back_power "+at13+"2 kW power",
		"default.Front___back_register "+at14+"7000 kWh register",
	)
	want := "FILE: 1 readings are marked as estimated, and count as others"
	if report.Files[0].Layout != LayoutGreenButton || report.Warnings[0] != want {
		t.Errorf("%+v", report)
	}
	// One type for all blocks needs no links; a flag names the one series and converts.
	wantRows(t, "<feed><entry><content>"+gbType(gbDelta)+"</content></entry><entry><content>"+
		gbBlock(
			gbValue("1500"),
		)+"</content></entry></feed>", Options{Series: "home.m1", Unit: "kWh"},
		"home.m1 "+at13+"1.5 kWh energy")
	// Without a type the unit is a flag's.
	wantRows(
		t,
		gbBlock(gbValue("1500")),
		Options{Unit: "Wh"},
		"default.usage_point "+at13+"1500 Wh",
	)
	// Two meter readings of one quantity are two series.
	wantRows(t, gbFeed(
		gbEntry(
			gbHome,
			gbHome,
			"",
			"<UsagePoint/>",
		),
		gbReading("1", "7", gbDelta),
		gbReading("2", "8", gbDelta),
		gbReadings("1", gbValue("1")),
		gbReadings("2", gbValue("2")),
	), Options{}, "default.01 "+at13+"1 Wh energy", "default.01_2 "+at13+"2 Wh energy")
	// A feed may leave out the entries of usage points and meter readings: links name them.
	block := func(point string, value string) string {
		at := "https://u.example/Customer/C/UsagePoint/" + point + "/MeterReading/M"
		return gbEntry(at+"/IntervalBlock/1", "", "Start: 2026-01-31", gbBlock(gbValue(value))) +
			gbEntry(at+"/ReadingType/1", "", "", gbType("<uom>72</uom><powerOfTenMultiplier>"+value+
				"</powerOfTenMultiplier>"))
	}
	wantRows(t, gbFeed(block("GRID", "3"), block("SOLAR", "6")), Options{},
		"default.GRID "+at13+"3 kWh energy", "default.SOLAR "+at13+"6 MWh energy")
	// Several usage points, of which one is wanted.
	other := strings.ReplaceAll(gbReadings("1", gbValue("5"))+gbReading("1", "7", gbDelta)+
		gbEntry(gbHome, gbHome, "", "<UsagePoint/>"), "UsagePoint/01", "UsagePoint/02")
	wantRows(t, gbFeed(
		gbEntry(gbHome, gbHome, "", "<UsagePoint/>"),
		gbReading("1", "7", gbDelta),
		gbReadings(
			"1",
			gbValue("1"),
		),
		other,
	), Options{Series: "02"}, "default.02 "+at13+"5 Wh energy")
}

func TestGreenButtonRefused(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"<feed/>": "is XML of <feed> without an IntervalReading",
		"<readings><reading>no</reading></readings>": "is XML of <readings>",
		"<a><b></a>": "line 1: the tag </a> ends no open element",
		"<a>\n<b":    "line 2: a tag is open at the end",
		"<a>\n<b>":   "line 2: the file ends inside of the element b",
		"<!DOCTYPE x [<!ENTITY a \"aa\"><!ENTITY b \"&a;&a;\">]><x>&b;</x>": "a document type is not read",
		"<a><!-- open":                            "the file ends before -->",
		strings.Repeat("<a>", 100):                "nested more than 64 deep",
		"<a " + strings.Repeat("x", maxTag):       "a tag is",
		"<a " + strings.Repeat("x", maxTag) + ">": "a tag is longer than 64 KiB",
		"< a>":                "a tag has no name",
		gbBlock(gbValue("1")): "has no ReadingType",
		"<x>" + gbType(gbDelta) + gbType("<uom>38</uom>") + gbBlock(gbValue("1")) + "</x>":       "nothing says which of 2 reading types",
		"<x>" + gbType("<uom>kWh</uom>") + gbBlock(gbValue("1")) + "</x>":                        `uom "kWh" is no whole number`,
		"<x>" + gbType("<powerOfTenMultiplier>99</powerOfTenMultiplier>") + gbBlock("") + "</x>": "powerOfTenMultiplier 99",
		"<x>" + gbType(gbDelta) + gbBlock("") + "</x>":                                           `FILE:2: value "" not_a_number`,
	} {
		_, report, err := loaded(t, content, Options{})
		text := fmt.Sprint(err)
		if len(report.First) > 0 {
			text = report.First[0].Error()
		}
		if !strings.Contains(text, want) {
			t.Errorf("%.60s\n%s\nwant %s", content, text, want)
		}
	}
	for reading, want := range map[string]string{
		"<start>soon</start><duration>3600</duration></timePeriod><value>1</value>":    `FILE:1: start "soon" bad_timestamp`,
		"<start>-5</start></timePeriod><value>1</value>":                               `FILE:1: start "-5" bad_timestamp`,
		"<start>1769864400</start></timePeriod><value>many</value>":                    `FILE:1: value "many" not_a_number`,
		"<start>1769864400</start></timePeriod><value>9e11</value>":                    `FILE:1: value "9e+14" out_of_range`,
		"<duration>x</duration><start>1769864400</start></timePeriod><value>1</value>": `FILE:1: duration "x" bad_timestamp`,
	} {
		fields := "<uom>72</uom><accumulationBehaviour>3</accumulationBehaviour>" + gbKilo
		if strings.Contains(want, "out_of_range") {
			fields = strings.Replace(fields, "72", "42", 1) // no prefix takes the power of ten
		}
		_, report, err := loaded(
			t,
			"<x>"+gbType(fields)+"<IntervalBlock><IntervalReading><timePeriod>"+
				reading+"</IntervalReading></IntervalBlock></x>",
			Options{},
		)
		if err != nil || len(report.First) != 1 || report.First[0].Error() != want {
			t.Errorf("%s: %v, %v", reading, report.First, err)
		}
	}
}

// Entities of XML and numbers of characters are read; others stay as they are.
func TestXMLEntities(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a &lt;b&gt; &amp;amp; &quot;&apos;": `a <b> &amp; "'`, "&#233;&#xe9;": "éé", "&big; & &#; &#x;": "&big; & &#; &#x;",
		"&#99999999;": "&#99999999;",
	} {
		if got := unescapedXML([]byte(text)); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
