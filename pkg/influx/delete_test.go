package influx_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/influx/influxtest"
	"github.com/loadtide/loadtide/pkg/secret"
)

func TestDelete(t *testing.T) {
	t.Parallel()
	server := influxtest.Start(t)
	w := newWriter(t, server.Config())
	ctx := context.Background()
	if err := w.Delete(
		ctx, "forecast", []influx.Tag{{Key: "site", Value: "north"}, {Key: "meter", Value: "m17"}},
	); err != nil {
		t.Fatal(err)
	}
	if got, want := server.Deletes(), []string{
		`_measurement="forecast" AND site="north" AND meter="m17"`,
	}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	var fault *influx.Error
	if err := w.Delete(ctx, "forecast", []influx.Tag{
		{Key: "site", Value: ""},
	}); !errors.As(err, &fault) || fault.Kind != influx.KindRefused {
		t.Errorf("an empty tag would delete more than one series: %v", err)
	}
	cfg := server.Config()
	cfg.Token = secret.New("another")
	if err := newWriter(t, cfg).Delete(ctx, "forecast", []influx.Tag{
		{Key: "site", Value: "north"},
	}); !errors.As(err, &fault) || fault.Kind != influx.KindConfig {
		t.Errorf("another token: %v", err)
	}
}
