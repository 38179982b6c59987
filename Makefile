# Two commands do all the set-up a newcomer needs: `make demo` and `make test`. CI calls `make test` and nothing else.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint fix slow lab bench speed docs lock clean

.venv/.ready: pyproject.toml requirements-dev.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $@

demo: .venv/.ready  ## identify the example captures, show the table, write demo-report.html
	$(BIN)/scangait identify examples/captures/*.pcap.gz --report demo-report.html

lint: .venv/.ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

test: lint  ## lint, types, floors and every test that needs no root and no minutes
	$(BIN)/pytest -n 2

fix: .venv/.ready
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

slow: .venv/.ready  ## the long statistical and fuzzing tests
	$(BIN)/pytest -m slow

lab: .venv/.ready  ## needs root and the real scanners; packets stay inside namespaces it makes itself
	$(BIN)/pytest -m root

# The peers live in an environment of their own; POMEGRANATE=1 adds the one that needs torch.
.venv-bench/.ready: benchmarks/requirements.txt benchmarks/requirements-pomegranate.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt
	$(if $(POMEGRANATE),.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check \
	  -r benchmarks/requirements-pomegranate.txt)
	touch $@

bench: .venv-bench/.ready  ## every benchmark beside its peers; writes the tables of docs/performance.md
	PYTHONPATH=src:. OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 .venv-bench/bin/python -m benchmarks.run $(ONLY)

speed: .venv-bench/.ready  ## our own speeds against those that were saved before, by pytest-benchmark
	PYTHONPATH=src:. .venv-bench/bin/python -m pytest benchmarks -m speed --benchmark-autosave --benchmark-compare

# Versions with hashes and no addresses: any mirror of the registry serves them.
lock:
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --extra dev pyproject.toml -o requirements-dev.txt

clean:
	rm -rf .venv .venv-bench .mypy_cache .ruff_cache .pytest_cache demo-report.html
