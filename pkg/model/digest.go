package model

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
)

const (
	digestPrefix = "sha256:"
	digestLength = len(digestPrefix) + 2*sha256.Size
)

// Digest reads the folder's spec.json and weights.bin and returns what its
// digest must be: sha256 over each file's length (u64, little endian) and bytes,
// as "sha256:<hex>". It does not look at the file digest.
func Digest(dir string) (string, error) {
	f, err := openFolder(dir)
	if err != nil {
		return "", err
	}
	defer f.close()
	spec, err := f.read(specFile, maxSmall)
	if err != nil {
		return "", err
	}
	weights, err := f.read(weightsFile, MaxWeights)
	if err != nil {
		return "", err
	}
	return digestOf(spec, weights), nil
}

func digestOf(spec, weights []byte) string {
	h := sha256.New()
	var length [8]byte
	for _, b := range [][]byte{spec, weights} {
		binary.LittleEndian.PutUint64(length[:], uint64(len(b)))
		h.Write(length[:])
		h.Write(b)
	}
	return digestPrefix + hex.EncodeToString(h.Sum(nil))
}

func isDigest(s string) bool {
	return len(s) == digestLength && strings.HasPrefix(s, digestPrefix) && strings.Trim(s[len(digestPrefix):], "0123456789abcdef") == ""
}
