# Everything runs in .venv, which `make setup` builds and later calls leave alone until the
# requirements change. Recipes keep to what POSIX and GNU make 3.81 have, so that macOS can run them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PIP_INSTALL := $(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt
PYTEST := $(BIN)/python -m pytest

# So many tests at once. Two need 4 GB of memory, and one Ray besides 3 GB.
WORKERS ?= 2

# Packs and tests run side by side, one per core; more threads in each would only get in each other's way.
OMP_NUM_THREADS ?= 1
export OMP_NUM_THREADS

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint types contracts slow calibration findings chaos mutants chromium axe postgres latex clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

setup: $(INSTALLED) ## Build .venv with everything that the demo and the tests need

# PyTorch by itself first: the largest download by far, and what the rest then finds installed, whichever
# build (CPU or CUDA) this machine has. A .venv without a working pip is one whose making was cut short.
$(INSTALLED): pyproject.toml constraints.txt
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { \
	  $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python must be 3.11 or newer, but $(PYTHON) is " + sys.version.split()[0] + ": try make PYTHON=python3.12 setup")' \
	  && echo "making $(VENV) with $(PYTHON)" && $(PYTHON) -m venv --clear $(VENV); }
	$(PIP_INSTALL) torch
	$(PIP_INSTALL) -e '.[ray,optuna,dev]'
	@touch $@

demo: setup ## Run sweeps/quick.yaml under Ray Tune and build its report
	$(BIN)/rdsweep run sweeps/quick.yaml
	$(BIN)/rdsweep report reports/quick.yaml --results results/quick --out demo-report
	@echo "The tables are in $(CURDIR)/results/quick"
	@echo "Open this page: $(CURDIR)/demo-report/index.html"

test: lint types contracts ## Run all that CI runs: lint, types, contracts, then the tests that are not slow
	$(PYTEST) -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not slow"

lint: setup ## Check format and style
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup ## Check types
	$(BIN)/mypy

contracts: setup ## Check which package imports which
	$(BIN)/lint-imports --no-logo

slow: setup ## Run the slow tests: simulations of coverage and level
	$(PYTEST) -m slow

calibration: setup ## Write the tables under docs again: coverage, level, certified digits (a quarter of an hour)
	$(BIN)/python benchmarks/calibration_curves.py > docs/calibration_curves.md
	$(BIN)/python benchmarks/calibration_comparisons.py --markdown docs/calibration_comparisons.md
	$(BIN)/python benchmarks/nist.py --markdown > docs/nist.md

findings: setup ## Write docs/findings.md and the card of reports/paper from their tables
	$(BIN)/python -m reports.findings

chaos: setup ## Run a sweep under more than a hundred random faults and write docs/chaos.md (Linux, as root)
	$(BIN)/python benchmarks/chaos.py --markdown docs/chaos.md

mutants: setup ## Break what differs from main and see whether tests notice: make mutants ARGS="src/rdsweep/store --max 60"
	$(BIN)/python benchmarks/mutants.py $(ARGS)

chromium: ## Install Chromium for the browser tests where it is missing (Debian, as root)
	@if command -v chromium || command -v chromium-browser || command -v google-chrome; then :; \
	elif [ "$$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -q && DEBIAN_FRONTEND=noninteractive \
	  apt-get install -q -y --no-install-recommends chromium fonts-liberation; \
	else echo "Chromium must be installed by hand where there is no apt-get or no root" >&2; exit 1; fi

axe: ## Install axe-core for the accessibility test where it is missing (needs npm)
	@test -f node_modules/axe-core/axe.min.js || \
	  npm install --no-save --no-package-lock --no-audit --no-fund axe-core@4.14.1

postgres: ## Install PostgreSQL for the test of shared studies where it is missing (Debian, as root)
	@if command -v postgres || ls /usr/lib/postgresql/*/bin/postgres 2>/dev/null; then :; \
	elif [ "$$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -q && DEBIAN_FRONTEND=noninteractive \
	  apt-get install -q -y --no-install-recommends postgresql; \
	else echo "PostgreSQL must be installed by hand where there is no apt-get or no root" >&2; exit 1; fi

latex: ## Install LaTeX for the test that tables compile where it is missing (Debian, as root)
	@if command -v pdflatex && kpsewhich booktabs.sty; then :; \
	elif [ "$$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -q && DEBIAN_FRONTEND=noninteractive \
	  apt-get install -q -y --no-install-recommends texlive-latex-base texlive-latex-recommended; \
	else echo "LaTeX must be installed by hand where there is no apt-get or no root" >&2; exit 1; fi

clean: ## Remove .venv, caches and the demo's report; results stay
	rm -rf $(VENV) demo-report build dist *.egg-info src/*.egg-info
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find rdstats src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
