// Command gen writes the dashboards of grafana/dashboards: `make generate`.
//
// Grafana's JSON repeats the same fields for every panel and has each query on one line. Here a
// panel is its query, its description and its limits, and a query has several lines. Grafana
// provisions the JSON files as they are. The tests of services/endtoend run every query against
// real servers.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	out := flag.String("out", "../dashboards", "folder that the dashboards are written to")
	flag.Parse()
	for _, d := range []dashboard{fleet(), series(), pipeline(), models()} {
		if err := write(*out, d); err != nil {
			fmt.Fprintln(os.Stderr, "error:", err)
			os.Exit(1)
		}
	}
}

// write puts a dashboard into the file of its uid without the common prefix.
func write(dir string, d dashboard) error {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false) // a query holds < and >
	e.SetIndent("", "  ")
	if err := e.Encode(d); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, d.UID[len(prefix):]+".json"), text.Bytes(), 0o644)
}
