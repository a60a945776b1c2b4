# Each target installs what it needs; only make and Python 3.11 or later are required.
# Go, Java and Maven are optional: without them, the clients in these languages are skipped.

PYTHON ?= $(firstword $(shell command -v python3.11 python3.12 python3.13 python3.14 python3))
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
INSTALL := $(PIP) install --require-hashes --no-deps --only-binary :all:
PROJECTS := pyproject.toml clients/python/pyproject.toml
NPM := NODE_USE_SYSTEM_CA=1 PATH="$(CURDIR)/$(BIN):$$PATH" npm
NPM_CI := --ignore-scripts --no-audit --no-fund --loglevel=error
# Maven ends before the second compiler of the virtual machine has paid for itself.
export MAVEN_OPTS ?= -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
MVN := mvn --quiet --batch-mode --no-transfer-progress --strict-checksums -Dstyle.color=never
ARGS ?=
PROMTOOL ?= promtool

.DEFAULT_GOAL := help
.PHONY: help demo test verify wording check-alerts lint types generate format lock catalogue baseline tools bench growth soak load outages faults hostile reality reliability simulations mutants site clean

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  \1 /' \
	  | awk '{ name = $$1; $$1 = ""; printf "  make %-13s%s\n", name, $$0 }'

demo: .venv/.runtime ## watch calls survive the outage of a provider, about a minute
	@$(BIN)/routersvc demo $(ARGS)

test: .venv/.development tools ## run all checks and tests, as CI does, about eight minutes; ARGS go to pytest
	@$(BIN)/python scripts/check.py $(ARGS)

verify: .venv/.development tools ## run `make test` with many examples and long fuzzers, for every night
	@$(BIN)/python scripts/check.py --thorough $(ARGS)

wording: .venv/.development ## rewrite tests/wording.yaml, the golden file of sentences; review its diff
	@$(BIN)/pytest --write-wording tests/unit tests/project $(ARGS)

check-alerts: ## check the alert rules and run their unit tests; needs promtool of Prometheus
	@$(PROMTOOL) check rules deploy/prometheus/alerts.yaml
	@$(PROMTOOL) test rules deploy/prometheus/alerts_test.yaml

lint: .venv/.development tools ## check style, import contracts, protos, generated code and lock files
	@$(BIN)/python scripts/check.py --only lint

types: .venv/.development ## check types with mypy and pyright
	@$(BIN)/python scripts/check.py --only types

generate: .venv/.development tools ## generate the code of the clients, the descriptor set of Envoy and the configuration reference
	@$(BIN)/python scripts/generate.py
	@$(BIN)/python scripts/write_descriptor_set.py
	@$(BIN)/python -m scripts.write_api_reference
	@$(BIN)/python scripts/write_configuration_reference.py
	@$(BIN)/python scripts/write_architecture.py
	@$(BIN)/python scripts/write_decision_log_schema.py

format: .venv/.development tools ## format Python and protos, apply automatic fixes
	@$(BIN)/ruff check --quiet --fix-only
	@$(BIN)/ruff format --quiet
	@.tools/bin/buf format --write

lock: .venv/.development ## resolve the dependencies again; ARGS=--upgrade takes the newest versions
	@$(BIN)/python scripts/lock.py $(ARGS)

catalogue: .venv/.development ## refresh the known models from pinned packages; ARGS=--upgrade takes the newest
	@$(BIN)/python scripts/refresh_catalogue.py $(ARGS)

baseline: .venv/.development tools ## for a release: store the contract that later releases must not break
	@.tools/bin/buf build --exclude-source-info --output protos/baseline.binpb

tools: .tools/.npm .tools/.go .tools/.maven ## install the programs that checks and tests run: buf, grpcurl, plugins of protoc

site: .venv/.development ## build the documentation as a site in site/
	@$(BIN)/python -m mkdocs build --strict

bench: .venv/.development ## measure the overhead of the router over a direct call
	@$(BIN)/python -m bench.overhead $(ARGS)

growth: .venv/.development ## watch the memory of a router over 100,000 calls, eight minutes
	@$(BIN)/python -m bench.growth --write $(ARGS)

outages: .venv/.development ## measure the effect of outages on callers, over real sockets, four minutes
	@$(BIN)/python -m bench.sockets --write $(ARGS)

faults: .venv/.development ## measure what callers lose to sixty faults of a primary, ten minutes
	@$(BIN)/python -m bench.outages --write $(ARGS)

hostile: .venv/.development ## attack a router beside a quiet caller, over real sockets, four minutes
	@$(BIN)/python -m bench.hostile --write $(ARGS)

reloads: .venv/.development ## reload settings under load, half of them broken, a minute
	@$(BIN)/python -m bench.reloads $(ARGS)

reality: .venv/.development ## run the inputs from outside the project alone, five minutes
	@$(BIN)/pytest tests/reality $(ARGS)

reliability: .venv/.development ## measure the cost of the reliability layer for each call, a minute
	@$(BIN)/python -m bench.reliability --profile --write $(ARGS)

