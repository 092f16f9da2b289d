package streams

// ModelControl is the control record ctl.<p>.model: from its position in the log on, this version
// serves the partition. I6: hidden states before the position belong to the version before.
type ModelControl struct {
	Name    string `json:"name"` // of the registered model, e.g. load-1h
	Version string `json:"version"`
	Digest  string `json:"digest"` // sha256:<hex> of the model's files
}

// AppendTick appends the control record ctl.<p>.tick. The record holds no time: the broker's time
// of the message counts.
func AppendTick(dst []byte) []byte { return append(dst, `{"schema":1}`...) }

// AppendJSON appends the message.
func (c *ModelControl) AppendJSON(dst []byte) []byte { return appendMessage(dst, c) }

// DecodeModelControl reads what AppendJSON writes. Name, version and digest must be there. The
// error is an *InvalidError.
func DecodeModelControl(data []byte) (ModelControl, error) {
	var c ModelControl
	if err := decodePlain(data, &c, noSchema); err != nil {
		return ModelControl{}, err
	}
	switch "" {
	case c.Name:
		return ModelControl{}, fieldError("name", "", "must name a registered model")
	case c.Version:
		return ModelControl{}, fieldError("version", "", "must name a version of the model")
	case c.Digest:
		return ModelControl{}, fieldError("digest", "", "must be sha256:<hex> of the model's files")
	}
	return c, nil
}
