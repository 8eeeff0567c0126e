# Everything a contributor runs. `make` alone lists it.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin
PIP := $(RUN)/python -m pip --disable-pip-version-check --quiet
WEB := graphql_api/web/index.html
INSTALL_SELF := $(PIP) install --no-build-isolation --no-deps --editable .

.DEFAULT_GOAL := help
.PHONY: help run test check format bench lock audit clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/runtime $(WEB)  ## serve the API at http://127.0.0.1:8000, on an embedded Cassandra unless one is configured
	@exec $(RUN)/partyfinder serve

test: $(VENV)/dev  ## run all tests on a real Cassandra that the run starts itself
	@exec $(RUN)/python -m pytest $(ARGS)

check: $(VENV)/dev  ## lint, types, layering, and schema.graphql against the code and the contract
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/python -m pytest -q tests/test_layering.py tests/schema/test_sdl.py \
	  tests/schema/test_breaking_changes.py

format: $(VENV)/dev  ## format and fix what can be fixed
	$(RUN)/ruff check --fix-only .
	$(RUN)/ruff format .

bench: $(VENV)/dev  ## requests a second beside three other servers, five minutes; ARGS="--help" for more
	@exec $(RUN)/python -m bench $(ARGS)

lock: $(VENV)/dev  ## resolve the dependencies anew
	$(RUN)/uv pip compile pyproject.toml --group build --output-file requirements/runtime.txt $(LOCK_OPTIONS)
	$(RUN)/uv pip compile pyproject.toml --group build --group dev --output-file requirements/dev.txt $(LOCK_OPTIONS)
LOCK_OPTIONS := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --custom-compile-command "make lock"

audit: $(VENV)/dev  ## report known vulnerabilities of the locked packages (asks the advisory database)
	$(RUN)/uv tool run pip-audit@$(PIP_AUDIT) --require-hashes --disable-pip --requirement requirements/dev.txt
PIP_AUDIT := 2.9.0

clean:  ## remove what was built, the virtual environment, and the embedded Cassandra with its data
	rm -rf $(VENV) .partyfinder graphql_api/web web/node_modules web/build.log

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null || { \
	  echo "Partyfinder needs Python 3.11, 3.12 or 3.13; '$(PYTHON)' is $$($(PYTHON) -V 2>&1). Try: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) -V) …"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/runtime: requirements/runtime.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing the locked packages …"
	@$(PIP) install --require-hashes --requirement requirements/runtime.txt
	@$(INSTALL_SELF)
	@touch $@

$(VENV)/dev: requirements/dev.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing the locked packages, with those for development …"
	@$(PIP) install --require-hashes --requirement requirements/dev.txt
	@$(INSTALL_SELF)
	@touch $(VENV)/runtime $@

# The web client and GraphiQL, made anew when something of theirs changed. The server does without.
$(WEB): schema.graphql $(shell find web -name node_modules -prune -o -name generated -prune -o -name build.log -prune -o -type f -print)
	@web/build.sh || true
