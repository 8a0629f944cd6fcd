# make demo: set up and run the main job on the sample store.   make test: set up and test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TEST_PROCESSES ?= 3
STAMP := $(VENV)/.installed

.PHONY: demo test lint ui clean

demo: $(STAMP)
	$(BIN)/augcon run --yes
	$(BIN)/augcon export export/chat --format chat
	@echo
	@echo "One row, traced back to its source:"
	@$(BIN)/augcon explain "$$($(BIN)/python -m augcon_assets.cli.first_row)"
	@echo
	@echo "The dataset:       export/chat/train.jsonl"
	@echo "Try next:          edit a file under documents/ and run: $(BIN)/augcon plan"
	@echo "See the lineage:   $(BIN)/augcon ui   and open http://127.0.0.1:3000/asset-groups"

test: $(STAMP)
	$(BIN)/python -m pytest --numprocesses $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

ui: $(STAMP)
	$(BIN)/augcon ui

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "augcon needs Python 3.11 or newer; try: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --prefer-binary --constraint constraints.txt --editable '.[dev]'
	@touch $(STAMP)

clean:
	rm -rf state export dagster_home/[!d]* dagster_home/.[!.]*
