package plot_test

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/loadtide/loadtide/pkg/plot"
)

func ExampleWrite() {
	dir, err := os.MkdirTemp("", "plot")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	origin := time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)
	fan := plot.Fan{
		Title: "Next 2 h: 5.2 kWh, 8 of 10 between 4.1 and 6.6", Unit: "kWh",
		Readings: []plot.Point{
			{Time: origin.Add(-2 * time.Hour), Value: 2.1}, {Time: origin.Add(-time.Hour), Value: 2.4},
		},
		Origin: origin, Interval: time.Hour,
		Lower80: []float64{2.1, 2.0}, Lower50: []float64{2.3, 2.4}, Median: []float64{2.5, 2.7},
		Upper50: []float64{2.7, 3.0}, Upper80: []float64{3.0, 3.6},
	}
	fmt.Println(plot.Write(filepath.Join(dir, "forecast.png"), plot.Size{}, fan))

	fan.Upper80 = fan.Upper80[:1]
	_, err = plot.Encode(plot.SVG, plot.Size{Width: 800, Height: 500}, fan)
	fmt.Println(err)
	_, err = plot.FormatOf("forecast.jpg")
	fmt.Println(err)
	// Output:
	// <nil>
	// Upper80 has 1 values, Median has 2: give one for each
	// plot file "forecast.jpg" ends in ".jpg": name a file that ends in .png or .svg
}
