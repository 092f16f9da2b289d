module github.com/loadtide/loadtide/grafana/gen

go 1.26.8
