package recorder

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/influx/influxtest"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
)

// FuzzPoints: any message is unreadable or gives points that line protocol can express, with the
// tags of their measurement and no others.
func FuzzPoints(f *testing.F) {
	files, err := filepath.Glob("../../streams/testdata/*.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("no messages: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	tags := map[string]int{
		MeasurementReading: 2, MeasurementForecast: 3, MeasurementForecastLead: 4, MeasurementScore: 4,
		MeasurementActual: 3, MeasurementMark: 2,
	}
	f.Add([]byte("{\"schema\":1,\"type\":\"drift\",\"text\":\"two\\n\\\"lines\\\\\"}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		reading := streams.ReadingSubject(0, meter.ID{Site: "north", Meter: "m17"})
		log := logLane(t.Context(), 0, noSettings{})
		marks := log
		marks.kind = streams.ControlMark
		for _, l := range append(fixedLanes(), log, marks) {
			m := bus.Message{Subject: reading, Seq: 1, Time: time.Unix(1769868000, 0), Data: data}
			if l.kind == streams.ControlMark {
				m.Subject = streams.ControlSubject(0, streams.ControlMark)
			}
			points, err := l.append(nil, &m)
			if err != nil && len(points) > 0 {
				t.Fatalf("%s: %d points of a message that is unreadable: %v", l.kind, len(points), err)
			}
			for _, p := range points {
				// an event's text may have lines
				parsed, err := influxtest.Parse(strings.ReplaceAll(p.String(), "\n", " "))
				if err != nil || len(parsed) != 1 {
					t.Fatalf("%s: %v in %s", l.kind, err, p)
				}
				if want, ok := tags[p.Measurement]; ok && len(parsed[0].Tags) != want {
					t.Fatalf("%s has %d tags: %s", p.Measurement, len(parsed[0].Tags), p)
				}
			}
		}
	})
}

// noSettings is a broker without settings of series.
type noSettings struct{ NATS }

func (noSettings) Settings(context.Context, string) ([]byte, error) { return nil, nil }
