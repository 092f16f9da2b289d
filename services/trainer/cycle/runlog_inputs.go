package cycle

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/mlflow"
)

// parameters are the configuration of an attempt, as the parameters of the run.
func (a *attempt) parameters() []mlflow.Tag {
	cfg, cut := a.Config, a.cut
	var all []mlflow.Tag
	add := func(key string, v any) { all = append(all, mlflow.Tag{Key: key, Value: fmt.Sprint(v)}) }
	add("hidden", cfg.Hidden)
	add("width", Width)
	add("interval", meter.IntervalName(a.interval()))
	add("horizon", a.leads)
	add("levels", cfg.Levels)
	add("iterations", cfg.Iterations)
	add("window", cfg.Window)
	add("burn_in", cfg.BurnIn)
	add("positions", cfg.positions(a.len, a.leads))
	add("batch", cfg.Batch)
	add("workers", cfg.Workers)
	add("seed", cfg.Seed)
	add("max_series", cfg.MaxSeries)
	add("choose_scale", cfg.Choose)
	add("start", cfg.Start)
	add("zone", cfg.Zone)
	add("country", cfg.Country)
	add("covariates", strings.Join(a.Ahead.Names(), " "))
	add("series", len(a.histories))
	add("train_from", stamp(cut.First))
	add("train_until", stamp(cut.TrainUntil))
	add("valid_until", stamp(cut.ValidUntil))
	add("test_from", stamp(cut.TestFrom))
	add("test_until", stamp(cut.TestUntil))
	return all
}

func stamp(second int64) string { return time.Unix(second, 0).UTC().Format(time.RFC3339) }

// sourceName names the kind of a source.
func sourceName(s Source) string {
	switch s.(type) {
	case dataset.Files:
		return "files"
	case Logs:
		return "logs"
	default:
		return "influx"
	}
}

// input is the history as a data set of the run.
func (a *attempt) input() mlflow.DatasetInput {
	digest, readings := digestOf(a.histories)
	units := map[string]bool{}
	for _, h := range a.histories {
		units[h.Unit] = true
	}
	column := func(name, kind string) map[string]any {
		return map[string]any{"name": name, "type": kind, "required": true}
	}
	return mlflow.DatasetInput{
		Dataset: mlflow.Dataset{
			Name: "readings", Digest: digest,
			SourceType: "loadtide", Source: text(map[string]string{"from": sourceName(a.Source)}),
			Schema: text(map[string]any{"mlflow_colspec": []any{
				column("series", "string"), column("timestamp", "datetime"),
				column("value", "double"),
			}}),
			Profile: text(map[string]any{
				"series": len(a.histories), "readings": readings, "units": len(units),
				"from": stamp(a.cut.First), "until": stamp(max(a.cut.ValidUntil, a.cut.TestUntil)),
			}),
		},
		Tags: []mlflow.Tag{{Key: "mlflow.data.context", Value: "training"}},
	}
}

// digestOf hashes and counts the readings of histories. Two runs on the same readings have the same
// digest.
func digestOf(histories []*dataset.History) (digest string, readings int) {
	sum := sha256.New()
	var cell [13]byte
	for _, h := range histories {
		_, _ = fmt.Fprintf(sum, "%s %s\n", h.ID, strconv.Quote(h.Unit)) // a hash returns no error
		for n := h.Ring.First(); h.Ring.Has(n); n++ {
			v, q := h.Ring.At(n)
			if !q.Accepted() {
				continue
			}
			readings++
			binary.LittleEndian.PutUint64(cell[:], uint64(h.Start(n)))
			binary.LittleEndian.PutUint32(cell[8:], math.Float32bits(v))
			cell[12] = byte(q)
			_, _ = sum.Write(cell[:])
		}
	}
	return hex.EncodeToString(sum.Sum(nil))[:32], readings
}

// text is a map of numbers and strings as JSON.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "{}" // never: numbers and strings can be written
	}
	return string(b)
}
