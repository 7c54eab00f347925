# `make lab` opens the course, `make test` runs every test; both set up what they need in .venv first.
# A machine with Python 3.11 or newer and make is enough. Another Python: make lab PYTHON=python3.12

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
# In a terminal pip shows what it loads and how far it is; a log needs none of that.
QUIET  := $(if $(shell test -t 2 && echo terminal),,--quiet)
PIP    := $(BIN)/python -m pip install $(QUIET) --disable-pip-version-check -c constraints.txt

NBVAL  := --nbval --nbval-sanitize-with tests/nbval_sanitize.cfg --nbval-cell-timeout 300 -p no:cacheprovider

.PHONY: lab test test-package test-notebooks test-real test-platforms lint html clean

lab: $(VENV)/.lab
	@$(BIN)/python scripts/lab.py

test: test-package test-notebooks

# Tests of a file share what it sets up; those that run whole notebooks share nothing, and go to whoever is free.
WHOLE  := tests/notebooks/test_notebooks_solved.py

test-package: $(VENV)/.test
	$(BIN)/python -m pytest -n 2 --dist loadfile $(WHOLE:%=--ignore=%) tests
	$(BIN)/python -m pytest -n 2 --dist worksteal $(WHOLE)

# Each notebook must reproduce its committed outputs, with one BLAS thread and with the default.
test-notebooks: $(VENV)/.test
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 NNLAB_DATA= $(BIN)/python -m pytest -n 2 --dist loadfile $(NBVAL) notebooks
	NNLAB_DATA= $(BIN)/python -m pytest -n 2 --dist loadfile $(NBVAL) notebooks

# On real data the outputs differ from the committed ones, so this only checks that every cell of the lessons
# that ask for such data runs.
REAL   := from nnlab import datasets; print(*(f"-e load_{d.name}" for d in datasets.available()))
test-real: $(VENV)/.test
	NNLAB_DATA=$(abspath $(or $(NNLAB_DATA),../shared/data)) OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 \
	    $(BIN)/python -m pytest -n 2 --dist loadfile $(subst --nbval ,--nbval-lax ,$(NBVAL)) \
	    $$(grep -l $$($(BIN)/python -c '$(REAL)') notebooks/*.ipynb)

# Each in its own environment: the packages of Colab and of Kaggle, the lowest versions allowed, and the newest.
test-platforms: $(VENV)/.test
	$(BIN)/python scripts/platforms.py $(PLATFORMS)

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

# The notebooks as linked pages, which need no kernel to read.
html: $(VENV)/.site
	$(BIN)/python scripts/build_site.py

$(VENV)/.lab $(VENV)/.test $(VENV)/.dev $(VENV)/.site: $(VENV)/.%: pyproject.toml constraints.txt | $(VENV)/.python
	@echo "Installing what \"$*\" needs into $(VENV): about 2 GB on disk, some minutes the first time; Ctrl-C stops it, and make goes on from there."
	@$(PIP) -e ".[$*]"
	@touch $@

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "nnlab needs Python 3.11 or newer; $$($(PYTHON) --version) was found. Try: make lab PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	    { echo "Python could not make a virtual environment; on Debian and Ubuntu: sudo apt install python3-venv"; exit 1; }
	@touch $@

clean:
	rm -rf $(VENV) build dist site artifacts *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis
