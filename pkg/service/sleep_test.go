package service_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loadtide/loadtide/pkg/service"
)

func TestSleep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		if err := service.Sleep(t.Context(), time.Minute); err != nil || time.Since(begun) != time.Minute {
			t.Errorf("%v after %s", err, time.Since(begun))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun = time.Now()
		if err := service.Sleep(ctx, time.Minute); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != time.Second {
			t.Errorf("ended: %v after %s", err, time.Since(begun))
		}
		if err := service.Sleep(ctx, -1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("no time, but an ended context: %v", err)
		}
		if err := service.Sleep(t.Context(), 0); err != nil {
			t.Error(err)
		}
	})
}
