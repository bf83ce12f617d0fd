# make help lists the targets.

GO ?= go
BENCHTIME ?= 1s
REGISTRY ?= file
SOAK ?= 10m
export GOTOOLCHAIN = local

scripts = bin/auto-consul bin/ac-run
checkers = bin/tools/staticcheck bin/tools/gofumpt bin/tools/shfmt
servers = bin/tools/consul bin/tools/versitygw
sources = $(wildcard cmd lib scripts)
shell = $(shell bin/tools/shfmt -f $(wildcard scripts examples .ci))

.DELETE_ON_ERROR:
PREFIX ?= /usr/local

.PHONY: build install tools test lint unit explore e2e prove soak demo bench clean help

build: $(scripts) ## the four programs and two scripts, into bin (the default)
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-s -w' -o bin/ ./cmd/...

bin/auto-consul bin/ac-run: bin/%: scripts/%
	@mkdir -p bin
	install -m 755 $< $@

install: build ## the programs and scripts, into PREFIX/bin
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 bin/ac-members bin/ac-decide bin/ac-heartbeat bin/ac-exec bin/ac-run bin/auto-consul $(DESTDIR)$(PREFIX)/bin

tools: $(servers) ## consul and versitygw for demo and tests, into bin/tools

bin/tools/%: scripts/tools/go.mod scripts/tools/go.sum scripts/tool
	scripts/tool $*

test: lint unit explore e2e ## all of the following four

lint: $(checkers) ## format, vet, staticcheck, shellcheck, shfmt, units and user-data
	@command -v shellcheck >/dev/null || { echo 'make: shellcheck is missing: install the package shellcheck' >&2; exit 1; }
	@files=$$(bin/tools/gofumpt -l $(sources)) && { [ -z "$$files" ] || { echo "gofumpt would change:" $$files >&2; exit 1; }; }
	$(GO) vet ./...
	bin/tools/staticcheck ./...
	shellcheck $(shell)
	bin/tools/shfmt -d -i 2 -ci $(shell)
	scripts/systemd/check bin/lint

unit: ## tests of packages and commands, with the race detector
	$(GO) test -race ./lib/... ./cmd/...

explore: ## every interleaving of small clusters, and seeded random runs
	EXPLORE=more $(GO) test -count=1 -v -run='^TestExplor' ./lib/rule
	$(GO) test -count=1 -v ./lib/sim

e2e: build tools ## the programs with real Consul agents and a real S3 server
	$(GO) test -count=1 -timeout=15m ./scripts/...

prove: build tools ## the proofs at full size; hours on a small machine
	EXPLORE=full $(GO) test -count=1 -timeout=6h -v -run='^TestExplor' ./lib/rule
	PROVE=full $(GO) test -count=1 -timeout=6h -v ./lib/sim
	PROVE=full $(GO) test -count=1 -timeout=6h -v -run='^TestProve' ./scripts/e2e

soak: build tools ## five nodes under random faults; SOAK=10m, SOAK_SEED=n for the same again
	SOAK=$(SOAK) $(GO) test -count=1 -timeout=0 -v -run='^TestSoak$$' ./scripts/e2e

demo: build tools ## a cluster on this machine; REGISTRY=s3 keeps its registry in S3
	scripts/demo $(REGISTRY)

bench: build tools ## figures of the programs, as ratios where they can be; BENCH=full for more
	$(GO) test -run='^$$' -bench=. -benchtime=$(BENCHTIME) -timeout=2h ./scripts/bench

clean: ## remove bin
	rm -rf bin

help: ## this list
	@sed -n 's/^\([a-z0-9]*\):[^#]*## /\1	/p' $(firstword $(MAKEFILE_LIST)) | expand -t 8
