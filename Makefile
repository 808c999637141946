# Two commands matter: `make serve` and `make test`. Both set everything up first.
PYTHON ?= python3
PORT ?= 8000

.PHONY: setup serve test check screenshots load bench bench-training demo-log audit lock clean

setup: .venv/.ready

.venv/.ready: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one with make PYTHON=…")'
	@echo "Setting up .venv (a minute or two, once) …"
	@$(PYTHON) -m venv .venv
	@.venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@.venv/bin/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# The first start trains the default model; later ones only load it.
serve: setup
	@test -e var/models/champion || .venv/bin/triage train
	@.venv/bin/triage serve --port $(PORT)

test: setup check
	@.venv/bin/python -m pytest

check: setup
	@.venv/bin/ruff check --quiet .
	@.venv/bin/ruff format --quiet --check .
	@.venv/bin/mypy --no-error-summary
	@.venv/bin/lint-imports --no-logo > .venv/import-linter.txt || (cat .venv/import-linter.txt; exit 1)

# Every state of the form as a picture in build/screenshots; those that service/README.md shows are renewed.
SHOWN = physiotherapy-desktop-en-light confirm-phone-es-light emergency-phone-en-light review-phone-es-dark
screenshots: setup
	@TRIAGE_SCREENSHOTS=build/screenshots .venv/bin/python -m pytest tests/test_form_screens.py
	@for name in $(SHOWN); do cp build/screenshots/$$name.png service/pictures/; done
	@echo "Pictures: build/screenshots"
# Rate and latency of the service beside a bare Flask echo on the same server, in the same run (about a minute).
load: setup
	@test -e $(or $(TRIAGE_MODELS),var/models)/champion || .venv/bin/triage train
	@.venv/bin/python tests/load.py $(or $(TRIAGE_MODELS),var/models)

# Speed of each part beside its yardstick, in the same run (an hour on a quiet machine); JSON in build/bench.json.
# A part of it, or less: make bench BENCH="--only prediction --only scoring --enquiries 20000"
bench: setup
	@test -e $(or $(TRIAGE_MODELS),var/models)/champion || .venv/bin/triage train
	@.venv/bin/python tests/bench.py $(or $(TRIAGE_MODELS),var/models) $(BENCH)

# Time of `triage train` from 1,000 to 100,000 enquiries, caches cold and warm (about 20 minutes on a quiet machine);
# table, JSON and plot in build/bench-training.*. SIZES="1000 10000" measures these alone.
bench-training: setup
	@.venv/bin/python tests/bench_training.py $(SIZES)

# A log with something true in it, for a first look at the notebooks: the frozen test texts through the service.
DEMO = sqlite:///var/demo.db
demo-log: setup
	@test -e $(or $(TRIAGE_MODELS),var/models)/champion || .venv/bin/triage train
	@TRIAGE_DATABASE_URL=$(or $(TRIAGE_DATABASE_URL),$(DEMO)) .venv/bin/python tests/demo_log.py

# Each notebook with its outputs as one HTML file in build/audit, of the log that TRIAGE_DATABASE_URL names.
audit: setup
	@.venv/bin/python notebooks/render.py

# Resolve pyproject.toml anew: one set of versions, one file of hashes for each kind of machine.
lock: setup
	@sh requirements/lock.sh

clean:
	rm -rf .venv build dist *.egg-info
