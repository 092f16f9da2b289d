package recorder_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/influxdata/influxdb-client-go/v2/domain"

	"github.com/loadtide/loadtide/pkg/flagtest"
	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/influx/influxtest"
	"github.com/loadtide/loadtide/services/recorder"
)

// TestTasks installs the files of deployments/influxdb/tasks in a real InfluxDB, and runs each
// twice. The sums are in their bucket once.
func TestTasks(t *testing.T) {
	t.Parallel()
	cfg := influxtest.Server(t)
	client := influxtest.Client(t, cfg)
	org, err := client.OrganizationsAPI().FindOrganizationByName(t.Context(), cfg.Org)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Bucket = flagtest.Defaults[influx.Config](t).Bucket
	daily := cfg
	daily.Bucket += recorder.DailySuffix
	for _, name := range []string{cfg.Bucket, daily.Bucket} {
		if _, err := client.BucketsAPI().CreateBucketWithName(t.Context(), org, name); err != nil {
			t.Fatal(err)
		}
	}
	yesterday := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -1)
	writeScores(t, cfg, yesterday)

	runTasks(t, cfg, *org.Id)
	got := map[string]any{}
	for _, row := range query(
		t, daily,
		fmt.Sprintf(
			`from(bucket: %q) |> range(start: -30d) |> filter(fn: (r) => r._measurement == "score")`,
			daily.Bucket,
		),
	) {
		key := fmt.Sprintln(
			row["site"], row["meter"], row["lead"], row["_time"].(time.Time).Sub(yesterday).Hours(),
			row["_field"],
		)
		if _, twice := got[key]; twice {
			t.Errorf("two rows of %s", key)
		}
		got[key] = row["_value"]
	}
	for field, want := range map[string]any{
		"pinball": 3 * 0.25, "pinball_naive": 3 * 0.5, "abs_error": 3 * 0.125, "abs_actual": 4.5,
		"covered50": int64(0), "covered80": int64(3), "count": int64(3),
	} {
		if v := got[fmt.Sprintln("north", "m1", "first", 0, field)]; v != want {
			t.Errorf("sum of %s is %v, want %v", field, v, want)
		}
		if v := got[fmt.Sprintln("north", "m1", "first", -48, field)]; v == nil {
			t.Errorf("no sum of %s of three days ago", field)
		}
	}
	if today := got[fmt.Sprintln("north", "m1", "first", 24, "count")]; today != nil {
		t.Errorf("today, which is not over, has a sum: %v", today)
	}
	checkExample(t, daily)
}

// runTasks makes the tasks of the deployment and runs each twice.
func runTasks(t *testing.T, cfg influx.Config, org string) {
	t.Helper()
	client := influxtest.Client(t, cfg)
	files, err := filepath.Glob("../../deployments/influxdb/tasks/*.flux")
	if err != nil || len(files) == 0 {
		t.Fatalf("no task files: %v", err)
	}
	for _, file := range files {
		flux, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		task, err := client.TasksAPI().CreateTaskByFlux(t.Context(), string(flux), org)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for range 2 {
			runTask(t, cfg, task)
		}
	}
}

// checkExample runs the query that the README of the tasks shows.
func checkExample(t *testing.T, daily influx.Config) {
	t.Helper()
	readme, err := os.ReadFile("../../deployments/influxdb/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, ok := strings.Cut(string(readme), "```flux\n")
	example, _, _ = strings.Cut(example, "```")
	rows := query(t, daily, example)
	first := slices.IndexFunc(
		rows, func(row map[string]any) bool { return row["lead"] == "first" && row["interval"] == "1h" },
	)
	if !ok || len(rows) != 2 || first < 0 || rows[first]["coverage80"] != 1.0 ||
		rows[first]["skill"] == nil {
		t.Errorf("the example of the README gives %v", rows)
	}
}

// writeScores writes three scores and a void one yesterday, one three days ago and one today.
func writeScores(t *testing.T, cfg influx.Config, yesterday time.Time) {
	t.Helper()
	w, err := influx.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var points []influx.Point
	for _, hour := range []int{0, 1, 23, 22, -40, 24} {
		s := score("north.m1", 0)
		s.Target = yesterday.Add(time.Duration(hour) * time.Hour)
		s.Leads[0].Pinball, s.Leads[0].Naive, s.Leads[0].Error = 0.25, 0.5, -0.125
		if hour == 22 {
			s = void(s)
		}
		points = recorder.AppendScore(points, &s)
	}
	if err := w.Write(t.Context(), points); err != nil {
		t.Fatal(err)
	}
}

// runTask runs a task now and waits for its end.
func runTask(t *testing.T, cfg influx.Config, task *domain.Task) {
	t.Helper()
	tasks := influxtest.Client(t, cfg).TasksAPI()
	run, err := tasks.RunManually(t.Context(), task)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		now, err := tasks.GetRun(t.Context(), run)
		if err == nil && now.Status != nil && *now.Status == domain.RunStatusSuccess {
			return
		}
		if err == nil && now.Status != nil && *now.Status == domain.RunStatusFailed ||
			time.Now().After(deadline) {
			logs, _ := tasks.FindRunLogs(t.Context(), run)
			for _, l := range logs {
				t.Log(*l.Message)
			}
			t.Fatalf("run of %s: %v, %v", task.Name, now, err)
		}
	}
}
