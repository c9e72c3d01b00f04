# Two commands do everything on a bare Debian 12 with Rust: `make demo` and `make test`.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# What the machine itself trusts goes into builds, never into images: a network whose proxy inspects TLS works, too.
FACTORY_CA_BUNDLE ?= $(wildcard /etc/ssl/certs/ca-certificates.crt)
export FACTORY_CA_BUNDLE

# What the tests hold the packages against, beside the engine.
REFEREES := 7zip cabextract cpio createrepo-c dnf docker-registry dpkg-dev gcab git iproute2 lintian mmdebstrap openssh-client \
  openssh-server openssl python3-venv rpm rpmlint unzip xz-utils zip

.PHONY: help demo test build updater check units real depends few-faults faults accept bench bench-smoke bench-example windows deny fuzz clean

help: ## this list, with the minutes each takes on 2 cores
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

demo: build ## build examples/canopsis for Debian 12: wheels, images, packages (15 min at most, 1 when warm)
	@scripts/engine mmdebstrap
	SYSBASE=debian-12 target/release/factory --project examples/canopsis --tag 2.5.11 build

test: check units real bench-smoke few-faults ## everything that CI checks (30 min at most, 15 when warm)

build: ## the release binary (5 min)
	cargo build --release --locked
	@grep -q FACTORY_SCRIPTED_ENGINE target/release/factory; [ $$? = 1 ] || { echo "build: the release plays a daemon for tests, or is not there"; exit 1; }

updater: ## the updater as a static binary, 5 MB at most (2 min; docs/updates.md)
	RUSTFLAGS="-C target-feature=+crt-static" \
	  cargo build --locked --profile updater --package factory-update --target x86_64-unknown-linux-gnu
	@size=$$(stat -c %s target/x86_64-unknown-linux-gnu/updater/factory-update) && echo "updater: $$size bytes" && [ $$size -le 5000000 ]

check: ## formatting, lints, documentation, licences (3 min)
	cargo fmt --all --check
	cargo clippy --locked --all-targets -- --deny warnings
	RUSTDOCFLAGS="--deny warnings" cargo doc --locked --no-deps --quiet
	@if command -v cargo-deny > /dev/null; then cargo deny check --hide-inclusion-graph bans licenses sources; \
	 else echo "check: cargo-deny is not installed, licences and sources are not checked (make deny)"; fi

units: ## tests without a real engine (2 min)
	@scripts/engine $(REFEREES)
	python=$$(scripts/python-tuf) && FACTORY_TUF_PYTHON=$$python cargo test --locked

real: ## the whole job on the real engine (10 min; ARGS=packages:: for a part)
	@scripts/engine $(REFEREES)
	cargo test --locked --test real -- --ignored --test-threads=1 $(ARGS)
	FACTORY_TEST_ENGINE=1 FACTORY_TEST_IMAGE=$$(docker images --format '{{.Repository}}:{{.Tag}}' factory.local/base | head -n 1) \
	  cargo test --locked --lib engine::docker::live

depends: build ## packages with dependencies found by themselves, on Debian 11 to 13, two Ubuntus and three rpms (25 min; 60 cold; docs/dependencies-real.md; ARGS=debian-12)
	@scripts/engine mmdebstrap
	@scripts/depends target/release/factory target/depends $(ARGS)

few-faults: ## the faults of CI, on an engine of its own (6 min)
	@scripts/engine $(REFEREES)
	cargo test --locked --test faults -- --ignored --nocapture

faults: ## faults at every step of a build, on an engine of its own (90 min; writes docs/faults.md; FAULTS=network for a part)
	@scripts/engine $(REFEREES) faketime
	FACTORY_FAULTS="$(or $(FAULTS),all)" cargo test --locked --test faults -- --ignored --nocapture

# Every Debian and Ubuntu that the example names.
ACCEPTED := debian-11 debian-12 debian-13 ubuntu-22.04 ubuntu-24.04

# The example's set for Python 2.7, with which CentOS 7 is built, on a base that is to be had.
PY27 := target/accept-py27

accept: build ## build and install the example on five Debians and Ubuntus, and with Python 2.7 (20 min cold; docs/accept.md)
	@scripts/engine mmdebstrap
	SYSBASE="$(ACCEPTED)" target/release/factory --project examples/canopsis --tag 2.5.11 build
	SYSBASE="$(ACCEPTED)" target/release/factory --project examples/canopsis --tag 2.5.11 test
	@scripts/py27 $(PY27)
	target/release/factory --project $(PY27) --tag 2.5.11 build
	target/release/factory --project $(PY27) --tag 2.5.11 test

windows: build ## build a module for Windows from the example, and run it under Wine, which is installed (3 min; docs/windows.md)
	@scripts/engine cabextract wine wine64
	@scripts/windows target/release/factory

bench: ## how long plans and unchanged builds take, beside docker build (16 min with a release build; docs/bench.md; ARGS=many)
	@scripts/engine gcab time
	cargo bench --locked --bench plan -- $(ARGS)

# After `real`, which leaves a base image.
bench-smoke: ## every part of the benches once and small: does it run? (1 min; ARGS=jobs for a part)
	@scripts/engine time
	cargo test --locked --bench plan -- $(ARGS)

bench-example: build ## how long the example takes after a commit, a configuration file, a module, beside docker build and bake (20 min; docs/bench.md)
	@scripts/engine mmdebstrap
	@scripts/bench-example $(TIMES)

# Without optimisation: it runs for seconds, and would be compiled for minutes.
deny: ## install cargo-deny (3 min) and check licences, sources, duplicate versions and advisories
	command -v cargo-deny > /dev/null || cargo install --locked --debug cargo-deny
	cargo deny --locked check --hide-inclusion-graph bans licenses sources
	@scripts/advisories

# Each input has a second and 512 MiB (docs/readers.md). What is found is kept in fuzz/found, seeds are in fuzz/corpus (fuzz/seeds.py).
FUZZ_TARGETS := tarstream recipe platform requirements wheels wheel names deb rpm archive cab elf symbols distributions chain wapt_zip wapt_control wapt_manifest \
  wapt_index wapt_setup tuf

fuzz: ## each reader of foreign bytes for a minute (30 min; SECONDS_EACH=3600 for an hour each; FUZZ_TARGETS=deb for one)
	command -v cargo-fuzz > /dev/null || cargo install --locked cargo-fuzz
	@for target in $(FUZZ_TARGETS); do \
	  mkdir -p fuzz/found/$$target; \
	  RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none $$target fuzz/found/$$target fuzz/corpus/$$target -- \
	    -timeout=1 -rss_limit_mb=512 -max_total_time=$(or $(SECONDS_EACH),60) -max_len=65536 || exit 1; \
	done

clean: ## remove what was built here
	cargo clean
