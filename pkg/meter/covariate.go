package meter

// Covariate is a value that is known ahead, such as the temperature, with the scale that brings it
// to the units of the network. Center and Scale are found once, in training, and belong to the
// model. Scale is above 0.
type Covariate struct {
	Name   string  `json:"name"`
	Center float32 `json:"center"`
	Scale  float32 `json:"scale"`
}
