PYTHON ?= python3
BIN := .venv/bin
PYTEST := $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder
# XLA's optimizations of a toy step take longer than the step; what was compiled once is kept for the next run.
JAX := KERAS_BACKEND=jax JAX_DISABLE_MOST_OPTIMIZATIONS=1 JAX_COMPILATION_CACHE_DIR=$(CURDIR)/.jax_cache \
	JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS=0.5

.PHONY: demo test test-full install lint docs bench clean

demo: install
	$(BIN)/zoo demo

# What one runs after every change: every room on TensorFlow, the numeric core on JAX too, in minutes.
test: install
	$(PYTEST) -m "not full"
	$(JAX) $(PYTEST) -m "core and not full" tests/zoo

# The rest, before a change is handed on: full widths, every form of every artifact, kills, long fuzzing.
test-full: install
	$(PYTEST) -m full
	$(JAX) $(PYTEST) -m "core and full" tests/zoo

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The site, into build/site: a link that leads nowhere and a tutorial that fails are errors.
docs: install
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	$(BIN)/python -m website.links build/site

bench: install
	$(BIN)/python -m benchmarks

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("regionzoo needs Python 3.11 or newer, found " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train,export,jax,docs,dev]'
	touch $@

clean:
	rm -rf .venv runs build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .jax_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
