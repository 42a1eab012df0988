# Everything a developer does here; `make` alone lists it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.SILENT:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Shared by all clones of this machine: the dependencies of a fresh clone are built already.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/arrivage/target

debug := $(CARGO_TARGET_DIR)/debug
release := $(CARGO_TARGET_DIR)/release
# The tests and the measurements have stacks of their own, which go when they end.
test_stack := .arrivage/test
bench_stack := .arrivage/bench

# Cargo's own runner does what nextest does, one package after the other.
nextest := $(shell cargo nextest --version >/dev/null 2>&1 && echo yes)
test_programs := $(if $(nextest),cargo nextest run --workspace,cargo test --workspace --lib --bins --tests)

say = printf '\033[1m==> %s\033[0m\n'

.PHONY: help demo test chaos check audit bench bench-quick bench-queue build toolchain up down clean measure

help: ## this list
	awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## bring the services up and show an import from drop to catalogue
	$(debug)/arrivage dev up --install
	$(debug)/arrivage demo

test: build ## run every test, with services of their own
	$(say) "building the tests"
	$(test_programs) --no-run
	$(say) "running the tests"
	trap '$(debug)/arrivage dev --stack $(test_stack) down --purge' EXIT
	$(debug)/arrivage dev --stack $(test_stack) up --install
	eval "$$($(debug)/arrivage dev --stack $(test_stack) env)"
	$(test_programs)
	$(say) "running the examples of the documentation"
	cargo test --workspace --doc

# One experiment after the other: each has several workers and waits for them.
chaos: build ## kill, stop, starve and cut off workers and servers, hundreds of times: about an hour
	$(say) "building the tests"
	cargo test -p arrivage-tests --test integration --no-run
	trap '$(debug)/arrivage dev --stack $(test_stack) down --purge' EXIT
	$(debug)/arrivage dev --stack $(test_stack) up --install
	eval "$$($(debug)/arrivage dev --stack $(test_stack) env)"
	$(say) "running the experiments"
	ARRIVAGE_CHAOS=1 cargo test -p arrivage-tests --test integration chaos:: -- --test-threads 1 --nocapture

check: toolchain ## format, lints, documentation, licences and the dependency rules
	$(say) "checking the format"
	cargo fmt --all --check
	$(say) "checking lints: about 3 minutes the first time"
	cargo clippy --workspace --all-targets -- -D warnings
	$(say) "building the documentation"
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps
	if cargo deny --version >/dev/null 2>&1; then
		$(say) "checking licences and who may depend on what"
		cargo deny check bans licenses sources
	fi

audit: ## look the dependencies up in the security advisories (needs cargo-deny and the network)
	cargo deny check advisories

bench: bench_options :=
bench: measure ## measure imports beside psql \copy: 1,000,000 products, five rounds

bench-quick: bench_options := --quick
bench-quick: measure ## the same with 100,000 products and one round

bench-queue: toolchain ## measure the queue, and 10,000 small files through a worker
	$(say) "building for release: about 12 minutes the first time"
	cargo build --release -p arrivage -p arrivage-benches
	trap '$(release)/arrivage dev --stack $(bench_stack) down --purge' EXIT
	$(release)/arrivage dev --stack $(bench_stack) up --install
	ARRIVAGE_STACK=$(bench_stack) $(release)/arrivage-bench queue

measure: toolchain
	$(say) "building for release: about 12 minutes the first time"
	cargo build --release -p arrivage -p arrivage-benches
	trap '$(release)/arrivage dev --stack $(bench_stack) down --purge' EXIT
	$(release)/arrivage dev --stack $(bench_stack) up --install
	ARRIVAGE_STACK=$(bench_stack) $(release)/arrivage-bench run $(bench_options)

build: toolchain ## build the arrivage command for development
	$(say) "building arrivage: about 3 minutes the first time"
	cargo build -p arrivage

up: build ## bring the development services up
	$(debug)/arrivage dev up --install

down: build ## stop the development services; their data stay
	$(debug)/arrivage dev down

clean: build ## stop the services and remove their data; the build stays
	$(debug)/arrivage dev down --purge

# Rust links by a C compiler, and some dependencies are written in C.
toolchain:
	command -v cargo >/dev/null || { echo "Rust is missing: see https://rustup.rs" >&2; exit 1; }
	command -v cc >/dev/null && exit
	$(say) "installing a C compiler"
	install='apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends gcc libc6-dev'
	if [ "$$(id -u)" = 0 ]; then sh -c "$$install"
	elif sudo -n true 2>/dev/null; then sudo -n sh -c "$$install"
	else echo "a C compiler is missing: sudo sh -c '$$install'" >&2; exit 1
	fi
