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
	"github.com/loadtide/loadtide/pkg/mlflow"
)

// parameters are what a cycle was told, as the run's parameters.
func parameters(c *Cycle, histories []*dataset.History, cut dataset.Cut) []mlflow.Tag {
	cfg := c.Config
	var all []mlflow.Tag
	add := func(key string, v any) { all = append(all, mlflow.Tag{Key: key, Value: fmt.Sprint(v)}) }
	add("hidden", cfg.Hidden)
	add("width", width)
	add("horizon", horizon)
	add("levels", levels())
	add("iterations", cfg.Iterations)
	add("window", cfg.Window)
	add("burn_in", cfg.BurnIn)
	add("positions", cfg.Positions)
	add("batch", cfg.Batch)
	add("workers", cfg.Workers)
	add("seed", cfg.Seed)
	add("max_series", cfg.MaxSeries)
	add("choose_scale", cfg.Choose)
	add("start", cfg.Start)
	add("zone", cfg.Zone)
	add("country", cfg.Country)
	add("covariates", strings.Join(c.Ahead.Names(), " "))
	add("series", len(histories))
	for _, t := range []struct {
		key    string
		second int64
	}{{"train_from", cut.First}, {"train_until", cut.TrainUntil}, {"valid_until", cut.ValidUntil}, {"test_from", cut.TestFrom}, {"test_until", cut.TestUntil}} {
		add(t.key, stamp(t.second))
	}
	return all
}

func stamp(second int64) string { return time.Unix(second, 0).UTC().Format(time.RFC3339) }

// sourceName says in a word where history came from.
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

// input is the history as a data set of the run. Its digest is of every reading
// that was taken, so that two runs on the same readings say the same.
func input(source Source, histories []*dataset.History, cut dataset.Cut) mlflow.DatasetInput {
	sum := sha256.New()
	readings, units := 0, map[string]bool{}
	var cell [13]byte
	for _, h := range histories {
		units[h.Unit] = true
		_, _ = fmt.Fprintf(sum, "%s %s\n", h.ID, strconv.Quote(h.Unit)) // a hash takes everything
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
	text := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			return "{}" // of maps of numbers and strings it has none
		}
		return string(b)
	}
	from := sourceName(source)
	column := func(name, kind string) map[string]any {
		return map[string]any{"name": name, "type": kind, "required": true}
	}
	return mlflow.DatasetInput{
		Dataset: mlflow.Dataset{
			Name: "readings", Digest: hex.EncodeToString(sum.Sum(nil))[:32], SourceType: "loadtide", Source: text(map[string]string{"from": from}),
			Schema:  text(map[string]any{"mlflow_colspec": []any{column("series", "string"), column("timestamp", "datetime"), column("value", "double")}}),
			Profile: text(map[string]any{"series": len(histories), "readings": readings, "units": len(units), "from": stamp(cut.First), "until": stamp(max(cut.ValidUntil, cut.TestUntil))}),
		},
		Tags: []mlflow.Tag{{Key: "mlflow.data.context", Value: "training"}},
	}
}
