# A thin convenience; .ci/run is the gate and README.md has the commands.
PYTHON ?= python3

.PHONY: gate format lint types layers test chaos mutations fuzz bench

gate:
	.ci/run

format:
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .

lint:
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .

types:
	$(PYTHON) -m mypy

layers:
	lint-imports

test:
	$(PYTHON) -m pytest -n 4 --dist worksteal

# Half an hour of orders, kills and faults; the gate has a minute and a half of it.
chaos:
	$(PYTHON) -m tests.chaos --seconds 1800

# Breaks one rule after the other in a copy of the engine; the test named for it must fail.
mutations:
	$(PYTHON) -m tests.mutations.run

# Each target for five minutes, guided by coverage; needs `pip install -e .[dev,fuzz]`.
FUZZ_SECONDS ?= 300
fuzz:
	for target in loader expression m3_v2 m3_v1 shop_official shop_oss; do \
		$(PYTHON) -m tests.fuzz.run $$target $(FUZZ_SECONDS) || exit 1; \
	done

# m3nop beside what a user would pick instead: some ten minutes on a machine that does nothing else.
BENCH ?= --json bench.json --chart bench.svg
bench:
	$(PYTHON) -m benchmarks $(BENCH)
