package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Header says which log and which position a snapshot belongs to. It can be read and checked
// without the sections.
type Header struct {
	// Partition is the number of the partition, 0..Partitions-1.
	Partition int `json:"partition"`
	// Partitions is the number of partitions of the whole deployment.
	Partitions int `json:"partitions"`
	// Stream is the name of the partition's log.
	Stream string `json:"stream"`
	// Created is the creation time of that stream. A log that was deleted and made again under the
	// same name is another log.
	Created time.Time `json:"created"`
	// Seq is the sequence of the last message that the state contains.
	Seq uint64 `json:"seq"`
	// Kernel names the family of kernels that computed the state.
	Kernel string `json:"kernel"`
	// Models lists the digests of the models in force, from the finest interval on.
	Models []string `json:"models"`
	// Since lists when each of Models was written into the log. Releases that knew one model did not
	// write it.
	Since []time.Time `json:"since,omitempty"`
	// Series is the number of series in the state.
	Series int `json:"series"`
}

// Snapshot is the state of one partition at one position of its log.
type Snapshot struct {
	Header   Header
	Sections []meter.Section
}

// Section returns the section of that name, false when there is none.
func (s *Snapshot) Section(name string) (meter.Section, bool) {
	for _, sec := range s.Sections {
		if sec.Name == name {
			return sec, true
		}
	}
	return meter.Section{}, false
}

// Store keeps the snapshots of many partitions.
type Store interface {
	// Save writes s. After nil it is durable, and the caller may change s. One Save of a partition
	// runs at a time; Save of another partition and Load may run at the same time.
	Save(ctx context.Context, s *Snapshot) error

	// Load returns the whole snapshot of the partition with the highest sequence, and nil when the
	// partition has none. skipped has a fault for each newer one that is damaged. Errors:
	// *NoneWholeError when all are damaged; ErrVersion when the newest whole one belongs to another
	// version of the program.
	Load(ctx context.Context, partition int) (snap *Snapshot, skipped []error, err error)
}

// Limits of a snapshot. They bound the work and the memory that a hostile file can cost its reader.
const (
	maxHeader   = 1 << 20
	maxSections = 1024
	maxName     = 64
)

// validate returns all faults for which a snapshot must not be written.
func (s *Snapshot) validate() error {
	h := s.Header
	var errs []error
	if h.Partitions < 1 || h.Partition < 0 || h.Partition >= h.Partitions {
		errs = append(errs, fmt.Errorf("partition %d of %d: must be 0 to partitions-1", h.Partition,
			h.Partitions))
	}
	if h.Series < 0 {
		errs = append(errs, fmt.Errorf("series %d: must not be negative", h.Series))
	}
	if len(s.Sections) > maxSections {
		errs = append(errs, fmt.Errorf("%d sections: at most %d", len(s.Sections), maxSections))
	}
	seen := make(map[string]bool, len(s.Sections))
	for i, sec := range s.Sections {
		switch {
		case sec.Name == "" || len(sec.Name) > maxName:
			errs = append(errs, fmt.Errorf("section %d: name %q must have 1 to %d bytes", i,
				sec.Name, maxName))
		case seen[sec.Name]:
			errs = append(errs, fmt.Errorf("section %d: name %q is there twice", i, sec.Name))
		}
		seen[sec.Name] = true
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("checkpoint snapshot: %w", err)
	}
	return nil
}
