package tabular

import (
	"slices"
	"strings"
	"unicode"

	"github.com/loadtide/loadtide/pkg/meter"
)

// The words that names of columns are recognised by, in lower case. A word of eight letters or more
// is also found as the beginning of a longer one.
var (
	seriesWords = words(`series id unique_id item_id meter meterid meter_id mpan mprn mpxn nmi ean
		eancode eancodeasn customer customerid customer_id
		household lclid zone station site device deviceid
		device_id entity entityid entity_id sensor zählpunkt zaehlpunkt messlokation marktlokation
		melo malo zählernummer zaehlernummer zähler cups pod prm gsrn meteringpoint meteringpointid
		regionid region area node settlementpoint location subsystem submarket submercado subsistema
		id_subsistema codigo building id_estado duid measurement_point målepunkt målepunktid
		målernummer tunnus mittauspiste numéro compteur kunde customer_no
		house houseid house_id home feeder substation transformer plant asset apartment`)
	quantityWords = words(`value values y target consumption usage use used demand load energy
		power kwh verbrauch bezug einspeisung lieferung energie leistung last lastgang netzlast wert
		menge messwert volume verbruik afname levering injectie teruglevering waarde vermogen import
		export consommation soutirage injection valeur puissance énergie consumo consumida energía
		energia potencia demanda carga lectura valor ae_kwh autoconsumo excedente prelievo immissione
		consumi forbrug forbruk förbrukning kulutus mængde mengde mängd määrä quantity reading
		readvalue generation production erzeugung produktion actual measured mw gwh mwh kw wh
		total_load actualload electricity electric elektriciteit
		electricité électricité electricidad
		elettricità strom stroom stand meterstand zählerstand zaehlerstand invoeding inmatning
		innmating エリア需要 使用量 需要 実績 当日実績 電力 実績使用量 totaldemand
		nd tsd val_cargaenergiahomwmed val_cargaenergiamwmed`)
	forecastWords = words(`forecast forecasted prognose prognosis prévision prevision prevista
		previsione predicted scheduled dayahead programada 予測 当日予測 予測値 planned`)
	actualWords = words(`actual measured metered realised realized ist real istwert messwert
		réalisée consumption 実績 当日実績`)
	otherWords = words(`price cost costs amount eur usd gbp preis kosten prix coût precio coste
		prezzo tariff temp temperature temperatur température rrp spot saldo status quality state
		flag validation year month day week weekday dow number nr count id key version revision
		使用率 供給力 利用率 percent percentage pct co2 humidity wind cloud lat lon latitude
		longitude resolution duration minutes length carbon postcode periodtype intervention obtained
		method notes balance tax vat charge charges peak`)
	kindWords = words(`type kind class category art typ soort tipo register channel kanal obis code
		suffix tyyppi direction richtung sens grandeur quality consumertype measurement parameter
		variable item`)
	startWords = words(`start from begin beginning von van de du desde inicio début debut dalle da
		fra fom starttime startdate readfrom startdatetime datetime_beginning intervalstarttime
		valid_from beginn anfang`)
	endWords = words(`end ende slut slutt loppuaika ending ended to until till bis tot fin hasta
		fine alle til tom endtime enddate endzeit stop intervalendtime readto enddatetime hourending
		hour_ending he`)
	timeWords = words(`timestamp time date datetime ts ds datum zeit zeitstempel uhrzeit tijd heure
		horodate fecha hora data ora dato tid tidpunkt aika pvm periode period settlementdate
		reading_datetime mtu when at 時刻 日時 date_time index epoch unix unixtime last_changed
		last_updated`)
	hourWords = words(`hour hours hr he hora stunde stunden uur heure ora time timme tunti
		hourending he_ hourbeginning hhmm hhmmss 時 시간 시 opr_hr hourofday`)
	periodWords = words(`period periode periodo sp settlementperiod viertelstunde quarter halfhour
		interval opr_interval kvarter plage tramo cuarto pte patamar slot
		timeslot`)
	recordWords = words(`created inserted received ingested updated modified imported exported
		processed downloaded published publish stored uploaded revision`)
	noteWords = words(`note notes comment comments remark remarks bemerkung bemerkungen kommentar
		commentaire observaciones nota opmerking events`)
	factorWords   = words(`factor multiplier multiplikator wandlerfaktor faktor scale`)
	registerWords = words(`low high normal night day peak offpeak off returned delivered`)
	tariffWords   = words(`tariff peak`)
	typeWords     = words(`string number integer float double decimal`)
	zoneWords     = words(`timezone tz utcoffset tzname zeitzone`)
	minuteWords   = words(`minute minutes min`)
	utcWords      = words(`utc gmt zulu`)
	sumWords      = words(`total totals sum summe gesamt gesamtsumme somme totale totaal suma summa
		average
		mean mittelwert end eof yhteensä merknaden 合計`)
)

// unitWords name a unit, of a column or in lines before the header.
var unitWords = words(`unit units unite unité einheit messeinheit eenheid unidad unità enhed
		enhet uom yksikkö yksikkötyyppi 単位 measure måleenhed måleenhet`)

