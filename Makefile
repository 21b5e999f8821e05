# Everything a newcomer needs, from an empty machine with Python 3.11, make and a C compiler.
# `make demo` plays a trading day and serves it; `make test` checks and tests everything.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2

# Stamps: the environment is made once, and again only when pyproject.toml changes.
RUNTIME := $(VENV)/.runtime
DEVELOPMENT := $(VENV)/.development

# Compiled modules are kept, whatever the machine prefers: interpreters start sooner, and tests start dozens of them.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test check bench schema docs clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(RUNTIME) ## Play one trading day of a small shop group, then serve its API (SOUVENIR_DEMO_EXIT=1 plays and exits)
	@$(BIN)/python -m souvenir demo

test: check ## Everything: style, types, import contracts, all tests
	$(BIN)/pytest -q -n $(WORKERS)

check: $(DEVELOPMENT) ## Style, types and import contracts only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(DEVELOPMENT) ## Measure the engine against its baselines
	$(BIN)/python tests/benchmarks/all.py

schema: $(DEVELOPMENT) ## Write the published GraphQL contract to graphql/
	$(BIN)/python -m souvenir.api.export

docs: $(DEVELOPMENT) ## Build the documentation site into site/
	$(BIN)/mkdocs build --strict

clean: ## Remove everything that can be made again: environment, caches, site, the demo's shop
	rm -rf $(VENV) site var/demo dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "souvenir needs Python 3.11 or newer; say which: make PYTHON=/path/to/python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@touch $@

$(RUNTIME): $(VENV)/.created pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[all]'
	@touch $@

$(DEVELOPMENT): $(RUNTIME) tests/browser/install.py
	$(BIN)/python -m pip install --quiet --group dev
	$(BIN)/python tests/browser/install.py
	@touch $@
