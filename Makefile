# Everything a person or CI does here. `make` alone lists it.
#
# Plain python3 (3.11 to 3.13) and make are enough: every target first makes the environment it
# needs, and makes it again when the files under requirements/ change.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.SUFFIXES:

VENV := .venv
BIN := $(VENV)/bin
# The pins are complete, so they are installed without looking for what they need: an old pip would
# find newer versions for a requirement with an extra, and then refuse them.
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# The first of these that is new enough makes the environment; PYTHON=... names another.
PYTHON ?= python3 python3.13 python3.12 python3.11
NEW_ENOUGH := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))

# How many tests run side by side.
WORKERS ?= 2

PACKAGES := schemas detectors actions streams andon
SOURCES := $(PACKAGES) tests $(wildcard docs/*.py) $(wildcard benchmarks/*.py)

# --- the environment ---------------------------------------------------------------------------

BASE := $(VENV)/.base
DEV := $(VENV)/.dev
BENCH := $(VENV)/.bench

$(BIN)/python:
	@found=; for python in $(PYTHON); do \
		if command -v "$$python" >/dev/null 2>&1 && "$$python" -c '$(NEW_ENOUGH)'; \
		then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "Andon needs Python 3.11, 3.12 or 3.13; tried: $(PYTHON)." >&2; \
		echo "Install one, or name it: make PYTHON=/path/to/python3.12" >&2; exit 1; \
	fi; \
	if ! "$$found" -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "$$found cannot make environments: it lacks the modules venv and ensurepip." >&2; \
		echo "On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$found" --version)"; \
	"$$found" -m venv $(VENV)

$(BASE): requirements/base.txt pyproject.toml | $(BIN)/python
	@echo "Installing what Andon needs to run (requirements/base.txt)"
	@$(PIP) install --no-deps --require-hashes -r requirements/base.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): requirements/dev.txt $(BASE)
	@echo "Installing what its developers need (requirements/dev.txt)"
	@$(PIP) install --no-deps --require-hashes -r requirements/dev.txt
	@touch $@

$(BENCH): requirements/bench.txt $(BASE)
	@echo "Installing what the benchmarks compare with (requirements/bench.txt)"
	@$(PIP) install --no-deps --require-hashes -r requirements/bench.txt
	@touch $@

.PHONY: .venv
.venv: $(DEV) ## make the environment for developing Andon

# --- using it ----------------------------------------------------------------------------------

.PHONY: demo
demo: $(BASE) ## one minute of a shop going wrong and being put right; needs no services
	@$(BIN)/andon demo

.PHONY: up
up: .secrets/ledger-url ## run Andon on Kafka and PostgreSQL in containers: http://127.0.0.1:8080
	docker compose up --build

# Whoever may enter the folder may read them; containers need not be its owner.
.secrets/ledger-password:
	@mkdir -p -m 700 .secrets
	@od -An -N24 -tx1 /dev/urandom | tr -d ' \n' > $@
	@chmod 644 $@

.secrets/ledger-url: .secrets/ledger-password
	@printf 'postgresql://andon:%s@postgres/andon' "$$(cat $<)" > $@
	@chmod 644 $@

.PHONY: kafka
kafka: $(DEV) ## run Apache Kafka on 127.0.0.1:9092 without Docker; needs Java 17 and Maven
	@$(BIN)/python -c "from streams.testing_kafka_serving import serve; serve()"

# --- proving it --------------------------------------------------------------------------------

.PHONY: test
test: $(DEV) ## all tests
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

.PHONY: check
check: lint types imports playbook coverage ## what CI runs: lint, types, imports, playbook, tests

.PHONY: lint
lint: $(DEV) ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: types
types: $(DEV) ## mypy --strict over the packages and the tests
	$(BIN)/mypy $(SOURCES)

.PHONY: imports
imports: $(DEV) ## import-linter: who may import whom
	$(BIN)/lint-imports --no-logo

.PHONY: playbook
playbook: $(BASE) ## the playbook that ships with Andon has no mistakes
	$(BIN)/andon playbook check

.PHONY: coverage
coverage: $(DEV) ## all tests; every branch of the pure core must have been taken
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --cov --cov-report=
	$(BIN)/coverage report --include='detectors/*,schemas/*' --omit='*/testing/*' --fail-under=100

BENCHMARKS := replay groups live memory snapshots kit_table faults olist evidence_table blame repairs curves decisions live_kafka capacity

.PHONY: bench
bench: $(BENCH) $(DEV) ## measure speed, memory and what is seen; takes half an hour (docs/benchmarks.md)
	@for name in $(BENCHMARKS); do \
		echo "# $$name"; $(BIN)/python -m benchmarks.$$name || exit 1; \
	done

# How often `make chaos` kills: the relay, on each database; and live workers, in all.
KILLS ?= 1000
# How many seconds what is taken away stays away.
OUTAGE ?= 30

.PHONY: chaos
chaos: $(DEV) ## kill and take away everything, over and over; takes hours (docs/reliability.md)
	ANDON_KILLS=$(KILLS) $(BIN)/python -m pytest -n0 -s -q tests/actions/test_chaos.py
	ANDON_CHAOS=1 ANDON_CHAOS_KILLS=$(KILLS) ANDON_CHAOS_OUTAGE=$(OUTAGE) \
		$(BIN)/python -m pytest -n0 -s -q tests/live/test_chaos.py

.PHONY: practices
practices: $(DEV) ## which tests prove which row of docs/practices.md
	@$(BIN)/python docs/practices_report.py

.PHONY: format
format: $(DEV) ## let ruff format and mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# --- keeping it --------------------------------------------------------------------------------

# No addresses in the files: they must serve whatever package index a machine uses.
COMPILE = $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links \
	--custom-compile-command "make lock" $(UPGRADE)

.PHONY: lock
lock: $(DEV) ## pin requirements/*.txt anew from pyproject.toml; UPGRADE=--upgrade takes the newest
	$(COMPILE) --extra kafka --extra otel --extra postgres --extra testing --group dev --output-file requirements/dev.txt
	$(COMPILE) --group build --constraint requirements/dev.txt --output-file requirements/base.txt
	$(COMPILE) --group bench --constraint requirements/dev.txt --output-file requirements/bench.txt
	$(COMPILE) --extra kafka --extra otel --extra postgres --group build --constraint requirements/dev.txt --output-file requirements/image.txt
	$(BIN)/python docs/dependencies_table.py --write

.PHONY: golden
golden: $(DEV) ## write the published JSON Schemas anew from the types
	$(BIN)/python -c "from schemas.jsonschema import write_golden; write_golden()"
	$(BIN)/python -c "from actions.playbook import schema_text; print(schema_text(), end='')" \
		> actions/playbook.schema.json

.PHONY: clean
clean: ## remove the environment, builds and caches
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find $(PACKAGES) tests docs benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help: ## list these commands
	@grep -hE '^[.a-z]+:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/:.*## /\t/' \
		| while IFS="$$(printf '\t')" read -r name what; do \
			printf '  make %-10s %s\n' "$$name" "$$what"; done
