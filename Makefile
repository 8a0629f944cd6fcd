# make demo: set up and run the main job on the sample store.   make test: set up and test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TEST_PROCESSES ?= 3
STAMP := $(VENV)/.installed

.PHONY: demo test lint ui pins clean

demo: $(STAMP)
	$(BIN)/augcon run --yes
	$(BIN)/augcon export export/chat --format chat
	@echo
	@echo "One row, traced back to its source:"
	@$(BIN)/augcon explain "$$($(BIN)/python -m augcon_assets.cli.first_row)"
	@echo
	@echo "The dataset:       export/chat/train.jsonl"
	@echo "Try next:          edit a file under documents/ and run: $(BIN)/augcon plan"
	@echo "See the lineage:   $(BIN)/augcon ui   and open the address that it prints"

test: $(STAMP)
	$(BIN)/python -m pytest --numprocesses $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

ui: $(STAMP)
	$(BIN)/augcon ui

# The pins are complete, so nothing is looked for; every file that pip fetches is checked against
# its hashes, and what has no wheel is built with the setuptools that was checked first.
PIP := $(BIN)/python -m pip install --quiet --no-deps

$(STAMP): pyproject.toml constraints.txt constraints-build.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "augcon needs Python 3.11 or newer; try: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes --requirement constraints-build.txt
	$(PIP) --require-hashes --no-build-isolation --requirement constraints.txt
	$(PIP) --no-build-isolation --editable .
	@touch $(STAMP)

# Write the pins with the hashes of all their files: `make pins` after a change of pyproject.toml,
# `make pins UPGRADE=--upgrade` to move to the newest versions.
UPGRADE ?=
COMPILE := .pins/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --custom-compile-command "make pins" $(UPGRADE)

pins:
	$(PYTHON) -m venv .pins
	.pins/bin/python -m pip install --quiet uv==0.13.9
	$(COMPILE) pyproject.toml --extra dev --output-file constraints.txt
	echo 'setuptools>=77' | $(COMPILE) - --constraint constraints.txt --output-file constraints-build.txt

clean:
	rm -rf state export dagster_home/[!d]* dagster_home/.[!.]*
