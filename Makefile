# Everything a newcomer needs; works on a fresh clone with Python >= 3.11 and make.
#
#   make run            install into .venv and audit the embedded cluster (make run ARGS=--once ends by itself)
#   make test           formatting, lint, types, the default tests
#   make test-cluster   the tests against a real kube-apiserver (needs Go; the first build takes some minutes)
#   make test-faults    every fault at every request of a run, on that server (takes half an hour)
#   make test-opa       many random policies beside the real OPA (needs Go; takes a quarter of an hour)
#   make bench          what reviews, runs and audits cost, beside gator where there is Go (make bench ARGS="--help")
#   make readme         write the flags table into README.md again
#   make clean          remove what these targets made

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

export PIP_DISABLE_PIP_VERSION_CHECK = 1
# The tests start Python some hundred times, and what is compiled once is compiled once.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test test-cluster test-faults test-opa bench readme clean
.DELETE_ON_ERROR:

help:
	@sed -n 's/^#   //p' Makefile

run: $(VENV)/.installed
	$(BIN)/patrol demo $(ARGS)

test: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow" $(ARGS)

test-cluster: $(VENV)/.installed-dev
	$(BIN)/python tests/cluster/build.py
	$(BIN)/python tests/cluster/build.py kubectl
	$(BIN)/python tests/cluster/build.py helm
	$(BIN)/python tests/cluster/build.py daprd
	$(BIN)/python -m pytest tests/cluster -m cluster $(ARGS)

test-faults: $(VENV)/.installed-dev
	$(BIN)/python tests/cluster/build.py
	$(BIN)/python tests/cluster/build.py kubectl
	PYTHONPATH=tests $(BIN)/python -m cluster $(ARGS)

test-opa: $(VENV)/.installed-dev
	$(BIN)/python tests/peers/build.py opa
	$(BIN)/python -m pytest tests/differential -m slow $(ARGS)

bench: $(VENV)/.installed
	PYTHONPATH=tests $(BIN)/python -m benchmarks $(ARGS)

readme: $(VENV)/.installed
	$(BIN)/python -m audit.settings.usage README.md

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

# A stamp is newer than pyproject.toml when what it declares is installed; sources are installed as links.
$(VENV)/.installed: pyproject.toml | $(BIN)/python
	@echo 'Installing kube-patrol into $(VENV)'
	@$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	@echo 'Installing kube-patrol and what its tests need into $(VENV)'
	@$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@ $(VENV)/.installed

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "kube-patrol needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
