package endtoend

import (
	"path"
	"regexp"
	"testing"
)

// Every module of the repository gets new versions of its dependencies.
func TestEveryModuleIsUpdated(t *testing.T) {
	t.Parallel()
	updates := readDocument(t, ".github/dependabot.yml")
	modules := 0
	for _, file := range trackedFiles(t) {
		if path.Base(file) != "go.mod" {
			continue
		}
		modules++
		dir := path.Join("/", path.Dir(file))
		if !regexp.MustCompile(`(?m)^ +- ` + regexp.QuoteMeta(dir) + `$`).MatchString(updates) {
			t.Errorf(".github/dependabot.yml: the directories of gomod lack %s", dir)
		}
	}
	if modules < 5 {
		t.Errorf("%d modules found", modules)
	}
}
