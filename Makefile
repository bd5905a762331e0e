# kubectl fleetapp. `make help` lists the targets.

GO ?= go
BIN := bin/kubectl-fleetapp

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build the plugin, bin/kubectl-fleetapp
	@CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags '-s -w' -o $(BIN) ./cmd/kubectl-fleetapp

.PHONY: demo
demo: build lab ## Bring a lab up and walk through the guide's first example on it
	@test/demo.sh

.PHONY: demo-down
demo-down: ## End the lab that the demo left running
	@test ! -x bin/fleetlab || bin/fleetlab down --dir .lab

.PHONY: recording
recording: build lab ## Make the picture in the README anew, from the demo as it runs
	@test/demo.sh | $(GO) run ./test/recording >docs/demo.svg.new && mv docs/demo.svg.new docs/demo.svg

.PHONY: test
test: build lab ## Unit tests, the harnesses that try to break it, then test/e2e on a lab of its own
	$(GO) test -race ./cmd/... ./pkg/...
	$(GO) -C test/lab test ./...
	$(GO) test -count=1 -timeout 30m ./release
	$(GO) test -count=1 ./test/recording ./test/fault ./test/bench ./test/model ./test/random
	@test/fuzz.sh 1m
	$(GO) test -count=1 -timeout 70m ./test/e2e

.PHONY: fuzz
FUZZ_TIME ?= 9m
fuzz: ## Fuzz each parser for FUZZ_TIME, 9 minutes: an hour in all
	@test/fuzz.sh $(FUZZ_TIME)

.PHONY: fault
fault: build lab ## Try to break it in every way that there is, count, and print a table (an hour or two)
	@$(GO) run ./test/fault/run

.PHONY: bench
bench: build lab ## Measure what a run costs beside what others need, and write docs/performance.md (half an hour)
	@$(GO) run ./test/bench/run

.PHONY: dist
VERSION ?=
dist: ## Build the archives of VERSION for all platforms into dist, and fill in krew-manifest.yaml
	@$(GO) run ./release -version '$(VERSION)'

include verify.mk
include test/lab/lab.mk
