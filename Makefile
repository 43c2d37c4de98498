# One vocabulary for people and for continuous integration. Every target sets up what it needs, once: a second run is
# instant. Needs git, make, g++, python3-dev and python3-venv (Python 3.11 or newer); what is missing is named.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
RUN := .venv/.installed-run
DEV := .venv/.installed-dev
WEB := $(wildcard api/ui/web/package.json)
WEB_SOURCES := $(if $(WEB),$(shell find api/ui/web -name node_modules -prune -o -type f -print))
DIST := $(if $(WEB),api/ui/dist/.built)
NATIVE := setup.py $(shell find exchange matching custody securitization api benchmarks -name '*.pyx' -o -name '*.pxd' -o -name '*.hpp')
COMPILED := .venv/.compiled

JOBS ?= 2
TESTS ?= tests
NAME ?= --list
ARGS ?=
export PYTHONUTF8 := 1

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | while IFS=$$'\t' read -r name text; do \
		printf '  make %-14s %s\n' "$$name" "$$text"; done

.PHONY: run
run: $(RUN) $(COMPILED) $(DIST) ## set up, tell the whole story on real patents, then serve on 127.0.0.1:8000
	@exec $(BIN)/exchange story --serve $(ARGS)

.PHONY: build
build: $(RUN) $(COMPILED) $(DIST) ## set up only what running needs

.PHONY: test
test: $(DEV) $(COMPILED) $(DIST) chromium ## set up, then every test; POSTGRES=own NATS=own starts these servers itself
	@$(BIN)/python -m pytest -n $(JOBS) -m "not soak" $(TESTS) $(ARGS)

.PHONY: test-services
test-services: $(DEV) $(COMPILED) $(DIST) ## only the tests that use PostgreSQL or NATS
	@$(BIN)/python -m pytest -n $(JOBS) -m "services and not soak" $(TESTS) $(ARGS)

.PHONY: soak
soak: $(DEV) $(COMPILED) $(DIST) ## the tests that are longer than continuous integration has time for
	@$(BIN)/python -m pytest -m soak --timeout 0 --hypothesis-profile soak $(TESTS) $(ARGS)

.PHONY: check
check: $(DEV) ## ruff, mypy, pyright, import contracts, spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports --no-cache
	git ls-files -z | xargs -0 $(BIN)/codespell

.PHONY: docs
docs: $(DEV) ## build the documentation into site/
	@$(BIN)/mkdocs build --strict --quiet
	@echo "open site/index.html"

.PHONY: bench
bench: $(DEV) $(COMPILED) ## list the benchmarks, or run one: make bench NAME=engine ARGS=--quick
	@$(BIN)/python -m benchmarks $(NAME) $(ARGS)

.PHONY: hooks
hooks: $(DEV) ## run pre-commit before each commit from now on
	@$(BIN)/pre-commit install

.PHONY: lock
lock: $(DEV) ## write the lock files again; ARGS=--upgrade takes the newest versions
	@scripts/lock.sh $(ARGS)

.PHONY: clean
clean: ## remove all that make made; an exchange's data in var/ stays
	rm -rf .venv build dist site *.egg-info api/ui/dist api/ui/web/node_modules
	find exchange matching custody securitization api benchmarks -name '*.so' -delete
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

.PHONY: chromium
chromium:
	@scripts/chromium.sh

$(RUN): requirements.txt pyproject.toml scripts/setup.sh
	@scripts/setup.sh run

$(DEV): requirements-dev.txt pyproject.toml scripts/setup.sh
	@scripts/setup.sh dev

$(COMPILED): $(NATIVE) | $(RUN)
	@scripts/compile.sh

api/ui/dist/.built: $(WEB_SOURCES) scripts/web.sh | $(RUN)
	@scripts/web.sh
