package streams

// ModelControl is the control record ctl.<p>.model: from its position in the log on, the partition is served by this
// version. I6: what is computed before it belongs to the version before.
type ModelControl struct {
	Name    string // of the registered model, e.g. load-1h
	Version string
	Digest  string // sha256:<hex> of the model's files
}

// AppendTick appends the control record ctl.<p>.tick. It says nothing: its time is the broker's.
func AppendTick(dst []byte) []byte { return append(dst, `{"schema":1}`...) }

// AppendJSON appends the message.
func (c *ModelControl) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"schema":1,"name":`...)
	dst = appendString(dst, c.Name)
	dst = append(dst, `,"version":`...)
	dst = appendString(dst, c.Version)
	dst = append(dst, `,"digest":`...)
	dst = appendString(dst, c.Digest)
	return append(dst, '}')
}

// DecodeModelControl reads what AppendJSON writes. The error is an *InvalidError; name, version and digest must be
// there.
func DecodeModelControl(data []byte) (ModelControl, error) {
	var j struct {
		Schema  int    `json:"schema"`
		Name    string `json:"name"`
		Version string `json:"version"`
		Digest  string `json:"digest"`
	}
	if err := decodeMessage(data, maxPayload, &j, &j.Schema); err != nil {
		return ModelControl{}, err
	}
	switch "" {
	case j.Name:
		return ModelControl{}, fieldError("name", "", "must name a registered model")
	case j.Version:
		return ModelControl{}, fieldError("version", "", "must name a version of the model")
	case j.Digest:
		return ModelControl{}, fieldError("digest", "", "must be sha256:<hex> of the model's files")
	}
	return ModelControl{Name: j.Name, Version: j.Version, Digest: j.Digest}, nil
}
