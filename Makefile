# One recipe for each thing a developer does; CI runs the same ones and nothing else.
#
# Everything is built with `--release` and for the whole workspace, into one directory that all
# clones of a user share: RocksDB takes the better part of a build and is compiled once that way
# (docs/adr/0006-one-profile.md).

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

export CARGO_TARGET_DIR ?= $(HOME)/.cache/rakit/target
export CARGO_INCREMENTAL ?= 0

bin := $(CARGO_TARGET_DIR)/release
cargo_flags := --release --workspace --locked

.PHONY: help setup tools build compile demo test check fmt clippy tidy deny doc bench shake chaos soak doctor fuzz contract

help: ## what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what building, testing and measuring need (Debian packages, cargo tools)
	.ci/setup build measure

tools:
	@.ci/setup build

build: tools ## compile every program
	cargo build $(cargo_flags) --bins

# Programs, tests, benches and examples in one go: what `make test` runs is compiled once.
compile: tools
	cargo build $(cargo_flags) --all-targets

demo: build ## three nodes on this machine and the count of 2024 arriving; ARGS="--nodes 5 --speed 10"
	exec $(bin)/rakit demo $(ARGS)

test: compile ## all tests, those of the built program on real clusters among them
	cargo nextest run $(cargo_flags) --profile ci $(ARGS)
	cargo test $(cargo_flags) --doc --quiet

check: tools fmt clippy tidy deny doc ## everything about the code that is not a test of what it does

fmt:
	cargo fmt --all --check

clippy:
	cargo clippy $(cargo_flags) --all-targets -- -D warnings
	cargo clippy --release --locked -p store --no-default-features --lib -- -D warnings

tidy:
	cargo nextest run $(cargo_flags) --profile ci -E 'package(tests) & test(/^tidy::/)'

deny:
	cargo deny --log-level warn check licenses bans sources

doc:
	RUSTDOCFLAGS="-D warnings" cargo doc $(cargo_flags) --no-deps --quiet

bench: build ## writes beside etcd, public pages beside nginx, the disk; ARGS="--rounds 3"
	@.ci/setup measure
	$(bin)/rakit-bench $(ARGS)

# What CI repeats of it on every change: at most a quarter of an hour on two cores. Where the machine refuses a
# fault, the run says SKIPPED and ends with 4.
shake: build ## 300 simulated runs, 100 of them never seen before, and six minutes of faults on real processes
	$(bin)/rakit-chaos sim --sweep 200 --seconds 20
	$(bin)/rakit-chaos sim --sweep 100 --seconds 20 --seed $$(date +%s)
	$(bin)/rakit-chaos soak --runs 6 --seconds 60 --simulated 0 --nodes 3 --unjudged $(addprefix --scenario ,kills pauses hosts disks operators mixed) $(ARGS) || [ $$? = 4 ]

chaos: build ## every fault on real processes and 200 simulated runs, an hour and more; ARGS="--seed 2 --dir DIR"
	@.ci/setup measure
	$(bin)/rakit-chaos crash --rounds 200 $(ARGS)
	$(bin)/rakit-chaos crash --rounds 5 --fault hang-leader $(ARGS)
	$(bin)/rakit-chaos crash --rounds 3 --fault pause-leader $(ARGS)
	$(bin)/rakit-chaos crash --rounds 6 --fault fill-one $(ARGS)
	! $(bin)/rakit-chaos crash --rounds 4 --fault cut-all --plant no-flush $(ARGS)
	$(bin)/rakit-chaos members
	$(bin)/rakit-chaos snapshot
	$(bin)/rakit-chaos snapshot --megabytes 256 --cuts 3
	$(bin)/rakit-chaos backup
	$(bin)/rakit-chaos gaps --beside-etcd
	$(bin)/rakit-chaos soak --runs 9 --seconds 60 --simulated 0 --nodes 3 $(addprefix --scenario ,kills survivors pauses partitions hosts bad-lines hand-overs disks operators) || [ $$? = 4 ]
	for nodes in 3 5; do $(bin)/rakit-chaos live mixed --nodes $$nodes --seconds 180 --report $(CARGO_TARGET_DIR)/chaos/mixed-$$nodes || [ $$? = 4 ]; done
	for plant in blind-scanner lost-photo shared-attempt forgotten-attempt unsent-sign-out borrowed-name lost-step lost-line double-line old-event other-event wrong-find torn-file mixed-file skipped-form wrong-sirekap; do ! $(bin)/rakit-chaos live hand-overs --seconds 10 --unjudged --plant $$plant || exit 1; done
	! $(bin)/rakit-chaos live survivors --seconds 10 --unjudged --plant young-survivor
	$(bin)/rakit-chaos sim --sweep 200
	$(bin)/rakit-chaos sim --sweep 50 --twice --seconds 20
	$(bin)/rakit-chaos sim --plants --seconds 40

soak: build ## all faults again and again until stopped; ARGS="--minutes 600 --report DIR"
	$(bin)/rakit-chaos soak $(ARGS)

# Reads bytes as everything that is stored, sent or handed in; docs/testing.md says what is covered.
fuzz: tools ## each fuzz target for so long, two at a time; SECONDS=300 ARGS="api_photos store_rows"
	@.ci/setup fuzz
	.ci/fuzz $(or $(SECONDS),300) $(ARGS)

contract: build ## asks a running API all that its description allows, and more; SECONDS=100
	@.ci/setup contract
	.ci/contract $(or $(SECONDS),100)

doctor: build ## what fault injection this machine allows
	$(bin)/rakit-chaos doctor $(ARGS)
