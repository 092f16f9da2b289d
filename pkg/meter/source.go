package meter

// Source says what made a forecast, in the words of the wire.
type Source string

// The sources. SourceNone stands where a source is asked for and no forecast is made; no forecast
// carries it.
const (
	SourceLSTM          Source = "lstm"           // the network
	SourceSeasonalNaive Source = "seasonal_naive" // the value of the same hour a day before
	SourcePersistence   Source = "persistence"    // the newest value, repeated
	SourceNone          Source = "none"
)

// SourceMix and SourcePrevious are words of the contract that no forecast carries yet.
const (
	SourceMix      Source = "mix"      // the network holds less than half of the median's weight
	SourcePrevious Source = "previous" // the model before, where the current one failed
)

// Sources are those that a forecast may carry, in a fixed order.
func Sources() []Source { return []Source{SourceLSTM, SourceSeasonalNaive, SourcePersistence} }
