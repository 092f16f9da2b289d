package endtoend

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/onnx"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/streams"
)

// badModel is a model file that must be refused by name.
type badModel struct {
	name  string
	spoil func(file []byte) []byte
	torn  bool // the digest stays that of the file before
	says  string
}

func badModels(t *testing.T) []badModel {
	forge := func(change func(m *onnx.Model)) func([]byte) []byte {
		return func(file []byte) []byte {
			m, err := onnx.Read(file)
			if err != nil {
				t.Fatal(err)
			}
			change(m)
			if file, err = onnx.Append(nil, m); err != nil {
				t.Fatal(err)
			}
			return file
		}
	}
	replace := func(old, new string) func([]byte) []byte {
		return func(file []byte) []byte {
			if !bytes.Contains(file, []byte(old)) {
				t.Fatalf("%q is not in the file", old)
			}
			return bytes.Replace(file, []byte(old), []byte(new), 1)
		}
	}
	return []badModel{
		{name: "IR version", spoil: func(b []byte) []byte { b[1] = 99; return b }, says: "unknown IR version 99"},
		{name: "opset", spoil: replace("B\x02\x10\x11", "B\x02\x10\x63"), says: "unknown opset version 99"},
		{name: "schema", spoil: replace(`"schema":1`, `"schema":9`), says: "schema 9: this program reads 1"},
		{name: "cut short", spoil: func(b []byte) []byte { return b[:len(b)-1000] }, says: "cut short"},
		{name: "checksum", spoil: func(b []byte) []byte { b[len(b)/2] ^= 1; return b }, torn: true, says: "wrong checksum"},
		{name: "NaN", spoil: forge(func(m *onnx.Model) { m.Graph.Initializers[1].Floats[3] = float32(math.NaN()) }), says: "weight 3 of tensor lstm.R is NaN"},
		{name: "shape", spoil: replace(`"hidden":16`, `"hidden":17`), says: "tensor lstm.W has the shape [1 64 11], its spec needs [1 68 11]"},
		{name: "operation", spoil: forge(func(m *onnx.Model) { m.Graph.Nodes[7].Op = "Erf" }), says: `operation \"Erf\"`},
		// The bytes of a constant become a reference to a file, of the same length.
		{name: "external data", spoil: replace("const.floorJ\x04\xbd\x37\x86\x35", "const.floorj\x04\x0a\x02ab"), says: "external data"},
		{name: "64 MiB", spoil: func([]byte) []byte { return make([]byte, onnx.MaxSize+1) }, says: "has 67108865 bytes, at most 67108864 are read"},
	}
}

// TestBadModelLeavesTheChampion makes bad models champion beside a running process: each is refused
// by name, on the event stream and by `loadtide models promote`, and the model before it goes on. A
// good one after them is taken.
func TestBadModelLeavesTheChampion(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	dir := filepath.Join(p.dir, "registry")
	good := registerChampion(t, dir)
	models, err := registry.NewLocal(dir)
	if err != nil {
		t.Fatal(err)
	}
	from, err := models.Fetch(t.Context(), good)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(from, "model.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	p.up("--train-schedule", "off")
	conn := p.connect()
	past, hour := pastHours(200)
	subject := streams.PublicReadingSubject(meter.ID{Site: "bad", Meter: "model"})
	publish := func(readings []byte) {
		t.Helper()
		if _, err := conn.Publish(t.Context(), subject, readings, ""); err != nil {
			t.Fatal(err)
		}
	}
	publish(streams.AppendReadings(nil, past))
	serves := func(digest string) {
		t.Helper()
		publish(hourly(hour, 2))
		hour = hour.Add(time.Hour)
		if f := awaitOrigin(t, conn, "bad.model", hour); f.Source != meter.SourceLSTM || f.Model == nil ||
			f.Model.Digest != digest {
			t.Fatalf("%s forecast by %+v, want %s", f.Source, f.Model, digest)
		}
	}
	serves(good.Digest)
	for _, c := range badModels(t) {
		spoilt := c.spoil(bytes.Clone(file))
		digest := fmt.Sprintf("sha256:%x", sha256.Sum256(spoilt))
		if c.torn {
			digest = fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(c.name)))
		}
		folder := t.TempDir()
		for name, data := range map[string][]byte{"model.onnx": spoilt, "digest": []byte(digest + "\n")} {
			if err := os.WriteFile(filepath.Join(folder, name), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		v, err := models.Register(t.Context(), modelName, folder)
		if err != nil {
			t.Fatal(err)
		}
		said, code := p.run(patience, "models", "promote", v.Version, "--data-dir", p.dir)
		if code != 1 || !strings.Contains(said, strings.ReplaceAll(c.says, `\"`, `"`)) || !strings.Contains(said, "stays out") {
			t.Errorf("%s: promote ends with %d and says %s", c.name, code, said)
		}
		if err := models.SetAlias(t.Context(), modelName, registry.Champion, v.Version); err != nil {
			t.Fatal(err)
		}
		eventually(t, patience, c.name+" is refused", func() (bool, string) {
			m, ok, err := conn.LastBySubject(t.Context(), "EVENTS", streams.EventSubject(streams.EventModelRefused))
			if err != nil || !ok {
				return false, fmt.Sprint("nothing yet ", err)
			}
			e, err := streams.DecodeEvent(m.Data)
			if err != nil || e.Model.Digest != digest {
				return false, fmt.Sprintf("%s %v", m.Data, err)
			}
			if !bytes.Contains(m.Data, []byte(c.says)) || !strings.Contains(e.Text, "model.onnx") ||
				!strings.Contains(e.Text, "remedy") {
				t.Errorf("%s: the event says %s, want file, remedy and %q", c.name, m.Data, c.says)
			}
			return true, ""
		})
		serves(good.Digest)
	}
	better := registerChampion(t, dir)
	eventually(t, patience, "the better model is taken", func() (bool, string) {
		return p.metric(`loadtide_forecaster_model_info{alias="champion",interval="1h",version="`+better.Version+`"}`) == 1, "not there"
	})
	if better.Digest == good.Digest {
		t.Fatal("the better model is the same")
	}
	serves(better.Digest)
}
