package base

import (
	"os"
	"path/filepath"
	"testing"
)

// A shelf has the base models of this release, and those that an earlier release left in its folder,
// by their digests. A file of other bytes is an error, and no digest leads out of the folder.
func TestShelf(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "models", "base")
	s, err := OpenShelf(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenShelf(dir); err != nil {
		t.Errorf("opened again: %v", err)
	}
	own := s.Models()[len(s.Models())-1]
	earlier := &Shelf{dir: dir} // of a release with other base models
	for name, on := range map[string]*Shelf{"this release": s, "the next release": earlier} {
		m, ok, err := on.ByDigest(own.Digest)
		if err != nil || !ok || m.Digest != own.Digest || m.Version != Version || m.Spec.Name != "load-1h" {
			t.Errorf("%s: %v, %v, %v", name, m, ok, err)
		}
	}
	if m, ok := s.Like("load-1h"); !ok || m != own {
		t.Errorf("like load-1h: %v", m)
	}
	if _, ok := s.Like("load-5m"); ok {
		t.Error("there is a base model of 5 minutes")
	}
	for _, digest := range []string{"", "sha256:unknown", "../base_test", own.Digest + "/.."} {
		if m, ok, _ := earlier.ByDigest(digest); ok || m != nil {
			t.Errorf("%q: %v", digest, m)
		}
	}
	if m, ok, err := new(Shelf).ByDigest(own.Digest); ok || err != nil {
		t.Errorf("an empty shelf has %v, %v", m, err)
	}
	path := filepath.Join(dir, fileOf(own.Digest))
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2]++
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if m, ok, err := earlier.ByDigest(own.Digest); ok || err == nil {
		t.Errorf("other bytes under the digest: %v, %v", m, err)
	}
	if _, err := OpenShelf(dir); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := earlier.ByDigest(own.Digest); !ok || err != nil {
		t.Errorf("a start does not mend the file: %v", err)
	}
	if _, err := OpenShelf(filepath.Join(path, "base")); err == nil {
		t.Errorf("a file in place of the folder: %v", err)
	}
}
