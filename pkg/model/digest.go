package model

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

const (
	digestPrefix = "sha256:"
	digestLength = len(digestPrefix) + 2*sha256.Size
)

// digestOf returns the digest of a model.onnx: the sha256 of its bytes as "sha256:<hex>".
func digestOf(file []byte) string {
	sum := sha256.Sum256(file)
	return digestPrefix + hex.EncodeToString(sum[:])
}

func isDigest(s string) bool {
	return len(s) == digestLength && strings.HasPrefix(s, digestPrefix) &&
		strings.Trim(s[len(digestPrefix):], "0123456789abcdef") == ""
}
