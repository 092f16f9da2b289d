// Command kube-schemas writes a JSON schema for each kind of Kubernetes, made from the OpenAPI
// document that the module k8s.io/kubernetes carries. kubeconform reads them, so manifests are
// checked without a network or a cluster.
//
// A file holds one kind with everything it refers to, because kubeconform does not follow
// references between files.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	version := flag.String("version", "", "version of k8s.io/kubernetes, e.g. v1.36.1")
	out := flag.String("out", "", "folder to write to")
	flag.Parse()
	n, err := run(*version, *out)
	if err != nil {
		fmt.Fprintln(os.Stderr, "error: "+err.Error())
		os.Exit(1)
	}
	fmt.Printf("kube-schemas: %d kinds of Kubernetes %s\n", n, *version)
}

type object = map[string]any

func run(version, out string) (int, error) {
	if version == "" || out == "" {
		return 0, errors.New("both -version and -out are needed")
	}
	definitions, err := load(version)
	if err != nil {
		return 0, err
	}
	for name, d := range definitions {
		definitions[name] = strict(name, d.(object))
	}
	written := 0
	for name, d := range definitions {
		for _, k := range kinds(d.(object)) {
			if err := write(out, k, name, definitions); err != nil {
				return 0, err
			}
			written++
		}
	}
	return written, nil
}

// load fetches the module into Go's module cache and reads its OpenAPI document.
func load(version string) (object, error) {
	download := exec.Command("go", "mod", "download", "-json", "k8s.io/kubernetes@"+version)
	download.Stderr = os.Stderr
	answer, err := download.Output()
	if err != nil {
		return nil, fmt.Errorf("download k8s.io/kubernetes@%s: %w: %s", version, err, answer)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(answer, &module); err != nil {
		return nil, fmt.Errorf("read the answer of go mod download: %w", err)
	}
	data, err := os.ReadFile(filepath.Join(module.Dir, "api", "openapi-spec", "swagger.json"))
	if err != nil {
		return nil, err
	}
	var document struct{ Definitions object }
	if err := json.Unmarshal(data, &document); err != nil {
		return nil, fmt.Errorf("parse swagger.json: %w", err)
	}
	return document.Definitions, nil
}

// strict makes unknown keys an error, and widens the two types that are written as text or as a
// number.
func strict(name string, d object) object {
	switch {
	case strings.HasSuffix(name, ".intstr.IntOrString"):
		return object{"type": []string{"string", "integer"}}
	case strings.HasSuffix(name, ".api.resource.Quantity"):
		return object{"type": []string{"string", "number"}}
	}
	if _, ok := d["properties"]; ok {
		d["additionalProperties"] = false
	}
	return d
}

type kind struct{ Group, Version, Kind string }

// kinds returns the kind that a definition is of. A definition without a kind, or of several groups,
// is part of requests and never a manifest: it has none.
func kinds(d object) []kind {
	data, err := json.Marshal(d["x-kubernetes-group-version-kind"])
	if err != nil {
		return nil
	}
	var all []kind
	if json.Unmarshal(data, &all) != nil || len(all) > 1 {
		return nil
	}
	return all
}

// write writes a kind under the name that kubeconform asks for: kind, first word of the group,
// version.
func write(out string, k kind, name string, definitions object) error {
	embedded := object{}
	reach(object{"$ref": "#/definitions/" + name}, definitions, embedded)
	top := embedded[name].(object)
	schema := object{"definitions": embedded}
	for key, value := range top {
		schema[key] = value
	}
	data, err := json.Marshal(schema)
	if err != nil {
		return err
	}
	file := strings.ToLower(k.Kind)
	if k.Group != "" {
		group, _, _ := strings.Cut(k.Group, ".")
		file += "-" + group
	}
	return os.WriteFile(filepath.Join(out, file+"-"+strings.ToLower(k.Version)+".json"), data, 0o644)
}

// reach collects every definition that v refers to, directly or through others.
func reach(v any, definitions, into object) {
	switch v := v.(type) {
	case object:
		if ref, ok := v["$ref"].(string); ok {
			name := strings.TrimPrefix(ref, "#/definitions/")
			if _, known := into[name]; !known {
				into[name] = definitions[name]
				reach(definitions[name], definitions, into)
			}
		}
		for _, inner := range v {
			reach(inner, definitions, into)
		}
	case []any:
		for _, inner := range v {
			reach(inner, definitions, into)
		}
	}
}
