# Two commands matter: `make demo` and `make test`. Everything they need is installed by them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
READY := $(VENV)/.ready

.PHONY: demo up test test-full bench check clean lock setup docs
.DEFAULT_GOAL := demo

setup: $(READY)

$(READY): pyproject.toml requirements/dev.txt tools/setup.sh
	@sh tools/setup.sh "$(PYTHON)" "$(VENV)"
	@touch $@

demo: setup
	@$(BIN)/docaxis demo $(ARGS)

up: setup
	@exec $(BIN)/docaxis up $(ARGS)

test: setup
	@sh tools/test.sh $(BIN) $(ARGS)

test-full: setup
	@DOCAXIS_FULL=1 sh tools/test.sh $(BIN) $(ARGS)

bench: setup
	@$(BIN)/python benchmarks/run.py $(ARGS)

check: setup
	@sh tools/check.sh $(BIN)

docs: setup
	@for tool in generate_docs generate_bad_inputs generate_verification_cases generate_settings generate_edxml_mapping draw_lifecycles; do $(BIN)/python tools/$$tool.py || exit 1; done

lock: setup
	@sh tools/lock.sh $(BIN)

clean:
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage build dist