simulations: .venv/.development ## simulate heavy-tailed latencies and thousands of drills, twenty minutes
	@$(BIN)/python -m bench.simulations.tail_at_scale --write
	@$(BIN)/python -m bench.simulations.llm_load --write
	@$(BIN)/python -m bench.simulations.seeds --seeds 10000 --write
	@$(BIN)/python -m bench.simulations.constraints --seeds 20000 --write

soak: .venv/.development tools ## run gRPC's interop soak, 10,000 calls of each kind, about a minute
	@$(BIN)/python -m bench.interop $(ARGS)

load: .venv/.development .tools/bin/ghz ## load a router with ghz as bench/load describes
	@$(BIN)/python -m bench.load $(ARGS)

mutants: .venv/.development ## run mutation tests of the reliability layer, an hour
	@$(BIN)/python -m bench.mutations --write $(ARGS)

clean: ## remove everything that make installed or built
	rm -rf .venv .tools mutants site clients/java/target clients/typescript/dist clients/typescript/node_modules .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

# ---- prerequisites, rebuilt when their sources change

.venv/bin/python:
	@echo "setting up .venv with $(PYTHON)"
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 is needed")'
	@"$(PYTHON)" -m venv .venv

.venv/.runtime: .venv/bin/python requirements.lock $(PROJECTS)
	@echo "installing the service"
	@$(INSTALL) -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e clients/python -e .
	@touch $@

.venv/.development: .venv/.runtime requirements-dev.lock
	@echo "installing the checks"
	@$(INSTALL) -r requirements-dev.lock
	@touch $@

# buf is published in the npm registry, not in PyPI. npm itself comes from the Python lock file, and
# NODE_USE_SYSTEM_CA makes it trust the certificates of the system, as pip does.
.tools/.npm: .venv/.development tools/package.json tools/package-lock.json
	@echo "installing buf and a plugin of protoc"
	@mkdir -p .tools/npm .tools/bin
	@cp tools/package.json tools/package-lock.json .tools/npm/
	@if $(NPM) ci --prefix .tools/npm $(NPM_CI) \
	  && cd .tools/bin && ln -sf ../npm/node_modules/@bufbuild/buf-*-*/bin/buf buf && test -x buf; then \
	  cd "$(CURDIR)" && touch $@; \
	else \
	  echo "buf could not be installed: the checks of the protos are skipped"; \
	fi

.tools/.go: tools/go.mod tools/go.sum
	@mkdir -p .tools/bin
	@if ! command -v go >/dev/null; then \
	  echo "Go is not installed: the Go client and tests that call the server with programs in Go are skipped"; \
	else \
	  echo "building grpcurl, grpc-health-probe, h2spec, kustomize, the interop client and plugins of protoc, about a minute"; \
	  if go build -C tools -trimpath -o "$(CURDIR)/.tools/bin/" tool \
	    && mv .tools/bin/client .tools/bin/grpc-interop-client; then touch $@; \
	  else echo "Go could not build them: tests that need them are skipped"; fi; \
	fi

.tools/.maven: tools/pom.xml
	@mkdir -p .tools/bin
	@if ! command -v mvn >/dev/null; then \
	  echo "Maven is not installed: the Java client is left out"; \
	else \
	  echo "fetching protoc and its plugin for Java"; \
	  rm -rf .tools/java; \
	  if $(MVN) --file tools process-resources && chmod +x .tools/java/* && cd .tools/bin \
	    && ln -sf ../java/protoc-gen-grpc-java-* protoc-gen-grpc-java && ln -sf ../java/protoc-[0-9]* protoc; then \
	    cd "$(CURDIR)" && touch $@; \
	  else echo "they could not be fetched: checks that need them are skipped"; fi; \
	fi

TYPESCRIPT := clients/typescript
TYPESCRIPT_SOURCES := $(shell find $(TYPESCRIPT)/src $(TYPESCRIPT)/conformance $(TYPESCRIPT)/test -type f 2>/dev/null)
TYPESCRIPT_PROJECT := $(wildcard $(TYPESCRIPT)/*.json)

.tools/.typescript-packages: .venv/.development $(TYPESCRIPT)/package.json $(TYPESCRIPT)/package-lock.json
	@$(NPM) ci --prefix $(TYPESCRIPT) $(NPM_CI)
	@touch $@

.tools/.typescript: .tools/.typescript-packages $(TYPESCRIPT_PROJECT) $(TYPESCRIPT_SOURCES)
	@rm -rf $(TYPESCRIPT)/dist
	@$(NPM) run --silent --prefix $(TYPESCRIPT) build
	@touch $@

JAVA := clients/java
JAVA_SOURCES := $(shell find $(JAVA)/src $(JAVA)/conformance -type f 2>/dev/null)

.tools/.java: $(JAVA)/pom.xml $(JAVA_SOURCES)
	@$(MVN) --file $(JAVA) package
	@touch $@

.tools/bin/ghz: tools/ghz/go.mod tools/ghz/go.sum
	@mkdir -p .tools/bin
	@go build -C tools/ghz -trimpath -o "$(CURDIR)/.tools/bin/" tool && touch $@
