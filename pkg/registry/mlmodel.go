package registry

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"gopkg.in/yaml.v3"
)

// mlmodelFile is the file by which MLflow knows a model folder. Package model writes it.
const mlmodelFile = "MLmodel"

// stampMLmodel adds the fields to an MLmodel file that are known only when the model is registered.
func stampMLmodel(b []byte, id, run, uri string, created time.Time) ([]byte, error) {
	var all map[string]any
	if err := yaml.Unmarshal(b, &all); err != nil || all == nil {
		return nil, &FolderError{
			Folder: mlmodelFile, Fault: "is no YAML of MLflow's", Remedy: remedyWrite, Err: err,
		}
	}
	sum := sha256.Sum256([]byte(id))
	all["model_id"], all["model_uuid"] = id, hex.EncodeToString(sum[:16])
	all["artifact_path"], all["utc_time_created"] = uri, created.Format("2006-01-02 15:04:05.000000")
	delete(all, "run_id") // an earlier registration may have written it
	if run != "" {
		all["run_id"] = run
	}
	out, err := yaml.Marshal(all)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", mlmodelFile, err)
	}
	return out, nil
}
