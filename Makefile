# NovaCore's commands. Each sets up what it needs and says so.
#   make run       build and start NovaCore with a model that answers (release build)
#   make test      every test: Rust, page, and a real browser
#   make check     formatting, lints, types, licences
#   make bench     the measurements that README, docs/performance.md and the release notes quote
#   make eval      how well memory finds, as a table; [LOCOMO_JSON=path] [EMBEDDING_URL=http://... of an Ollama]
#   make eval-distil MODEL_URL=http://... MODEL=name   what a real model's summaries and facts come to
#   make torture   1,000 live copies, kills, power losses, flipped bits (20 to 30 minutes); make fuzz: the storage formats
#   make web       the page alone; make openapi: its description of the API, from the code
#   make embedder  rebuilds the built-in embedder from published weights (110 MB) and compares; nothing else needs it
#   make coverage  lines covered, by slice (installs cargo-llvm-cov)

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test check bench eval eval-distil torture fuzz web openapi embedder coverage clean

NPM := npm ci --no-audit --no-fund --loglevel=error
OLLAMA ?= http://127.0.0.1:11434

help:
	@sed -n '2,11s/^# \{0,1\}//p' Makefile

# ---- the page ----------------------------------------------------------------------------------
WEB_SOURCES := $(shell find web/src web/static -type f 2>/dev/null) $(wildcard web/*.json web/*.ts web/*.js)

web/node_modules/.package-lock.json: web/package-lock.json
	@echo "== installing the page's packages (npm)"
	cd web && $(NPM)

web/build/index.html: web/node_modules/.package-lock.json $(WEB_SOURCES)
	@echo "== building the page"
	cd web && npm run --silent generate && npm run --silent build
	@touch $@

web: web/build/index.html

openapi:
	cargo run --quiet -- openapi > web/openapi.json

# ---- run ---------------------------------------------------------------------------------------
run: web
	@if curl -sf -m 2 $(OLLAMA)/api/version >/dev/null; then \
	  echo "== Ollama answers at $(OLLAMA): using it"; \
	else \
	  echo "== no Ollama at $(OLLAMA): fetching a small demonstration model (98 MB, once)"; \
	  packaging/demo-model/fetch.sh models || echo "== going on without it: the page will tell how to connect Ollama"; \
	fi
	@echo "== building NovaCore (release; 5 to 10 minutes on 2 cores the first time)"
	@start=$$SECONDS; cargo build --release --features demo-model; echo "== built in $$((SECONDS - start)) s"
	./target/release/novacore serve

# ---- test --------------------------------------------------------------------------------------
CHROMIUM := /usr/bin/chromium
APT := $(shell [ "$$(id -u)" = 0 ] || echo sudo) env DEBIAN_FRONTEND=noninteractive apt-get

$(CHROMIUM):
	@echo "== installing chromium for the browser tests (apt)"
	$(APT) update -qq && $(APT) install -y -qq chromium >/dev/null

RSYNC := /usr/bin/rsync
$(RSYNC):
	@echo "== installing rsync for the tests of live copies (apt)"
	$(APT) update -qq && $(APT) install -y -qq rsync >/dev/null

FAKETIME := /usr/lib/$(shell uname -m)-linux-gnu/faketime/libfaketime.so.1
$(FAKETIME):
	@echo "== installing libfaketime for the tests of links that expire (apt)"
	$(APT) update -qq && $(APT) install -y -qq libfaketime >/dev/null

tests/browser/node_modules/.package-lock.json: tests/browser/package-lock.json
	@echo "== installing the browser tests' packages (npm)"
	cd tests/browser && $(NPM)

test: web tests/browser/node_modules/.package-lock.json | $(CHROMIUM) $(RSYNC) $(FAKETIME)
	@echo "== page: unit tests"
	cd web && npm run --silent test
	@echo "== Rust: unit and integration tests"
	cargo test --workspace
	@echo "== browser tests"
	cargo build
	cd tests/browser && npm run --silent test

# ---- check -------------------------------------------------------------------------------------
check: web
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cd web && npm run --silent check
	@if command -v cargo-deny >/dev/null; then cargo deny --offline check licenses bans sources; \
	 else echo "cargo-deny is not installed: licences, bans and sources were not checked"; fi

# ---- measure -----------------------------------------------------------------------------------
bench: web
	cargo build --release
	cargo bench --bench product
	cargo bench -p novacore-storage --bench storage

# ---- how well memory works -----------------------------------------------------------------------
# On LoCoMo where LOCOMO_JSON names it, else on synthetic lives; the second model only with EMBEDDING_URL.
eval: web
	cargo build --release
	LOCOMO_JSON=$(LOCOMO_JSON) EMBEDDING_URL=$(EMBEDDING_URL) cargo bench --bench eval

# ---- memory with a real model, by hand ---------------------------------------------------------
eval-distil:
	DISTIL_MODEL_URL=$(MODEL_URL) DISTIL_MODEL=$(MODEL) DISTIL_SESSIONS=$(or $(SESSIONS),200) \
	  cargo test -p novacore --test main memory::real_model -- --ignored --nocapture

# ---- storage, hard ------------------------------------------------------------------------------
# Nothing is installed for it: without rsync its copies are left out, and that is said.
TORTURE_RUNS ?= 1000
torture:
	NOVACORE_TORTURE_RUNS=$(TORTURE_RUNS) cargo test --release -p novacore-storage -- torture:: power:: --nocapture

# The fuzzer wants a nightly compiler; RUSTC_BOOTSTRAP lets the stable one do, without sanitizers.
FUZZ_SECONDS ?= 60
fuzz:
	@cargo fuzz --version >/dev/null 2>&1 || { echo "== installing cargo-fuzz"; cargo install --locked cargo-fuzz; }
	cd storage/fuzz && for target in key value journal journal_written directory; do \
	  echo "== $$target"; \
	  RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$(CURDIR)/target/fuzz cargo fuzz run --fuzz-dir . --sanitizer none $$target -- -max_total_time=$(FUZZ_SECONDS); \
	done

# ---- the built-in embedder ---------------------------------------------------------------------
# The file in packaging/embedder is committed; this builds it again below target/ and compares.
embedder:
	packaging/embedder/build.sh target/embedder

coverage: web
	@cargo llvm-cov --version >/dev/null 2>&1 || { echo "== installing cargo-llvm-cov"; cargo install --locked cargo-llvm-cov; }
	@rustup component add llvm-tools >/dev/null 2>&1 || true
	cargo llvm-cov --workspace --json --output-path target/coverage.json
	python3 tests/coverage.py target/coverage.json

clean:
	cargo clean
	rm -rf web/build web/node_modules web/.svelte-kit tests/browser/node_modules
