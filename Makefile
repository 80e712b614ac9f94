# `make` lists the targets. Nothing is installed twice: the stamps in .venv are renewed when pyproject.toml changes.
#
#   PYTHON=…   the interpreter to build .venv with (3.11 or 3.12; found by itself when left out)
#   ONCE=1     `make demo` ends by itself, with a non-zero code if a boundary is missing or more than 1 s off
#   TESTS=…    what `make test` runs, for example TESTS=tests/logic
#   JOBS=…     how many tests run at a time; one more than the cores when left out, for many wait for a live feed

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV ?= .venv
BIN := $(VENV)/bin
JOBS ?= $(shell echo $$(($$(nproc 2>/dev/null || echo 2) + 1)))
TESTS ?= tests
PAGE := streamproc/web/page
PAGE_BUILT := streamproc/web/static/built/page.js
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help demo setup setup-dev page lint test check bench models clean distclean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: setup  ## a broadcast sent live over RTMP, its segments and clips on a page; ONCE=1 ends by itself
	@$(BIN)/streamproc demo $(if $(ONCE),--once)

setup: $(VENV)/.stamp-run $(PAGE_BUILT)  ## .venv with what the daemon needs
	@true

setup-dev: $(VENV)/.stamp-dev $(PAGE_BUILT)  ## .venv with what the tests and the training need, too (about 3 GB)
	@true

page: $(PAGE_BUILT)  ## the web page, built from streamproc/web/page
	@true

lint: setup-dev  ## format, style, types and the import rule
	cd $(PAGE) && PATH="$(abspath $(BIN)):$$PATH" npm run --silent check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: setup-dev  ## every test; those that need a program which is not installed are skipped and say so
	$(BIN)/python -m pytest -n $(JOBS) --dist loadscope --no-loadscope-reorder $(TESTS)

check: lint test  ## lint and test: what must hold before a change lands

bench: setup-dev  ## accuracy, cost and memory, into benchmarks/results (takes a while)
	$(BIN)/python -m benchmarks

# What benchmarks compose broadcasts from is never learnt over.
TEST_FILMS = $(wildcard $(addprefix $(DATA)/footage/,big_buck_bunny_720p.ts kohlipe2.mp4 lofoten.mp4 palawan.mp4))
ADVERTS = $(sort $(wildcard $(DATA)/adverts/*.mp4))
MEASURED_OVER ?= $(DATA)/images/kodak24 $(TEST_FILMS) $(shell printf '%s\n' $(ADVERTS) | sed -n 'n;p')
LEARNT_OVER ?= $(DATA)/images/bsds500_jpeg \
	$(filter-out $(MEASURED_OVER),$(wildcard $(DATA)/footage/*) $(ADVERTS))

# Pictures painted by G'MIC (apt-get install gmic) are kept: painting them takes half an hour.
PAINTED ?= .painted

models: setup-dev  ## train the models that the project brings along anew (DATA=… as docs/models.md says)
	$(BIN)/python -m streamproc.demo.model
ifdef DATA
	$(BIN)/python -m streamproc.training.verifier --data $(DATA)/logos --footage $(LEARNT_OVER) --held-out $(MEASURED_OVER)
	$(BIN)/python -m streamproc.training.detector --data $(DATA)/logos --marked spoof_ \
		$(addprefix --footage ,$(LEARNT_OVER) $(MEASURED_OVER)) $(addprefix --measured ,$(basename $(notdir $(TEST_FILMS))))
	$(BIN)/streamproc forensics train diffusion --data $(DATA) --work $(PAINTED) --out models/diffusion
	$(BIN)/streamproc forensics train residual --data $(DATA) --work $(PAINTED) --out models/residual
	$(BIN)/streamproc forensics train unet --data $(DATA) --work $(PAINTED) --out models/unet
	$(BIN)/streamproc forensics train gated --data $(DATA) --work $(PAINTED) --out models/gated
else
	@echo "all but models/demo stay as they are: they need DATA=FOLDER, see docs/models.md"
endif

clean:  ## remove caches and the demo's files
	rm -rf .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

distclean: clean  ## remove .venv as well
	rm -rf $(VENV) *.egg-info

$(BIN)/python:
	@python="$$(deploy/find-python.sh $(PYTHON))"; \
	echo "Making $(VENV) with $$python"; \
	"$$python" -m venv $(VENV)

$(VENV)/.stamp-run: pyproject.toml | $(BIN)/python
	@echo "Installing streamproc into $(VENV) (about 1 GB, the first time only)"
	@$(PIP) install --editable '.[page]'
	@touch $@

$(VENV)/.stamp-dev: pyproject.toml | $(BIN)/python
	@echo "Installing streamproc, its tests and its training into $(VENV) (about 3 GB, the first time only)"
	@$(PIP) install --editable '.[dev,train]'
	@touch $@ $(VENV)/.stamp-run

$(PAGE_BUILT): $(shell find $(PAGE)/src -type f ! -name api.gen.ts) $(addprefix $(PAGE)/,package-lock.json tsconfig.json build.mjs) \
		$(wildcard streamproc/web/*.py) deploy/build-page.sh | $(VENV)/.stamp-run
	@deploy/build-page.sh $(BIN)
	@touch $@
