module github.com/loadtide/loadtide/ci/mutate

go 1.26.8
