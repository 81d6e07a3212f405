# The only list of commands; `make` alone prints it.
# Every command does its own set-up and is quick the second time.

export PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Which database `unit`, `mailserver` and `browser` use: sqlite or postgres.
export TEST_DATABASE ?= sqlite
# Where `debian13` makes a Debian 13; MAIL_SERVERS=$(DEBIAN13) has mail servers run from there.
export DEBIAN13 ?= $(CURDIR)/var/debian13

CATALOGUES := $(wildcard locale/*/LC_MESSAGES/*.po)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
PYTEST := $(BIN)/python -m pytest
# The settings of a host in production, for tools that need some.
PRODUCTION := set -a && . ./tools/production.env && set +a &&

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help install run dev demo-code test test-install test-debian13 debian13 unit soak browser screenshots mailserver check fix migrations structure messages bench requirements clean

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

install: $(VENV)/tools catalogues ## Make the virtual environment with all tools
	@deploy/setup.sh test

run: ## Start the portal with demonstration data, and a mail server on loopback
	@deploy/setup.sh run
	@$(MAKE) --silent --no-print-directory $(VENV)/portal catalogues
	@exec $(BIN)/python -m deploy.demo

dev: ## As run, for developers: changed files are read at once, errors and mails are shown
	@deploy/setup.sh run
	@$(MAKE) --silent --no-print-directory $(VENV)/portal catalogues
	@exec $(BIN)/python -m deploy.demo --develop

demo-code: $(VENV)/portal ## Print the six digits for KEY=… (a second factor without a telephone)
	@$(BIN)/python -m deploy.totp '$(KEY)'

test: ## Check everything and run every test, on both databases and with both Dovecots
	@deploy/setup.sh test
	@$(MAKE) --no-print-directory check
	@$(MAKE) --silent --no-print-directory $(VENV)/tools catalogues
	@tools/run_tests.sh $(PYTEST)

test-install: ## Follow docs/operations.md in a container with a systemd of its own (as root)
	@deploy/setup.sh test-install
	@$(MAKE) --silent --no-print-directory $(VENV)/tools
	$(PYTEST) -m install tests/install

test-debian13: ## Do what CI does in a container with Debian 13 (as root)
	@deploy/setup.sh test-install
	@$(MAKE) --silent --no-print-directory $(VENV)/tools
	$(BIN)/python -m tools.ci_in_debian13 "$${INSTALL_CACHE:-var/install}"

debian13: ## Make a folder with Debian 13's mail servers, for MAIL_SERVERS (as root)
	@deploy/setup.sh debian13
	@$(PYTHON) -m tools.debian13 "$(DEBIAN13)"

unit: $(VENV)/tools catalogues ## Run the unit tests, or what ARGS says (ARGS="-n 2": side by side)
	$(PYTEST) $(if $(filter %.py tests/%,$(ARGS)),,tests/unit) $(ARGS)

soak: $(VENV)/tools catalogues ## Try things at random for long, on both databases (SOAK=100: so many times as long)
	for database in sqlite postgres; do \
		TEST_DATABASE=$$database SOAK=$${SOAK:-100} $(PYTEST) -m soak tests/unit || exit; \
	done

browser: $(VENV)/tools catalogues ## Run the journeys in a real browser
	$(PYTEST) tests/browser

screenshots: $(VENV)/tools catalogues ## Take the pictures of the README anew, into docs/pictures
	@deploy/setup.sh test
	$(PYTEST) tests/browser/test_pictures.py --pictures docs/pictures

mailserver: $(VENV)/tools catalogues ## Run the tests with a real Dovecot and Postfix (MAIL_SERVERS=var/debian13 for 2.4)
	$(PYTEST) tests/mailserver

check: $(VENV)/tools catalogues ## Lint, types, layers, templates, migrations, translations, settings
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/python -m tools.lengths
	$(PRODUCTION) $(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.structure --check
	find templates -name '*.html' | xargs $(BIN)/djade --target-version 5.2 --check
	$(BIN)/djlint --quiet --lint templates
	$(PRODUCTION) DATABASE_URL=sqlite://:memory: $(BIN)/python manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(PRODUCTION) DJANGO_SETTINGS_MODULE=mailportal.settings $(BIN)/python -m tools.catalogues
	$(BIN)/codespell

fix: $(VENV)/tools ## Apply what the checks can mend by themselves
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	find templates -name '*.html' | xargs $(BIN)/djade --target-version 5.2

migrations: $(VENV)/tools ## Make migrations for changed models (NAME=what_they_do)
	$(PRODUCTION) DATABASE_URL=sqlite://:memory: $(BIN)/python manage.py makemigrations --name $(NAME)

structure: $(VENV)/tools ## Draw which module imports which, into docs/architecture.md
	$(BIN)/python -m tools.structure

messages: $(VENV)/tools ## Bring the translation catalogues up to date with the texts
	$(PRODUCTION) $(BIN)/python manage.py makemessages --all --no-location --no-obsolete --ignore=.venv --ignore=var --ignore=tests
	sed -i '/^"POT-Creation-Date/d' locale/*/LC_MESSAGES/django.po

bench: $(VENV)/tools catalogues ## Measure mail logons, the pages of the administration, and an import
	@deploy/setup.sh test
	$(BIN)/python -m bench

requirements: ## Compile requirements*.in anew, pinned and hashed
	@test -x $(BIN)/pip-compile || $(MAKE) --silent --no-print-directory $(VENV)/tools
	for name in requirements requirements-dev; do \
		CUSTOM_COMPILE_COMMAND="make requirements" $(BIN)/pip-compile --quiet --upgrade \
			--allow-unsafe --generate-hashes --strip-extras --no-emit-index-url \
			--no-emit-find-links --no-emit-trusted-host \
			--output-file=$$name.txt $$name.in || exit; \
	done

clean: ## Remove the virtual environment and the compiled catalogues; data under var/ stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find locale -name '*.mo' -delete

# --- files that the commands need ------------------------------------------------------

$(BIN)/python:
	@deploy/setup.sh venv $(VENV)

$(VENV)/portal: requirements.txt | $(BIN)/python
	@echo "Installing the portal's packages …"
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/tools: requirements-dev.txt $(VENV)/portal
	@echo "Installing the tools …"
	@$(PIP) -r requirements-dev.txt
	@touch $@

.PHONY: catalogues
catalogues: $(CATALOGUES:.po=.mo)
	@:

# Babel, so that a machine without gettext has its translations as well.
%.mo: %.po | $(VENV)/portal
	@$(BIN)/pybabel --quiet compile --input-file=$< --output-file=$@
