PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test install lint bench clean

demo: install
	$(BIN)/zoo demo

test: install
	$(BIN)/pytest -n 2 --dist loadfile
	KERAS_BACKEND=jax $(BIN)/pytest -n 2 --dist loadfile -m core tests/zoo

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

bench: install
	$(BIN)/python -m benchmarks

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("regionzoo needs Python 3.11 or newer, found " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,jax]'
	touch $@

clean:
	rm -rf .venv runs build *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
