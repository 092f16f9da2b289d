package registrytest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/loadtide/loadtide/pkg/registry"
)

func writers(t *testing.T, connect func() registry.Registry) {
	const processes, each = 4, 5
	got := make([][]registry.Version, processes)
	var wg sync.WaitGroup
	for p := range processes {
		dirs := make([]string, each)
		for i := range dirs {
			dirs[i] = Folder(t, fmt.Sprint(p, i))
		}
		r := connect()
		wg.Go(func() {
			for _, dir := range dirs {
				v, err := r.Register(context.Background(), model, dir)
				if err != nil {
					t.Error(err)
					return
				}
				got[p] = append(got[p], v)
			}
		})
	}
	wg.Wait()
	byNumber := map[string]string{}
	for _, vs := range got {
		for _, v := range vs {
			byNumber[v.Version] = v.Digest
		}
	}
	all := list(t, connect(), model)
	if len(all) != processes*each || len(byNumber) != processes*each {
		t.Fatalf("%d versions, %d numbers handed out", len(all), len(byNumber))
	}
	for i, v := range all {
		if v.Version != fmt.Sprint(i+1) || v.Digest != byNumber[v.Version] {
			t.Errorf("version %s at place %d has another's digest", v.Version, i+1)
		}
	}
}

func readers(t *testing.T, connect func() registry.Registry) {
	const n = 20
	dirs := make([]string, n)
	for i := range dirs {
		dirs[i] = Folder(t, fmt.Sprint(i))
	}
	w, r := connect(), connect()
	written := make(chan struct{})
	go func() {
		defer close(written)
		for i, dir := range dirs {
			if _, err := w.Register(context.Background(), model, dir); err != nil {
				t.Error(err)
				return
			}
			if err := w.SetAlias(context.Background(), model, registry.Champion,
				fmt.Sprint(i+1)); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	seen := 0
	look := func() {
		all := list(t, r, model)
		if len(all) < seen {
			t.Errorf("versions went from %d to %d", seen, len(all))
		}
		seen = len(all)
		if v, err := r.ByAlias(context.Background(), model, registry.Champion); err == nil {
			if _, err := r.Fetch(context.Background(), v); err != nil {
				t.Error(err)
			}
		} else if !errors.Is(err, registry.ErrNotFound) {
			t.Error(err)
		}
	}
	for writing := true; writing; {
		select {
		case <-written:
			writing = false
		default:
		}
		look() // once more after the last version was written
	}
	if seen != n {
		t.Errorf("saw %d versions of %d", seen, n)
	}
}

func movers(t *testing.T, connect func() registry.Registry, ordered bool) {
	const versions = 6
	for i := range versions {
		mustRegister(t, connect(), model, fmt.Sprint(i))
	}
	var wg sync.WaitGroup
	for i := range versions {
		r := connect()
		wg.Go(func() {
			if err := r.SetAlias(context.Background(), model, registry.Champion,
				fmt.Sprint(i+1)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	r := connect()
	if c, p := at(t, r, registry.Champion), at(t, r, registry.Previous); c == "" || c == p ||
		ordered && p == "" {
		t.Errorf("champion %q, previous %q", c, p)
	}
}
