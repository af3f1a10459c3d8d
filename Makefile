# Everything a person or the CI does with this checkout; `make help` lists it.
# What gets installed, and how, is in .ci/install.

BIN := .venv/bin
ARGS ?=
# More than cores: many tests wait for a server, a camera or a lease. Each module is of
# one worker, in the order of tests/order.py.
WORKERS ?= $(shell expr 3 \* $$(nproc))
PYTEST := pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

# Debian keeps servers such as mosquitto where only root's PATH looks.
export PATH := $(PATH):/usr/local/sbin:/usr/sbin:/sbin
# Without compiled files, each of the tests' hundreds of processes compiles all modules.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help venv run serve demo install update back uninstall test coverage lint format \
	docs texts bench lock lowest sbom audit clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' Makefile
	@echo 'ARGS="..." is passed to the command, like: make demo ARGS=--once'

venv: ## .venv with the program in it: .venv/bin/mvsnap
	@.ci/install run
	@echo 'made: $(BIN)/mvsnap'

run: $(if $(wildcard config/mvsnap.yaml),serve,demo) ## serve; without a config/mvsnap.yaml, demo

serve: ## the gateway, with config/mvsnap.yaml
	@.ci/install run
	@exec $(BIN)/mvsnap serve $(ARGS)

demo: ## try it without an account: simulated clouds and cameras
	@.ci/install demo
	@exec $(BIN)/mvsnap demo $(ARGS)

install: ## as root: a service of this checkout that starts with the machine
	@init.d/setup install

update: ## as root: the newest version; back to this one if it does not answer
	@init.d/setup update

back: ## as root: the version and the database from before the last update
	@init.d/setup back

uninstall: ## as root: take the service away; data and settings stay
	@init.d/setup uninstall

# mypy needs one core and takes a minute: it computes while the tests are compiled for all
# workers, and while the first of them wait.
test: ## style, types, and every test against real servers
	@.ci/install test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	@echo '$(BIN)/mypy'; $(BIN)/mypy & types=$$!; \
		$(BIN)/pytest --collect-only -qq >/dev/null 2>&1; \
		echo '$(BIN)/$(PYTEST) $(ARGS)'; $(BIN)/$(PYTEST) $(ARGS); code=$$?; \
		wait $$types && exit $$code

# Not part of `make test`: counting costs 40 % more time on Python 3.11.
coverage: ## run the tests and count branches; print the total and the least covered
	@.ci/install test
	$(BIN)/$(PYTEST) --cov --cov-report= $(ARGS)
	@$(BIN)/coverage report | awk 'NR < 14 || /^TOTAL/'

lint: ## style and types only
	@.ci/install dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: ## format the code
	@.ci/install dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: ## write docs/configuration.md anew and build docs/ into site/
	@.ci/install dev
	$(BIN)/python -m mvsnap.config.reference
	$(BIN)/zensical build --strict --clean

# A text that is new has no German yet: the tests say which. Both files are committed.
CATALOGUE := mvsnap/texts/de/LC_MESSAGES/mvsnap
texts: ## look for new texts, and compile mvsnap/texts/ after a translation
	@.ci/install dev
	@mkdir -p build
	@$(BIN)/pybabel --quiet extract --mapping .ci/texts.cfg --no-wrap --sort-output \
		--add-location file --project mvsnap --output build/mvsnap.pot .
	@$(BIN)/pybabel --quiet update --input-file build/mvsnap.pot --locale de \
		--output-file $(CATALOGUE).po --no-wrap --no-fuzzy-matching \
		--ignore-obsolete --ignore-pot-creation-date
	@$(BIN)/pybabel --quiet compile --input-file $(CATALOGUE).po \
		--output-file $(CATALOGUE).mo --locale de

bench: ## measure; prints ratios side by side
	@.ci/install bench
	$(BIN)/python -m benchmarks $(ARGS)

# Universal: one file for every Python and machine. No hashes: on a Raspberry Pi some
# libraries are built by piwheels, and have other hashes there.
lock: ## write requirements.lock anew, with the newest version of every library
	@.ci/install uv
	$(BIN)/uv pip compile --quiet --universal --all-extras $(or $(ARGS),--upgrade) \
		--custom-compile-command 'make lock' --output-file requirements.lock \
		pyproject.toml

# Are the lower bounds true? Developers' tools are today's, but for the chardet that
# cyclonedx-bom brings along: old requests warn of it. Its tests need `make test`'s
# servers.
LOWEST := build/lowest
lowest: ## run tests with the oldest libraries that requirements.txt allows
	@.ci/install uv
	@mkdir -p build
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(LOWEST)
	$(BIN)/uv pip compile --quiet --upgrade --resolution lowest-direct \
		--extra home-assistant --extra oidc --extra pam --extra postgresql --extra s3 \
		--output-file $(LOWEST).txt pyproject.toml
	@echo 'chardet<6' >>$(LOWEST).txt
	$(BIN)/uv pip install --quiet --python $(LOWEST) --constraint $(LOWEST).txt \
		--editable '.[dev]'
	$(LOWEST)/bin/$(PYTEST) $(or $(ARGS),tests/core \
		tests/config tests/store tests/clients tests/jobs tests/cli tests/web \
		tests/test_service.py)

# Of everything in requirements.lock, developers' tools included. Asks nobody.
sbom: ## write build/sbom.json (CycloneDX): the libraries and their versions
	@.ci/install dev
	@mkdir -p build
	@$(BIN)/python -W ignore -m cyclonedx_py requirements --pyproject pyproject.toml \
		--output-reproducible --output-file build/sbom.json $(ARGS) requirements.lock
	@echo 'wrote: build/sbom.json'

audit: ## look up known vulnerabilities of the libraries; exit code 3: could not
	@.ci/install dev
	@$(BIN)/python .ci/audit.py $(ARGS)

clean: ## remove .venv, caches and build artefacts; keeps data and settings
	rm -rf .venv build dist site .cache *.egg-info
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
