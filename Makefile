# Each target sets up what it needs: `make demo` and `make test` work on a fresh machine with git, make and
# Python 3.11 to 3.13.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# One thread for each of the processes that share the machine; also part of what "identical" means.
export OMP_NUM_THREADS ?= 1
# torch comes as a small CPU build: from a folder of wheels where pip has been told of one, and from
# torch's own index otherwise.
ifdef PIP_FIND_LINKS
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
TORCH :=
else
TORCH := --torch-backend=cpu
endif

.PHONY: help setup demo test test-slow peers bench bench-small cells ablation lint format ui lock clean
.DEFAULT_GOAL := help

help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: .venv/installed ## .venv with the pinned stack and this package

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v[:2] <= (3, 13) else f"Python 3.11 to 3.13 is needed, not {v[0]}.{v[1]}; name one: make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m uv --version >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet uv
	$(BIN)/python -m uv pip install --quiet --python $(BIN)/python $(TORCH) -r requirements.lock
	$(BIN)/python -m uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	touch $@

demo: setup ## the whole pipeline on the embedded corpora, to four champions
	$(BIN)/dvc remote add --quiet --force --local --default beside ../$(notdir $(CURDIR)).dvc-remote
	$(BIN)/nlp-rnn run
	$(BIN)/dvc push --quiet
	@echo
	$(BIN)/nlp-rnn scores
	@echo
	$(BIN)/nlp-rnn predict models:/ner-en@champion "Ines Okafor left Siemens for a bank in Porto."
	$(BIN)/nlp-rnn predict data/models/ner-zh "王小明昨天从杭州飞往首尔，拜访三星电子。"
	$(BIN)/nlp-rnn predict data/models/sentiment-en "The room was small, but I would come back tomorrow."
	$(BIN)/nlp-rnn predict models:/sentiment-zh@champion "房间小了点，不过早餐真不错，下次还来。"

test: setup ## the ordinary test suite
	$(BIN)/python -m pytest -q -n 2 --dist loadgroup -m "not slow"

test-slow: setup ## the longer tests: real data, a schedule that fires every minute
	$(BIN)/python -m pytest -q -m slow

# The peers' packages clash with ours, so they have an environment of their own. SMALL=1 is `make bench-small`.
.venv-peers/installed: benchmarks/requirements.txt .venv/installed
	test -x .venv-peers/bin/python || $(PYTHON) -m venv .venv-peers
	$(BIN)/python -m uv pip install --quiet --python .venv-peers/bin/python $(TORCH) -r benchmarks/requirements.txt
	touch $@

peers: .venv-peers/installed ## their environment, for the commands in benchmarks/README.md

ENGINE_SMALL := --pairs 1 --corpora 500 5000 --out benchmarks/results/small

bench: setup .venv-peers/installed ## this project and its peers on the four public sets, side by side, and the training engine: two hours
	$(BIN)/python -m benchmarks.run $(if $(SMALL),--small)
	$(BIN)/python -m benchmarks.engine $(if $(SMALL),$(ENGINE_SMALL))

bench-small: ## the same on small parts of the sets
	$(MAKE) bench SMALL=1

cells: setup ## the study behind docs/cells.md: every cell on the four public sets
	$(BIN)/python -m benchmarks.cells $(if $(SMALL),--small)

ablation: setup ## the study behind docs/ablation.md: each recipe with one thing changed
	$(BIN)/python -m benchmarks.ablation

lint: setup ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup ## rewrites the code as lint wants it
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

ui: setup ## MLflow on http://127.0.0.1:5000
	$(BIN)/mlflow server --host 127.0.0.1 --port 5000 \
	  --backend-store-uri sqlite:///mlruns/mlflow.db --default-artifact-root mlruns/artifacts

lock: ## compiles requirements.lock anew, for every Python that is supported
	$(BIN)/python -m uv pip compile -q --universal --python-version 3.11 --no-header --no-annotate \
	  --all-extras pyproject.toml | grep -vE '^(nvidia-|cuda-|triton)' | sed -E 's/^(torch==[0-9.]+)\+cpu/\1/' \
	  > requirements.lock.new
	mv requirements.lock.new requirements.lock

clean: ## removes what can be made again, but no data, model or run
	rm -rf build .mypy_cache .pytest_cache .ruff_cache *.egg-info
