# Glassboard: `make run` serves the dashboard, `make test` checks everything; `make help` lists the rest.
SHELL := bash
.SHELLFLAGS := -e -u -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VENV   := .venv
PEERS  := .venv-peers
PYTHON := $(VENV)/bin/python
UV     := $(shell command -v uv 2>/dev/null)

# Your own models, patients and lessons (folders that git ignores, unless you name others), and where to serve.
BUNDLES  ?= local/bundles
PATIENTS ?= local/patients
LESSONS  ?= local/lessons
PORT     ?= 8501
export GLASSBOARD_BUNDLES  := $(BUNDLES)
export GLASSBOARD_PATIENTS := $(PATIENTS)
export GLASSBOARD_LESSONS := $(LESSONS)

# Pins are tried on 3.11; a newer Python works where its wheels exist.
FIND_PYTHON = for p in python3 python3.11 python3.12 python3.13 python3.14; do \
	if command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then echo $$p; exit; fi; \
	done; echo "Glassboard needs Python 3.11 or newer; found $$(python3 --version 2>&1 || echo none)." >&2; exit 1

# $(call install,FOLDER,REQUIREMENTS): an environment of its own, by uv where present, else by venv and pip.
ifneq ($(UV),)
install = test -x $(1)/bin/python || $(UV) venv --quiet --python '>=3.11' $(1); \
	$(UV) pip install --quiet --python $(1)/bin/python -r $(2)
else
install = test -x $(1)/bin/python || "$$($(FIND_PYTHON))" -m venv $(1); \
	$(1)/bin/python -m pip install --quiet --disable-pip-version-check -r $(2)
endif

# Tests run two at a time; more threads inside each would only fight over the same cores.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
PYTEST     := $(ONE_THREAD) $(PYTHON) -m pytest

.PHONY: help run test format types imports unit browser bench validate shots sample

help: ## list these targets
	@sed -nE 's/^([a-z]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 10

run: $(VENV)/kernels.stamp ## serve the dashboard on 127.0.0.1 (BUNDLES=dir PATIENTS=path LESSONS=dir PORT=8501)
	@exec $(PYTHON) -m pages.parts.server --port $(PORT)

test: format types imports unit browser ## every check: format, types, imports, doctests, unit, page and browser tests

format: $(VENV)/test.stamp ## check format and lint
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .

types: $(VENV)/test.stamp ## check types
	$(VENV)/bin/mypy

imports: $(VENV)/test.stamp ## check that every import keeps to its floor and its door
	$(VENV)/bin/lint-imports

unit: $(VENV)/test.stamp $(VENV)/kernels.stamp ## doctests, unit and page tests
	$(PYTEST) --numprocesses 2 --dist worksteal --doctest-modules oncology explainers pages/parts tests --ignore tests/e2e

# On a busy machine a browser sometimes misses its moment: a failed test is tried once more, and named when it was.
browser: $(VENV)/test.stamp $(VENV)/kernels.stamp ## tests in a real browser
	$(PYTEST) --numprocesses 2 --dist loadfile --reruns 1 -r R tests/e2e

validate: $(VENV)/test.stamp ## the long checks
	$(PYTHON) -m sample_data.validate
	$(PYTEST) -m validate tests

bench: $(VENV)/test.stamp $(VENV)/kernels.stamp $(PEERS)/peers.stamp $(PEERS)/explainerdashboard.stamp ## measure speed and memory on this machine
	@failed=0; for file in tests/benchmarks/bench_*.py; do \
	  $(PYTHON) -m tests.benchmarks.$$(basename "$$file" .py) || failed=1; done; exit $$failed

shots: $(VENV)/test.stamp ## screenshots of every page into shots/ (1280 and 390 wide, light and dark)
	$(PYTHON) -m tests.e2e.shots

sample: $(VENV)/run.stamp ## build the sample data again
	$(PYTHON) -m sample_data.build

$(VENV)/run.stamp: requirements.txt
	@echo "Installing the libraries into $(VENV) (once; about a minute)"
	@$(call install,$(VENV),$<)
	@touch $@

# The tree engine is compiled once for this machine and kept beside the code, so that no click waits for it.
$(VENV)/kernels.stamp: $(VENV)/run.stamp $(shell find explainers/trees -name '*.py')
	@echo "Compiling the tree engine for this machine (once; a minute or two)"
	@$(PYTHON) -m explainers.trees
	@touch $@

$(VENV)/test.stamp: requirements-test.txt requirements.txt
	@echo "Installing the test tools into $(VENV)"
	@$(call install,$(VENV),$<)
	@touch $@

$(PEERS)/peers.stamp: requirements-peers.txt requirements.txt
	@echo "Installing the libraries that the benchmarks compare with into $(PEERS)"
	@$(call install,$(PEERS),$<)
	@touch $@

$(PEERS)/explainerdashboard.stamp: requirements-explainerdashboard.txt $(PEERS)/peers.stamp
	@echo "Installing explainerdashboard into $(PEERS)/explainerdashboard, apart from the others"
	@$(call install,$(PEERS)/explainerdashboard,$<)
	@touch $@
