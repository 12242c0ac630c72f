# Racemate: thin front door; every real rule is in meson.build.  `make help` lists the targets.
.DEFAULT_GOAL := build/racemate
SHELL := /bin/bash
BUILD := build
TEST_BUILD := build-test
NINJA := ninja

.PHONY: help run test bench fuzz kill mpi-test reference reference-stats bench-peers example-study install install-test deps deps-test deps-extra clean tidy format FORCE

help: ## this list
	@grep -hE '^[a-zA-Z/_-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([^:]+):.*## (.*)/  make \1\t\2/' | expand -t 22

$(BUILD)/build.ninja: | deps
	@meson setup $(BUILD) --buildtype=release >/dev/null

build/racemate: $(BUILD)/build.ninja FORCE ## (default) build the program
	@$(NINJA) -C $(BUILD) racemate | tail -1

run: build/racemate ## install what is missing, build, and open a demonstration clinic
	@exec $(BUILD)/racemate demo

test: deps-test ## install what is missing, build under ASan and UBSan, run every test
	@scripts/test $(TEST_BUILD)

bench: deps build/racemate ## measure speed against floors in the same run
	@$(NINJA) -C $(BUILD) >/dev/null && meson test -C $(BUILD) --benchmark --verbose

bench-peers: deps build/racemate ## the estimators' speed beside R's packages, where R is
	@$(NINJA) -C $(BUILD) bench/bench_mixed bench/bench_survival >/dev/null && bench/peers/run $(BUILD)

fuzz: deps-extra ## fuzz every parser (SECONDS_EACH=60)
	@scripts/fuzz $${SECONDS_EACH:-60}

mpi-test: build/racemate ## a population by 1, 2 and 3 MPI processes gives the same bytes (needs libopenmpi-dev)
	@$(NINJA) -C $(BUILD) >/dev/null && scripts/mpi-test $(BUILD)

kill: deps-test ## kill -9 the server at ROUNDS=100 random moments of a replay
	@scripts/kill-test $${ROUNDS:-100}

reference-stats: deps build/racemate ## compare every estimator with R on random data (PART=all ROUNDS=100; needs R)
	@$(NINJA) -C $(BUILD) tests/stats/peers/stats_driver | tail -1
	@scripts/reference-stats $(BUILD)/tests/stats/peers/stats_driver

reference: ## write the stored answers of another solver (SUNDIALS CVODES) anew
	@scripts/bootstrap run reference && mkdir -p $(BUILD)
	@$(CC) -std=gnu17 -O2 -Wall -Wextra reference/reference.c -lsundials_cvodes -lsundials_nvecserial \
	  -lsundials_sunmatrixdense -lsundials_sunlinsoldense -lm -o $(BUILD)/reference
	@$(BUILD)/reference tests/data/nonlinear

example-study: build/racemate ## the synthetic chart, its report (HTML, PDF), and the truth beside the estimate
	@scripts/example-study $(BUILD)/racemate $(BUILD)/example-study

install: build/racemate ## install program, library, headers, protocols, models, manual page, completion (DESTDIR, prefix as Meson)
	@$(NINJA) -C $(BUILD) >/dev/null && meson install -C $(BUILD)

install-test: deps-extra ## install into an empty folder and use it as others would: C, C++, pkg-config
	@scripts/install-test

tidy: deps-extra build/racemate ## clang-tidy over the sources, warnings as errors
	@scripts/tidy $(BUILD)

format: deps-extra ## clang-format in place
	@git ls-files '*.c' '*.h' | xargs clang-format -i

deps: ; @scripts/bootstrap run
deps-test: ; @scripts/bootstrap run test
deps-extra: ; @scripts/bootstrap run test extra

clean: ## remove what was built
	@rm -rf build build-* .stamps
