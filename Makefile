# Every target sets up what it needs: the environment in .venv, from pyproject.toml, and the JavaScript libraries in
# src/obmen/assets/vendor, from web/package-lock.json. Stamps keep a second call from doing it again.
#
#   make up      start Obmen with a demo company (DATA=data HOST=127.0.0.1 PORT=8080); Ctrl-C stops it
#   make test    run the tests (ARGS="-k name" is passed on to pytest)
#   make check   all that must pass before a change is accepted: lint, tests, a short benchmark
#   make fuzz    send drawn and hostile requests (REQUESTS=10000 of each)
#   make bench   run the benchmarks (ARGS="R1 R3" is passed on)
#   make soak    ten minutes of hostile load beside a client that must be answered rightly (SOAK_S=seconds)
#   make lint    check style, types and imports           make fix    repair what can be repaired
#   make docs    write docs/reference from the code       make build  build the wheel into dist/
#   make lock    choose the versions that are installed   make audit  look for known faults in them
#   make sbom    list what is installed (CycloneDX) in dist/sbom.json
#   make clean   remove what was made, but not the data

DATA = data
HOST =
PORT =
ARGS =
SOAK_S = 600
REQUESTS = 10000

BIN = .venv/bin
PYTHON = $(shell for python in python3.11 python3; do $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	2>/dev/null && echo $$python && break; done)
LOCK = requirements.lock
SOURCES_OF_ENVIRONMENT = pyproject.toml $(LOCK) hatch_build.py $(wildcard web/*.js* web/sandbox/*.js)
ASSETS = src/obmen/assets/vendor/.stamp

MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help up test check fuzz bench soak lint fix docs build lock audit sbom clean

help:
	@sed -n 's/^#   //p' Makefile

up: .venv/runs $(ASSETS)
	@exec $(BIN)/obmen serve --demo --data "$(DATA)" $(if $(HOST),--host "$(HOST)") $(if $(PORT),--port "$(PORT)")

test: .venv/develops $(ASSETS)
	$(BIN)/pytest $(ARGS)

# The tests are run by the command that README.md tells, which proves it.
check: lint
	@command=$$(grep -m 1 -o '^make test' README.md) || { echo "README.md does not say how to run the tests." >&2; exit 1; }; \
	echo "README.md says: $$command"; $$command
	@BENCH_SHORT=1 $(MAKE) bench

fuzz: .venv/develops $(ASSETS)
	OBMEN_FUZZ_REQUESTS=$(REQUESTS) $(BIN)/pytest tests/contracts/test_fuzzing.py tests/contracts/test_hostile_input.py $(ARGS)

bench: .venv/develops $(ASSETS)
	$(BIN)/python -m bench $(ARGS)

soak: .venv/develops $(ASSETS)
	SOAK_S="$(SOAK_S)" $(BIN)/pytest -s tests/chaos/test_soak.py

lint: .venv/develops
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: .venv/develops
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: .venv/develops
	$(BIN)/python docs/build.py

build: .venv/bin/pip
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist .
	@ls dist/*.whl

lock: .venv/audits
	$(BIN)/uv pip compile --quiet --universal --upgrade --no-emit-index-url --custom-compile-command 'make lock' --output-file $(LOCK) pyproject.toml

# A package that the advisory service does not know fails too: what was not checked is not called safe.
audit: .venv/audits
	$(BIN)/pip-audit --strict --no-deps --disable-pip --requirement $(LOCK)

sbom: .venv/audits
	@mkdir -p dist
	$(BIN)/cyclonedx-py requirements $(LOCK) --pyproject pyproject.toml --output-reproducible --of JSON --output-file dist/sbom.json

clean:
	rm -rf .venv dist build web/node_modules web/dist src/obmen/assets/vendor
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests bench docs -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

.venv/bin/pip:
	@test -n "$(PYTHON)" || { echo "Obmen needs Python 3.11 or newer: no python3.11 or python3 of that age was found." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make environments. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/runs: $(SOURCES_OF_ENVIRONMENT) | .venv/bin/pip
	$(BIN)/pip install --quiet --constraint $(LOCK) --editable .
	@touch $@

.venv/develops: $(SOURCES_OF_ENVIRONMENT) | .venv/bin/pip
	$(BIN)/pip install --quiet --constraint $(LOCK) --editable '.[dev,bench]'
	@touch $@ .venv/runs

.venv/audits: pyproject.toml | .venv/bin/pip
	$(BIN)/pip install --quiet --editable '.[audit]'
	@touch $@

# Installing fills the folder; where somebody emptied it since, installing once more fills it again.
$(ASSETS): | .venv/runs
	$(BIN)/pip install --quiet --no-deps --editable .
