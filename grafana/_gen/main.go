// Command gen writes the dashboards of grafana/dashboards: `make generate`.
//
// Grafana's JSON says the same of every panel again and puts a query on one line; here a panel is
// what it asks, what it means and where its limits are, and a query reads as it was thought. What
// comes out is plain JSON that Grafana provisions as it is. The tests of services/endtoend run
// every query of it against real servers.
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
