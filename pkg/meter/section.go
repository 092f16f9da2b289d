package meter

// Section is one named part of a state, of a series or of all series of a partition. Version is the
// number of its layout; the package that writes a section checks the version when it reads one.
type Section struct {
	Name    string `json:"name"`
	Version uint16 `json:"version"`
	Data    []byte `json:"data"` // base 64 in JSON
}
