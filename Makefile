# Two commands do all the set-up on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test check bench captures recall inferred clean

demo: .stamps/all  ## install with all extras, audit a capture that ships, write the HTML report
	$(BIN)/iotaudit demo --out out/demo

test: .stamps/dev  ## run the tests
	$(BIN)/python -m pytest -n auto $(ARGS)

check: .stamps/dev  ## lint, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

captures: .stamps/dev  ## make the shipped captures and their expected audits again
	$(BIN)/python captures/make.py
	$(BIN)/python -m pytest -q tests/golden --golden-update

recall: .stamps/dev  ## measure what the detection finds of the labelled set, and write docs/data-types/recall.md
	$(BIN)/python tools/docs/build_recall.py

inferred: .stamps/dev  ## measure what the patterns make of invented closed talks, and write docs/data-types/inferred.md
	$(BIN)/python tools/docs/build_inferred.py

SIZE ?= 100M
bench: .stamps/dev  ## make a capture (SIZE=1G, SIZE=10G for more) and time whole audits of it, then the stages
	$(BIN)/python bench/run.py --size $(SIZE) $(ARGS)
	$(BIN)/python bench/stages.py --size $(SIZE)

clean:
	rm -rf $(VENV) .stamps out

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one with PYTHON=...")'
	$(PYTHON) -m venv $(VENV)

.stamps/all: $(BIN)/python pyproject.toml iotaudit/native/engine.c
	$(PIP) --editable '.[all]'
	$(BIN)/python -m compileall -q iotaudit
	@mkdir -p .stamps && touch $@

.stamps/dev: $(BIN)/python pyproject.toml iotaudit/native/engine.c
	$(PIP) --editable '.[dev]'
	$(BIN)/python -m compileall -q iotaudit
	@mkdir -p .stamps && touch $@
