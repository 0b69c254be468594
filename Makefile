# `make demo` shows the doctor at work, `make test` checks everything; both set up .venv first.

PYTHON ?= python3
BIN := .venv/bin

# Real digits for the tests, where they lie beside the checkout.
DATA := $(abspath $(wildcard ../shared/data))
ifneq ($(DATA),)
export GAN_DOCTOR_DATA ?= $(DATA)
endif

.PHONY: demo test lint docs install clean

demo: .venv/.installed
	$(BIN)/gan-doctor demo --exists overwrite

test: lint
	$(BIN)/pytest -n 2

lint: .venv/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The same build that the tests make; read build/docs/index.html.
docs: .venv/.installed-docs
	$(BIN)/python -m sphinx -W --keep-going -q -b html -d build/doctrees docs build/docs

install: .venv/.installed

clean:
	rm -rf .venv build dist demo .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(BIN)/pip:
	$(PYTHON) -m venv .venv

# Stamps: install again only when what is to be installed has changed.
.venv/.installed: pyproject.toml constraints.txt | $(BIN)/pip
	$(BIN)/pip install -c constraints.txt -e .
	touch $@

.venv/.installed-test: pyproject.toml constraints.txt | $(BIN)/pip
	$(BIN)/pip install -c constraints.txt -e ".[test]"
	touch .venv/.installed $@

.venv/.installed-docs: pyproject.toml constraints.txt | $(BIN)/pip
	$(BIN)/pip install -c constraints.txt -e ".[docs]"
	touch .venv/.installed $@