// nameWords are the words of a name in lower case.
type nameWords []string

func words(list string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(list) {
		set[word] = true
	}
	return set
}

// wordsOf parts a name into words, at what is no letter or digit and where capitals begin words.
// The name as a whole, without spaces and marks, is one of them.
func wordsOf(name string) nameWords {
	apart := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	var all nameWords
	for _, part := range strings.FieldsFunc(name, apart) {
		all = append(all, strings.ToLower(part))
		runes, from := []rune(part), 0
		for i := 1; i < len(runes); i++ {
			if unicode.IsUpper(runes[i]) && unicode.IsLower(runes[i-1]) {
				all = append(all, strings.ToLower(string(runes[from:i])))
				from = i
			}
		}
		if from > 0 {
			all = append(all, strings.ToLower(string(runes[from:])))
		}
	}
	joined := strings.ToLower(strings.Join(strings.FieldsFunc(name, apart), ""))
	return append(all, joined, strings.ToLower(strings.TrimSpace(name)))
}

// in reports whether one of the words is in a set.
func (w nameWords) in(set map[string]bool) bool {
	return slices.ContainsFunc(w, func(word string) bool { return set[word] })
}

// measure is a unit of energy or power, and what values are multiplied with to be in it.
type measure struct {
	unit   string
	factor float64
}

// measureOf reads a unit as files write it; the unit is empty when the text is none of energy or
// power. Letters that are all small stand for a unit of mega, never of milli: no meter counts
// those.
func measureOf(text string) measure {
	text = strings.TrimSuffix(strings.TrimSpace(text), "平均") // a mean
	switch strings.ToLower(text) {
	case "kwh/h", "kilowatt", "kilowatts", "kwh/1h":
		return measure{"kW", 1}
	case "mwh/h", "megawatt", "megawatts", "mwmed":
		return measure{"MW", 1}
	case "kilowattstunden", "kilowattstunde", "kilowatthours", "kilowatthour", "kwhs", "kwh/hh":
		return measure{"kWh", 1} // hh is a half-hour
	case "megawattstunden", "megawattstunde", "megawatthours", "megawatthour":
		return measure{"MWh", 1}
	case "gigawatt", "gigawatts":
		return measure{"GW", 1}
	case "gigawattstunden", "gigawattstunde", "gigawatthours", "gigawatthour":
		return measure{"GWh", 1}
	case "watt", "watts":
		return measure{"W", 1}
	case "wattstunden", "wattstunde", "watthours", "watthour":
		return measure{"Wh", 1}
	case "万kw", "10mw":
		return measure{"MW", 10}
	case "万kwh":
		return measure{"MWh", 10}
	case "mwh", "mw", "gwh", "gw", "twh", "tw":
		if text == strings.ToLower(text) {
			text = strings.ToUpper(text[:1]) + text[1:]
		}
		text = text[:1] + strings.NewReplacer("w", "W", "H", "h").Replace(text[1:])
	case "kwh", "kw", "wh", "w":
		text = strings.NewReplacer("K", "k", "w", "W", "H", "h").Replace(text)
	}
	if meter.ParseUnit(text).Dimension == meter.DimensionNone {
		return measure{}
	}
	return measure{text, 1}
}

// measureIn finds the unit in the name of a column: in brackets, else as a word of its own.
func measureIn(name string) measure {
	for _, brackets := range []string{"[]", "()", "（）"} {
		open, end := []rune(brackets)[0], []rune(brackets)[1]
		from := strings.IndexRune(name, open)
		if from < 0 {
			continue
		}
		inner, _, closed := strings.Cut(name[from+len(string(open)):], string(end))
		if !closed {
			continue
		}
		for _, part := range append([]string{inner}, unitParts(inner)...) {
			if m := measureOf(part); m.unit != "" {
				return m
			}
		}
	}
	if strings.HasSuffix(strings.ToLower(name), "mwmed") {
		return measure{"MW", 1} // a mean of MW, as Brazil's market names it
	}
	parts := unitParts(name)
	for i, part := range slices.Backward(parts) {
		m := measureOf(part)
		if m.unit == "" || len(part) == 1 && (i == 0 || part != "W") || m.unit == "J" {
			continue
		}
		return m
	}
	return measure{}
}

// unitParts are the words of a name that may be a unit. A unit of power and the word of hours
// behind it are one unit of energy: kilowatt-hours, kW h.
func unitParts(name string) []string {
	parts := strings.FieldsFunc(name, apartFromUnit)
	for i := len(parts) - 1; i > 0; i-- {
		switch strings.ToLower(parts[i]) {
		case "h", "hour", "hours", "stunde", "stunden":
			joined := parts[i-1] + parts[i]
			if meter.ParseUnit(measureOf(joined).unit).Dimension == meter.DimensionEnergy {
				parts = slices.Replace(parts, i-1, i+1, joined)
			}
		}
	}
	return parts
}

func apartFromUnit(r rune) bool {
	return r != '/' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
}
