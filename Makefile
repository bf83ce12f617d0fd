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
share = $(DESTDIR)$(PREFIX)/share

.PHONY: build man install dist tools setup ready test lint unit explore e2e prove soak demo bench births figures clean help
.NOTPARALLEL: # setup comes before test, and tests want the machine for themselves

# What a long step is, and how long it takes: its line of the help.
announce = @sed -n 's/^$@:[^\#]*\#\# /$@: /p' $(firstword $(MAKEFILE_LIST))

build: $(scripts) ## the four programs and two scripts, into bin (the default; half a minute the first time)
	$(announce)
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-s -w' -o bin/ ./cmd/...

bin/auto-consul bin/ac-run: bin/%: scripts/%
	@mkdir -p bin
	install -m 755 $< $@

man: ## manual pages, and completions for bash, zsh and fish, into bin/man and bin/completion
	GOOS= GOARCH= $(GO) run ./scripts/man bin

install: build man ## programs, scripts, pages and completions, into PREFIX/bin and PREFIX/share
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 bin/ac-members bin/ac-decide bin/ac-heartbeat bin/ac-exec bin/ac-run bin/auto-consul $(DESTDIR)$(PREFIX)/bin
	install -d $(share)/man/man1 $(share)/man/man5 $(share)/man/man7
	install -m 644 bin/man/man1/* $(share)/man/man1
	install -m 644 bin/man/man5/* $(share)/man/man5
	install -m 644 bin/man/man7/* $(share)/man/man7
	install -d $(share)/bash-completion/completions $(share)/zsh/site-functions $(share)/fish/vendor_completions.d
	install -m 644 bin/completion/bash/* $(share)/bash-completion/completions
	install -m 644 bin/completion/zsh/* $(share)/zsh/site-functions
	install -m 644 bin/completion/fish/* $(share)/fish/vendor_completions.d

dist: bin/tools/nfpm ## archive, deb, rpm and list of modules, for amd64 and arm64, into bin/dist (a minute)
	$(announce)
	$(GO) run ./scripts/dist bin/dist
	@ls bin/dist

tools: $(servers) ## consul and versitygw for demo and tests, into bin/tools

bin/tools/nfpm: scripts/tools/nfpm/go.mod scripts/tools/nfpm/go.sum
bin/tools/%: scripts/tools/go.mod scripts/tools/go.sum scripts/tool
	scripts/tool $*

setup: ## the Debian packages that the tests need, as root; "make setup test" on a fresh machine
	@scripts/setup

ready:
	@scripts/setup check

test: lint unit explore e2e ## all of the following four

lint: ready $(checkers) ## format, vet, staticcheck, shellcheck, shfmt, units and user-data (a minute)
	$(announce)
	@files=$$(bin/tools/gofumpt -l $(sources)) && { [ -z "$$files" ] || { echo "gofumpt would change:" $$files >&2; exit 1; }; }
	$(GO) vet ./...
	bin/tools/staticcheck ./...
	$(GO) -C scripts/terraform vet ./...
	cd scripts/terraform && ../../bin/tools/staticcheck ./...
	shellcheck $(shell)
	bin/tools/shfmt -d -i 2 -ci $(shell)
	scripts/systemd/check bin/lint

unit: ready ## tests of packages and commands, with the race detector (three minutes)
	$(announce)
	$(GO) test -race ./lib/... ./cmd/...
	$(GO) -C scripts/terraform test ./...

explore: ## every interleaving of small clusters, and seeded random runs (three minutes)
	$(announce)
	EXPLORE=more $(GO) test -count=1 -v -run='^TestExplor' ./lib/rule
	$(GO) test -count=1 -v ./lib/sim

e2e: ready build tools bin/tools/nfpm ## the programs with real Consul agents and a real S3 server (eleven minutes)
	$(announce)
	$(GO) test -count=1 -timeout=20m -parallel=5 ./scripts/...

prove: ready build tools bin/tools/nfpm ## the proofs at full size (hours on a small machine)
	$(announce)
	GOGC=40 EXPLORE=full $(GO) test -count=1 -timeout=6h -v -run='^TestExplor' ./lib/rule
	PROVE=full $(GO) test -count=1 -timeout=6h -v ./lib/sim
	PROVE=full $(GO) test -count=1 -timeout=6h -v -run='^TestProve' ./scripts/e2e

soak: build tools ## five nodes under random faults; SOAK=10m, SOAK_SEED=n for the same again
	$(announce)
	SOAK=$(SOAK) $(GO) test -count=1 -timeout=0 -v -run='^TestSoak$$' ./scripts/e2e

demo: build ## a cluster on this machine, explained (a good minute); REGISTRY=s3 keeps its registry in S3
	scripts/demo $(REGISTRY)

bench: build tools ## figures of the programs, as ratios where they can be; BENCH=full for more (half an hour)
	$(announce)
	$(GO) test -run='^$$' -bench=. -benchtime=$(BENCHTIME) -timeout=2h ./scripts/bench

births: build tools ## the births measured anew, on a machine that does nothing else, and their picture (a quarter of an hour)
	$(announce)
	BENCH=full $(GO) test -run='^$$' -bench=Birth -benchtime=1x -timeout=2h ./scripts/bench >bin/births.txt || { cat bin/births.txt; exit 1; }
	@$(MAKE) --no-print-directory figures BENCH_OUT=bin/births.txt

figures: ## the README's pictures; BENCH_OUT=file, what make bench printed, for that of the births from new figures
	GOOS= GOARCH= $(GO) run ./scripts/figures docs $(BENCH_OUT)

clean: ## remove bin
	rm -rf bin

help: ## this list
	@sed -n 's/^\([a-z0-9]*\):[^#]*## /\1	/p' $(firstword $(MAKEFILE_LIST)) | expand -t 8

.DEFAULT:
	@echo 'make: there is no target $@; these are:' >&2
	@$(MAKE) --no-print-directory help >&2
	@exit 2
