package registry

import (
	"path/filepath"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/loadtide/loadtide/pkg/durable"
)

// metaFile is the file that the registry adds to a version's folder.
const metaFile = "meta.yaml"

// meta is the content of metaFile, with the names of MLflow's file store.
type meta struct {
	Name                 string `yaml:"name"`
	Version              string `yaml:"version"`
	CreationTimestamp    int64  `yaml:"creation_timestamp"` // Unix milliseconds
	LastUpdatedTimestamp int64  `yaml:"last_updated_timestamp"`
	CurrentStage         string `yaml:"current_stage"`
	Status               string `yaml:"status"`
	Description          string `yaml:"description"`
	RunID                string `yaml:"run_id,omitempty"`
}

func writeMeta(d durable.Dir, v Version) error {
	ms := v.Created.UnixMilli()
	b, err := yaml.Marshal(meta{
		Name: v.Name, Version: v.Version, CreationTimestamp: ms, LastUpdatedTimestamp: ms,
		CurrentStage: "None", Status: "READY", Description: v.Tags[Description], RunID: v.Tags[Run],
	})
	if err != nil {
		return err
	}
	return d.WriteFile(metaFile, durable.Bytes(b))
}

// readMeta sets v.Created, and name and version when v has none.
func readMeta(dir string, v *Version) error {
	b, err := readSmall(filepath.Join(dir, metaFile))
	if err != nil {
		return &FolderError{
			Folder: dir, Fault: "cannot read " + metaFile, Remedy: remedyVersion, Err: err,
		}
	}
	var m meta
	if err := yaml.Unmarshal(b, &m); err != nil {
		return &FolderError{
			Folder: dir, Fault: "wrong " + metaFile, Remedy: remedyVersion, Err: err,
		}
	}
	if v.Name == "" {
		v.Name, v.Version = m.Name, m.Version
	}
	v.Created = time.UnixMilli(m.CreationTimestamp).UTC()
	return nil
}
