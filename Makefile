# make demo      from nothing to a finished benchmark: environment, data, study, report
# make test      all checks and tests, with all their set-up
# make lab       the notebooks in JupyterLab
# make bench     speed against peers, written to docs/benchmarks.md
# make pictures  the pictures of the README, from a run of studies/dsb2018.yaml
# make zoo       every kind of network and encoding trained on real nuclei: the tables of docs/models.md
# make docs      the pages of docs/ that are made from the code
# make clean     delete the environment, the demo data, runs and caches
.PHONY: demo test lab bench pictures zoo docs clean

demo:
	@scripts/environment.sh
	@.venv/bin/workbench run studies/demo.yaml --out runs/demo

test:
	@scripts/system_packages.sh
	@scripts/environment.sh test
	@scripts/test.sh

lab:
	@scripts/environment.sh
	@.venv/bin/workbench lab

bench:
	@scripts/environment.sh bench
	@.venv/bin/python benchmarks/scoring.py
	@.venv/bin/python benchmarks/errors.py
	@.venv/bin/python benchmarks/scoring_many.py
	@.venv/bin/python benchmarks/morphology.py
	@.venv/bin/python benchmarks/inference.py
	@.venv/bin/python benchmarks/decoding.py
	@.venv/bin/python benchmarks/training.py
	@.venv/bin/python benchmarks/runner.py
	@.venv/bin/python benchmarks/bootstrap.py
	@PYTHONPATH=. .venv/bin/python benchmarks/panels.py

pictures:
	@scripts/system_packages.sh
	@scripts/environment.sh test
	@.venv/bin/workbench run studies/dsb2018.yaml --out runs/dsb2018
	@.venv/bin/python scripts/make_pictures.py runs/dsb2018

zoo:
	@scripts/system_packages.sh
	@scripts/environment.sh test
	@.venv/bin/workbench run studies/zoo_dsb2018.yaml --out runs/zoo_dsb2018
	@.venv/bin/workbench run studies/encodings_dsb2018.yaml --out runs/encodings_dsb2018
	@.venv/bin/python scripts/make_models_page.py runs/zoo_dsb2018 runs/encodings_dsb2018

docs:
	@scripts/environment.sh
	@.venv/bin/python scripts/make_docs.py
	@.venv/bin/python scripts/make_error_pictures.py

clean:
	rm -rf .venv runs data/demo build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	rm -rf *.egg-info .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
