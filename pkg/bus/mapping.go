package bus

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// publicReadings matches the subjects that meters publish to.
const publicReadings = "readings.*.*"

// partitionedReadings is where the mapping puts a reading: r.<p>.<site>.<meter>, where p is the
// FNV-1a-32 of both tokens modulo n.
func partitionedReadings(n int) string {
	return fmt.Sprintf("r.{{partition(%d,1,2)}}.{{wildcard(1)}}.{{wildcard(2)}}", n)
}

// storedPartitions reads the number of partitions from a store that is not open yet; 0 when the
// store is new. The number stands in the metadata of stream R0, where streams/topology writes it.
// It must be known before the server runs, because the mapping must exist before the first client
// publishes.
func storedPartitions(storeDir string) (int, error) {
	path := filepath.Join(storeDir, "jetstream", "$G", "streams", "R0", "meta.inf")
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	var stream struct {
		Metadata map[string]string `json:"metadata"`
	}
	if err := json.Unmarshal(data, &stream); err != nil {
		return 0, fmt.Errorf("read %s: %w: move the folder away to start with an empty store", path,
			err)
	}
	text, ok := stream.Metadata[metadataPartitions]
	if !ok {
		return 0, nil // streams/topology did not make this stream, and reports that
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxPartitions {
		return 0, fmt.Errorf("stream R0 says %s=%q, which is no number from 1 to %d",
			metadataPartitions, text, maxPartitions)
	}
	return n, nil
}

// metadataPartitions is the key under which streams/topology writes the number of partitions.
const metadataPartitions = "loadtide.partitions"
