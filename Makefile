# Second Gate. `make` without a target lists all targets.
#
#   make run PORT=9000                       another port
#   make run PYTHON=python3.13               another Python (3.11 or newer)
#   make test ARGS="-k login -x"             ARGS goes to pytest
#   make lock ARGS=--upgrade                 newest versions of everything

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

# What is older than its lock file is installed again by the next make.
RUNTIME := $(BIN)/second-gate
TESTING := $(VENV)/requirements-test.installed

# One more worker than cores, because the browser tests wait for the browser.
WORKERS ?= $(shell expr $$(nproc) + 1)

# One lock file for CPython 3.11 and newer, on every system.
COMPILE = $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
          --no-emit-index-url --custom-compile-command "make lock" $(ARGS)

# Tests start many programs, and without bytecode files each of them would compile everything again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run demo dev code test crash lint audit fmt lock words messages css screenshots clicks bench \
        bench-check fuzz soak wapiti mutants proxy guide apps clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: $(RUNTIME) ## Serve the site on http://127.0.0.1:8000
	@exec $(BIN)/python -m bin.serve prepare

demo: export MFA_INSTANCE_PATH ?= instance/demo
demo: $(RUNTIME) ## Serve an example company to try the site
	@exec $(BIN)/python -m bin.serve demo

dev: $(RUNTIME) ## Serve the same, reload what you change, print emails
	@$(BIN)/python -m bin.dev

code: $(RUNTIME) ## Print the code that a person of the demo needs: make code NAME=ada
	@$(BIN)/python -m bin.code "$(NAME)"

test: $(TESTING) ## Run all tests
	@bin/ensure-test-programs
	@$(BIN)/pytest --numprocesses $(WORKERS) --dist loadgroup --no-loadscope-reorder --ignore tests/crash $(ARGS)

crash: $(TESTING) ## Kill the site at every statement of each transaction (some minutes)
	@$(BIN)/pytest --numprocesses $(WORKERS) --dist worksteal tests/crash $(ARGS)

lint: $(TESTING) ## Check style, types, common mistakes and formatting
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/djlint --quiet --lint mfa_app/templates
	@$(BIN)/bandit --quiet --configfile pyproject.toml --recursive mfa_app

audit: $(TESTING) ## Check the locked packages for known vulnerabilities (needs the internet)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	@$(BIN)/pip-audit --requirement requirements.txt --disable-pip

fmt: $(TESTING) ## Format the code and fix what can be fixed automatically
	@$(BIN)/ruff check --fix --exit-zero --quiet
	@$(BIN)/ruff format

lock: $(BIN)/python ## Pin the dependencies of pyproject.toml, with hashes
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	@$(COMPILE) --output-file requirements.txt
	@$(COMPILE) --output-file requirements-test.txt --extra test --constraint requirements.txt

words: $(RUNTIME) ## Collect the common words with which passwords are judged
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check pyspellchecker==0.9.1
	@$(BIN)/python -m bin.common_words

messages: $(RUNTIME) ## Collect the sentences for translators
	@mkdir -p mfa_app/translations
	@$(BIN)/pybabel --quiet extract --mapping-file babel.cfg --output-file mfa_app/translations/messages.pot \
	    --keywords "_l _Plural:2,3 lazy_gettext lazy_ngettext:1,2 lazy_pgettext:1c,2" --project "Second Gate" mfa_app

css: $(TESTING) ## Take the part of Bootstrap that the pages use, and compress the static files
	@$(BIN)/python -m bin.trim_bootstrap
	@$(BIN)/python -m bin.compress_static

screenshots: $(TESTING) ## Take the README's screenshots again
	@$(BIN)/python -m bin.screenshots

clicks: $(TESTING) ## Count what administrators press and type for common tasks
	@$(BIN)/python -m bin.count_clicks

bench: $(TESTING) ## Measure the speed against what is possible here; ARGS="--help" lists the options
	@$(BIN)/python -m bench.run $(ARGS)

bench-check: $(TESTING) ## Measure it again: fails if anything is 20 % slower than in bench/results.json
	@$(BIN)/python -m bench.check $(ARGS)

mutants: $(TESTING) ## Remove each protection once: its test must fail; options: ONLY=16.4.2 JOBS=1
	@$(BIN)/python -m stress.mutants

fuzz: $(TESTING) ## Send 100,000 malformed requests; options: REQUESTS=1000 SEED=1
	@$(BIN)/python -m stress.fuzz

soak: $(TESTING) ## Log in for ten minutes while workers are killed; options: MINUTES=1 DATABASE=postgresql
	@$(BIN)/python -m stress.soak

wapiti: $(TESTING) ## Attack the demo with the scanner Wapiti; options: CRAWL=120 SECONDS=60
	@$(BIN)/python -m stress.wapiti

proxy: $(TESTING) ## Test docs/deploy/nginx.conf in a real nginx on the loopback
	@$(BIN)/python -m stress.proxy

guide: $(TESTING) ## Run the README's and the guide's commands on a new Debian (as root)
	@$(BIN)/python -m stress.guide

apps: $(TESTING) ## Let other people's programs read our QR codes, and write docs/apps.md (needs the internet)
	@$(BIN)/python -m stress.apps

clean: ## Remove everything that make created, except instance/
	@rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/%.installed: %.txt | $(BIN)/python
	@echo "Installing $< into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# The program is an entry point of this folder's code. What builds it is pinned, so pip fetches nothing here.
$(RUNTIME): pyproject.toml $(VENV)/requirements.installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	    { echo "Second Gate needs Python 3.11 or newer. Choose one: make PYTHON=python3.13 ..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	    { echo "This Python cannot create virtual environments. On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV)
