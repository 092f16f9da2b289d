package bus

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// publicReadings is what the world publishes to.
const publicReadings = "readings.*.*"

// partitionedReadings is where the mapping puts it: r.<p>.<site>.<meter>, p the FNV-1a-32 of both tokens modulo n.
func partitionedReadings(n int) string {
	return fmt.Sprintf("r.{{partition(%d,1,2)}}.{{wildcard(1)}}.{{wildcard(2)}}", n)
}

// storedPartitions reads the number of partitions out of a store that is not open yet: of the metadata of stream R0,
// where streams/topology writes it. 0 when it is not there. It has to be known before the server runs, because
// the mapping must stand before the first client can publish.
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
		return 0, fmt.Errorf("read %s: %w: move the folder away to start with an empty store", path, err)
	}
	text, ok := stream.Metadata[metadataPartitions]
	if !ok {
		return 0, nil // not made by streams/topology, which will say so
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxPartitions {
		return 0, fmt.Errorf("stream R0 says %s=%q, which is no number from 1 to %d", metadataPartitions, text, maxPartitions)
	}
	return n, nil
}

// metadataPartitions is the key that streams/topology uses.
const metadataPartitions = "loadtide.partitions"
