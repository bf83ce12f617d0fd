# make help lists the targets.

GO ?= go
BENCHTIME ?= 1s
REGISTRY ?= file
export GOTOOLCHAIN = local

scripts = bin/auto-consul
checkers = bin/tools/staticcheck bin/tools/gofumpt bin/tools/shfmt
servers = bin/tools/consul bin/tools/versitygw
sources = $(wildcard cmd lib scripts)
shell = $(shell bin/tools/shfmt -f $(wildcard scripts examples .ci))

.DELETE_ON_ERROR:
.PHONY: build tools test lint unit e2e demo bench clean help

build: $(scripts) ## the four programs and auto-consul, into bin (the default)
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-s -w' -o bin/ ./cmd/...

bin/auto-consul: scripts/auto-consul
	@mkdir -p bin
	install -m 755 $< $@

tools: $(servers) ## consul and versitygw for demo and tests, into bin/tools

bin/tools/%: scripts/tools/go.mod scripts/tools/go.sum scripts/tool
	scripts/tool $*

test: lint unit e2e ## all of the following three

lint: $(checkers) ## format, vet, staticcheck, shellcheck, shfmt
	@command -v shellcheck >/dev/null || { echo 'make: shellcheck is missing: install the package shellcheck' >&2; exit 1; }
	@files=$$(bin/tools/gofumpt -l $(sources)) && { [ -z "$$files" ] || { echo "gofumpt would change:" $$files >&2; exit 1; }; }
	$(GO) vet ./...
	bin/tools/staticcheck ./...
	shellcheck $(shell)
	bin/tools/shfmt -d -i 2 -ci $(shell)

unit: ## tests of packages and commands, with the race detector
	$(GO) test -race ./lib/... ./cmd/...

e2e: build tools ## the programs with real Consul agents and a real S3 server
	$(GO) test -count=1 -timeout=15m ./scripts/...

demo: build tools ## a cluster on this machine; REGISTRY=s3 keeps its registry in S3
	scripts/demo $(REGISTRY)

bench: ## all benchmarks; BENCHTIME=1s
	$(GO) test -run='^$$' -bench=. -benchtime=$(BENCHTIME) ./...

clean: ## remove bin
	rm -rf bin

help: ## this list
	@sed -n 's/^\([a-z0-9]*\):[^#]*## /\1	/p' $(firstword $(MAKEFILE_LIST)) | expand -t 8
