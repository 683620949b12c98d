PYTHON ?= python3
BIN := .venv/bin
PORT ?= 8000
CORES ?= 2
export HF_HUB_OFFLINE ?= 1

.PHONY: help install demo test lint types unit format screenshots messages clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

install: ## Make .venv and install what is pinned
	@$(PYTHON) cms_site/bootstrap.py

demo: install ## Start the demo site on http://127.0.0.1:8000 (PORT=… to change); Ctrl-C stops it
	@$(BIN)/python manage.py demo --port $(PORT)

test: lint types unit ## Run the linters and the whole test suite

lint: install ## ruff, import-linter, djhtml, missing migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/djhtml --check --tabwidth 2 tagging personalization templates
	$(BIN)/python manage.py makemigrations --check --dry-run

types: install ## mypy, strict, on both apps
	DATABASE_URL=postgres:///unused $(BIN)/mypy

unit: install ## Only the test suite, in two processes (CORES=0: in one)
	$(BIN)/python -m pytest -n $(CORES) --dist loadfile --no-loadscope-reorder

format: install ## Put code and templates in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djhtml --tabwidth 2 tagging personalization templates

screenshots: install ## Make docs/images/ anew
	$(BIN)/python docs/screenshots.py

messages: install ## Collect strings for translation and compile them (needs gettext)
	@for app in tagging personalization; do \
	  (cd $$app && ../$(BIN)/django-admin makemessages --all --no-wrap --add-location file && ../$(BIN)/django-admin compilemessages); done
	@$(BIN)/python manage.py makemessages --all --no-wrap --add-location file $(foreach folder,tagging personalization tests docs benchmarks var .venv,--ignore=$(folder))
	@cd cms_site && ../$(BIN)/django-admin compilemessages

clean: ## Remove the demo's data; .venv stays
	rm -rf var
