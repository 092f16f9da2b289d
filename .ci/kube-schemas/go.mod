module github.com/loadtide/loadtide/ci/kube-schemas

go 1.26.8
