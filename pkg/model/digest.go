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

// Digest reads the folder's model.onnx and returns what its digest must be: the
// sha256 of its bytes as "sha256:<hex>". It does not look at the file digest.
func Digest(dir string) (string, error) {
	f, err := openFolder(dir)
	if err != nil {
		return "", err
	}
	defer f.close()
	b, err := f.read(modelFile, MaxFile)
	if err != nil {
		return "", err
	}
	return digestOf(b), nil
}

func digestOf(file []byte) string {
	sum := sha256.Sum256(file)
	return digestPrefix + hex.EncodeToString(sum[:])
}

func isDigest(s string) bool {
	return len(s) == digestLength && strings.HasPrefix(s, digestPrefix) && strings.Trim(s[len(digestPrefix):], "0123456789abcdef") == ""
}
