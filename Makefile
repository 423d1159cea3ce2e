# Two commands do it all: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test check lint types chromium postgres clean smoke bench bench-ingestion \
  bench-crises bench-growth bench-peers bench-simulation bench-verdict profile

demo: $(READY)
	$(BIN)/riskgen demo

test: $(READY) chromium postgres lint types
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile

check: lint types

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

smoke: $(READY)
	$(PYTHON) tests/smoke_wheel.py

# 0.5, 5 and 50 million toy events: about half an hour and 1 GB in the temporary folder.
bench-ingestion: $(READY)
	$(BIN)/python benchmarks/ingestion.py

# Hours: every generator and peer, 3 training seeds at 1, 3 and 10 CPU minutes. Real data, if
# there is any, lies in the folder that RISKGEN_BENCH_DATA names.
bench: $(READY)
	$(BIN)/python benchmarks/generators.py --minutes 1 3 10

# How cost grows with customers, length of histories and columns: some ten minutes.
bench-growth: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/growth.py

# 10,000 to 1,000,000 scenarios of events and of paths, 1 and 2 workers, and kills: an hour.
bench-simulation: $(READY)
	$(BIN)/python benchmarks/simulation.py

# Would simulated paths have enveloped 2008 and 2020? Some ten minutes; needs RISKGEN_BENCH_DATA.
bench-crises: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/crises.py

# Is the verdict right about itself? 550 whole verdicts where the answer is known, two at a
# time: hours. What was interrupted goes on.
bench-verdict: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/verdict.py --workers 2

# Peers that need other versions of pandas, each in an environment of its own under .bench/.
bench-peers:
	$(PYTHON) -m venv .bench/mostlyai
	.bench/mostlyai/bin/pip install -q "torch>=2.13,<2.14"
	.bench/mostlyai/bin/pip install -q mostlyai-engine==2.7.3
	.bench/mostlyai/bin/pip uninstall -q -y torchvision torchaudio
	$(PYTHON) -m venv .bench/gretel
	.bench/gretel/bin/pip install -q "torch>=2.13,<2.14"
	.bench/gretel/bin/pip install -q numpy pandas pyarrow scikit-learn scipy tqdm requests smart_open loky
	.bench/gretel/bin/pip install -q --no-deps gretel-synthetics==0.22.20 category-encoders

# Where the seconds of a fit and of a sample go, beside the core's own peak.
profile: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/profiling.py

# pip, not uv: where a CPU build of torch lies on disk, only pip looks there.
$(READY): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q "torch>=2.13,<2.14"
	$(BIN)/python -m pip install -q -e ".[test]"
	touch $(READY)

# The report is opened in a real browser; without root the browser tests say why they skip.
chromium:
	@command -v chromium >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium fonts-dejavu-core; } || \
	  echo "chromium is not installed: the browser tests will be skipped"

# Sources are tested against a real PostgreSQL; without one the tests say why they skip.
postgres:
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && apt-get -qq update && apt-get -qq install -y --no-install-recommends postgresql; } || \
	  echo "PostgreSQL is not installed: the database tests will be skipped"

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache
