.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
LOWEST := .venv-lowest
BIN := $(VENV)/bin
CFAUG := $(BIN)/cfaug
ALL_METHODS := -c experiments/benchmarks/all-methods.yaml
# Options for the commands below, e.g. ARGS="--trainer.max_epochs 3 --data.init_args.strength 0.99".
ARGS ?=
# The data: a YAML of experiments/data.
DATA ?= experiments/data/mnist-colored.yaml
# The generator's checkpoint for evaluate, augment and train-classifier; 'last' is the last run's.
GENERATOR ?= last
# For train-classifier, a folder that augment wrote, in the place of the generator.
COUNTERFACTUALS ?=
# For explore, checkpoints of one or two classifiers, with a comma between.
CLASSIFIERS ?=

# Tests run a file a process, and each of these on one core.
SIDE_BY_SIDE := WANDB_MODE=offline OMP_NUM_THREADS=1

.PHONY: help
help: ## Show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-18s %s\n", $$1, $$2}'

.PHONY: setup
setup: $(VENV)/.done ## Make .venv from the tested constraints, with uv where it is installed

$(VENV)/.done: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	if command -v uv >/dev/null; then \
		uv pip install --python $(BIN)/python -c constraints.txt -e '.[dev]'; \
	else \
		$(BIN)/python -m pip install -c constraints.txt -e '.[dev]'; \
	fi
	touch $@

.PHONY: demo
demo: setup ## The whole loop on scikit-learn's digits: table and pictures, no network
	$(CFAUG) benchmark -c experiments/benchmarks/demo.yaml $(ARGS)

.PHONY: audit
audit: setup ## Measure the confounding of DATA
	$(CFAUG) audit -c $(DATA) $(ARGS)

.PHONY: train-generator
train-generator: setup ## Train the generator on DATA
	$(CFAUG) generator fit -c experiments/base.yaml -c $(DATA) \
		-c experiments/generator/conditional-vae.yaml -c experiments/min-epoch.yaml $(ARGS)

.PHONY: evaluate
evaluate: setup ## Judge GENERATOR on DATA
	$(CFAUG) evaluate -c $(DATA) --generator $(GENERATOR) $(ARGS)

.PHONY: augment
augment: setup ## Write counterfactuals of DATA by GENERATOR
	$(CFAUG) augment -c $(DATA) --generator $(GENERATOR) $(ARGS)

.PHONY: train-classifier
train-classifier: setup ## Train the classifier on DATA with counterfactuals of GENERATOR
	$(CFAUG) classifier fit -c experiments/base.yaml -c $(DATA) \
		-c experiments/classifier/counterfactual.yaml -c experiments/classifier/tuned.yaml \
		-c experiments/min-epoch.yaml \
		$(if $(COUNTERFACTUALS), \
		--data.init_args.counterfactuals $(COUNTERFACTUALS), --model.generator $(GENERATOR)) $(ARGS)

.PHONY: explore
explore: setup ## A local page to edit images by GENERATOR and see what CLASSIFIERS say
	$(CFAUG) explore -c $(DATA) --generator $(GENERATOR) --classifiers '[$(CLASSIFIERS)]' $(ARGS)

.PHONY: benchmark
benchmark: setup ## Every method on real MNIST over the strengths; finished cells are kept
	$(CFAUG) benchmark $(ALL_METHODS) -c experiments/benchmarks/mnist-colored.yaml $(ARGS)

.PHONY: benchmark-digits
benchmark-digits: setup ## Every method on scikit-learn's digits; finished cells are kept
	$(CFAUG) benchmark $(ALL_METHODS) -c experiments/benchmarks/digits.yaml $(ARGS)

.PHONY: compositions
compositions: setup ## Every method with counterfactuals too, on scikit-learn's digits, one seed
	$(CFAUG) benchmark $(ALL_METHODS) -c experiments/benchmarks/compositions.yaml $(ARGS)

.PHONY: compare
compare: setup ## Which method is best on DATA, by its validation images: verdict, table and page
	$(CFAUG) benchmark -c experiments/benchmarks/compare.yaml --data '[$(DATA)]' $(ARGS)

.PHONY: benchmark-small
benchmark-small: setup ## Six methods on scikit-learn's digits, two at a time
	$(CFAUG) benchmark -c experiments/benchmarks/small.yaml --jobs 2 $(ARGS)

.PHONY: tune
tune: setup ## Choose each method's options by random draws at 16 px; finished draws are kept
	$(CFAUG) tune $(ALL_METHODS) -c experiments/tuning/mnist-16.yaml $(ARGS)

.PHONY: generators
generators: setup ## Compare generators at 16 px; finished cells are kept
	$(CFAUG) benchmark -c experiments/benchmarks/generators/screen.yaml $(ARGS)

.PHONY: published
published: setup ## Compare other authors' generators on real MNIST; finished cells are kept
	$(CFAUG) benchmark -c experiments/benchmarks/generators/published.yaml $(ARGS)

.PHONY: families
families: setup ## Methods on the other families of MNIST, one seed; finished cells are kept
	for benchmark in families cmnist10 cmnist10-mlp cgn; do \
		$(CFAUG) benchmark $(ALL_METHODS) -c experiments/benchmarks/$$benchmark.yaml $(ARGS) || exit 1; \
	done

.PHONY: photographs
photographs: setup ## Every method on CelebA and UTKFace, which lie in data/celeba and data/utkface
	for benchmark in celeba photographs; do \
		$(CFAUG) benchmark $(ALL_METHODS) -c experiments/benchmarks/$$benchmark.yaml $(ARGS) || exit 1; \
	done

.PHONY: speed
speed: setup ## Measure rendering, reading files, auditing a table, and training at several sizes
	PYTHONPATH=. $(BIN)/python -W ignore experiments/speed/rendering.py
	PYTHONPATH=. $(BIN)/python -W ignore experiments/speed/loading.py
	PYTHONPATH=. $(BIN)/python -W ignore experiments/speed/auditing.py
	PYTHONPATH=. $(BIN)/python -W ignore experiments/speed/networks.py

.PHONY: docs
docs: setup ## Build the site into docs/_build/html, offline; a broken link or reference fails
	rm -rf docs/_reference
	PYTHONPATH=. $(BIN)/python -m sphinx -W --keep-going -n -q docs docs/_build/html

.PHONY: tables
tables: setup ## Write the tables of the README and of docs/benchmark.md from the kept cells
	PYTHONPATH=. $(BIN)/python docs/benchmark_tables.py

.PHONY: test
test: setup ## Pass the tests, offline
	$(SIDE_BY_SIDE) $(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist loadfile $(ARGS)

.PHONY: sanity
sanity: setup ## What must hold of methods if they are right, by real training; needs MNIST
	WANDB_MODE=offline $(BIN)/python -m pytest -q -m slow tests/sanity $(ARGS)

.PHONY: test-slurm
test-slurm: setup ## A benchmark on a SLURM of one machine; needs Debian's slurm-wlm, as root
	WANDB_MODE=offline $(BIN)/python -m pytest -q -m slurm tests/cluster $(ARGS)

.PHONY: test-wheel
test-wheel: setup ## Build the wheel, install it alone and use it in an empty folder
	PYTHON=$(BIN)/python .ci/wheel

.PHONY: test-lowest
test-lowest: $(LOWEST)/.done ## Pass the tests with the lowest versions that pyproject.toml allows
	$(SIDE_BY_SIDE) $(LOWEST)/bin/python -m pytest -q -n auto --maxprocesses 4 --dist loadfile \
		-W ignore $(ARGS)

$(LOWEST)/.done: pyproject.toml
	$(PYTHON) -m venv --clear $(LOWEST)
	$(LOWEST)/bin/python -m pip install uv
	$(LOWEST)/bin/uv pip compile -q --resolution lowest-direct --extra dev --no-emit-index-url \
		pyproject.toml -o $(LOWEST)/constraints.txt
	$(LOWEST)/bin/python -m pip install -c $(LOWEST)/constraints.txt -e '.[dev]'
	touch $@

.PHONY: format
format: setup ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: lint
lint: setup ## Check format, style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
