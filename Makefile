# Loadtide. `make` alone prints what there is to do. Needed are Go (go.mod names the version) and
# make. .ci/ has the longer recipes, the versions of all tools, and in tools.mk what installs them.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

# All Go commands get the same flags, so that they share the build cache. The race detector alone
# needs C.
export GOFLAGS := $(strip $(filter-out -trimpath,$(GOFLAGS)) -trimpath)
export CGO_ENABLED := 0

# The release in preparation; a tag v* on the commit wins.
VERSION ?= $(or $(patsubst v%,%,$(shell git describe --tags --match 'v*' --dirty 2>/dev/null)),0.1.0)
COMMIT  ?= $(shell git rev-parse --short HEAD 2>/dev/null)
LDFLAGS := -s -w -X main.version=$(VERSION) $(if $(COMMIT),-X main.commit=$(COMMIT))
NUMERIC := ./pkg/nn/... ./pkg/model/... ./pkg/engine/... ./pkg/train/...

# The steps of make check and of make soak. Each is a target; .ci/steps.sh prints how long each
# takes.
CHECK := test lint test-long test-servers test-race test-purego test-kernels dist \
	check-generated check-deployments check-dashboards
SOAK  := soak-training soak-properties soak-faults

include .ci/tools.mk

.PHONY: help build run up down clean test test-long test-servers check soak $(CHECK) $(SOAK) \
	fmt generate fuzz cover accuracy bench-numerics bench-faults bench-leads base-model

help: ## Print this list
	@echo 'Loadtide $(VERSION): readings in, load forecasts out.'; echo
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo; echo 'Two to start with: make run, make test.'

build: ## Build bin/loadtide, one static binary
	@[ -d bin ] || echo 'building; the first time takes a minute or two' >&2
	@mkdir -p bin
	go build -ldflags '$(LDFLAGS)' -o bin/loadtide ./services/loadtide
run: build ## Build and start the demo: broker, simulator, training, forecasts
	@exec ./bin/loadtide up --demo
up: ## Start Loadtide and its neighbours in containers (needs Docker Compose)
	@.ci/compose.sh up
down: ## Stop what make up started; data stays (docker compose down --volumes forgets it)
	@.ci/compose.sh down
clean: ## Remove what was built and cached (bin, dist, .cache); data stays
	rm -rf bin dist .cache

test: ## Run the quick tests: Go alone, 3 minutes at most from an empty build cache
	go test ./...
test-long: ## Run the long tests: processes that are killed, public readings, PromQL
	@.ci/tests.sh long
test-servers: python influxd ## Run the tests with MLflow, InfluxDB, Prometheus, Python; installs them
	@.ci/tests.sh servers
check: ## Run everything that must hold before a change goes in; prints times
	@.ci/steps.sh $(CHECK)
soak: ## Run the long tests of memory (SOAK_TIME=1h), of properties and of the tests
	@.ci/steps.sh $(SOAK)

lint: ## Check formatting, go vet, go mod tidy, golangci-lint, workflows
	@.ci/lint.sh
test-race: python influxd ## Run the tests with goroutines under the race detector (needs a C compiler)
	@.ci/race.sh
test-purego: python ## Run the numeric packages with tag purego (no assembly)
	LOADTIDE_TESTS=servers go test -tags purego $(NUMERIC)
test-kernels: python ## Run the numeric packages with the slower kernel families
	@# Go's cache of test results does not see LOADTIDE_KERNEL, which is read before the tests begin.
	LOADTIDE_TESTS=servers LOADTIDE_KERNEL=avx2 go test -count=1 $(NUMERIC)
	LOADTIDE_TESTS=servers LOADTIDE_KERNEL=go go test -count=1 $(NUMERIC)
dist: ## Build for every system of a release: archives and checksums in dist/
	@.ci/dist.sh dist '$(VERSION)' '$(LDFLAGS)'
check-generated: ## Fail when a generated file is not what its generator writes
	@.ci/generated.sh
check-deployments: python $(SCHEMAS) ## Check manifests, Compose file, Dockerfile, Prometheus
	@.ci/deployments.sh '$(SCHEMAS)' '$(VENV)'
check-dashboards: grafana-types ## Compare the dashboards with Grafana's own types (needs node and npm)
	@[ ! -e $(GRAFANA)/.installed ] || .ci/grafana-schema/check $(GRAFANA) grafana/dashboards/*.json

SOAK_TIME ?= 1h
soak-training:
	LOADTIDE_SOAK=$(SOAK_TIME) go test -count=1 -v -timeout 24h -run MemoryStaysFlat ./pkg/train
soak-properties:
	go test -count=1 -timeout 24h ./pkg/engine ./pkg/grid ./services/forecaster -rapid.checks 2000
	go test -count=1 -timeout 24h ./pkg/evaluate -rapid.checks 500
soak-faults:
	go run -C .ci/mutate .

fmt: ## Format all Go files
	gofmt -w pkg services streams bench grafana .ci
generate: ## Write generated files anew (assembly of pkg/nn/kernel, dashboards of grafana)
	go generate ./pkg/nn/kernel
	cd grafana/_gen && go run .
FUZZTIME ?= 5s
fuzz: ## Run every fuzz target for FUZZTIME (5s)
	@.ci/fuzz.sh $(FUZZTIME)
cover: python influxd ## Measure the coverage of all tests, per function in .cache/cover.txt
	@mkdir -p $(CACHE)
	LOADTIDE_TESTS=servers,long go test -timeout 20m -coverprofile $(CACHE)/cover.out \
		-coverpkg ./pkg/...,./streams/...,./services/... ./...
	@go tool cover -func $(CACHE)/cover.out > $(CACHE)/cover.txt; tail -1 $(CACHE)/cover.txt

accuracy: build ## Measure accuracy on the data sets in ../shared; writes docs/accuracy.md
	go run ./bench/accuracy
	go run ./bench/accuracy -limits
	go run ./bench/accuracy -horizons
base-model: ## Train the base model anew on the data sets in ../shared (half an hour), with its card
	go run ./bench/base -interval 1h -out pkg/model/base
	go run ./bench/base -interval 30m -iterations 1500 -out pkg/model/base
	go run ./bench/base -interval 15m -iterations 3000 -out pkg/model/base
	go run ./bench/base -ages
	go run ./bench/base -card pkg/model/base/card.md
bench-faults: build ## Measure what faulty readings cost on these data sets (20 minutes)
	go run ./bench/faults
bench-leads: build ## Measure what the horizon of a model costs the forecaster; writes bench/RESULTS.md
	go run ./bench/leads
bench-numerics: bench-peers ## Measure beside onnxruntime and PyTorch; writes bench/RESULTS.md
	go build -o $(CACHE)/bench-numerics ./bench/numerics
	$(PEERS)/bin/python bench/numerics/numerics.py $(CACHE)/bench-numerics $(ARGS)
