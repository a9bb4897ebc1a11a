# make quickstart    trains, evaluates and exports the MNIST-Fashion bridge into out/quickstart
# make test          runs the quick tests
# make test-long     runs the tests that take many seconds
# make test-slow     runs the tests that take minutes
# make test-gpu      runs the quick tests of what computes on a GPU, on the first one: four processes share it
# make soak          100,000 requests to a server that is disturbed in every way, and 10,000 damaged inputs: an hour
# make lint          ruff, mypy and import-linter
# make format        formats the code
# make docs          builds the documentation's site into out/site
# make dist          builds the wheel and the source distribution into out/dist, and checks that they can be used
# make owner OWNER=name
#                    writes the repository's owner where links need it
#
# Each makes the environment that it needs in .venv, once.
#   PYTHON=python3.13   the Python to make it with (default: the first of 3.12, 3.11, 3.13 that is there)
#   VENV=FOLDER         another environment

VENV ?= .venv
PYTHON ?=
BIN := $(VENV)/bin

# What decides how the package is installed: requirements, console scripts, and the version.
SOURCES := pyproject.toml setup.py latent_xlate/__init__.py
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check

PARALLEL_TESTS := $(BIN)/python -m pytest --numprocesses=logical --maxprocesses=8 --dist=loadfile

GPU_TESTS := $(addprefix tests/,bridge domains latents baselines serving packaging $(foreach name,training \
	bridge_training baseline_training translator losses layers optimizer randomness distribution conftest,test_$(name).py))

.PHONY: quickstart test test-long test-slow test-gpu soak lint format docs dist owner
.NOTPARALLEL:

quickstart: $(VENV)/.installed-serving
	$(BIN)/latent_xlate_quickstart --workdir=out/quickstart

test: $(VENV)/.installed-test
	$(PARALLEL_TESTS)

test-long: $(VENV)/.installed-test
	$(PARALLEL_TESTS) -m "long and not slow and not network"

test-slow: $(VENV)/.installed-test
	$(BIN)/python -m pytest -m "slow and not network"

test-gpu: $(VENV)/.installed-gpu $(VENV)/.installed-test
	$(BIN)/python -m pytest --numprocesses=4 --dist=loadfile -m "not slow and not network" $(GPU_TESTS)

soak: $(VENV)/.installed-test
	SOAK_REQUESTS=100000 FUZZED_INPUTS=10000 $(BIN)/python -m pytest -s -m slow \
		tests/serving/test_soak.py tests/test_fuzzed_inputs.py

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.installed-docs
	NO_MKDOCS_2_WARNING=1 DISABLE_MKDOCS_2_WARNING=true $(BIN)/python -m mkdocs build --strict

dist:
	@scripts/make_venv.sh "$(VENV)" "$(PYTHON)"
	@$(PIP_INSTALL) "build>=1.2" "twine>=6.1"
	rm -rf out/dist
	$(BIN)/python -m build --outdir=out/dist
	$(BIN)/twine check --strict out/dist/*
	PYTHON=$(abspath $(BIN))/python scripts/check_wheel.sh out/dist/*.whl

owner:
	@scripts/set_owner.sh "$(OWNER)"

# The stamps, one for each extra.
$(VENV)/.installed-%: $(SOURCES)
	@scripts/make_venv.sh "$(VENV)" "$(PYTHON)"
	@echo "Installing latent_xlate[$*] and TensorFlow into $(VENV): 2.7 GB, one to five minutes the first time"
	@$(PIP_INSTALL) --editable ".[$*]"
	@touch $@
