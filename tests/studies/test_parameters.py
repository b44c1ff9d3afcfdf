"""Parameters against notebooks."""

import json
from pathlib import Path

import pytest

from workbench.schema import InputError
from workbench.studies import (
    NOTEBOOKS,
    CompareJob,
    check_parameters,
    declared_parameters,
    notebook_folder,
)
from workbench.studies._graph import JOB_CONFIGS

COMPARE = notebook_folder() / NOTEBOOKS["compare"]


@pytest.mark.parametrize("stage", NOTEBOOKS)
def test_a_notebook_declares_exactly_the_fields_of_its_config(stage: str) -> None:
    declared = declared_parameters(notebook_folder() / NOTEBOOKS[stage])
    assert set(declared) == set(JOB_CONFIGS[stage].model_fields)
    JOB_CONFIGS[stage].model_validate(declared)


def test_a_misspelt_parameter_is_refused() -> None:
    with pytest.raises(InputError, match="no parameter 'metrik'; it declares run, metric, iou_thr"):
        check_parameters(COMPARE, {"run": "r", "metrik": "f1"}, CompareJob)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"iou_threshold": 1.5}, "iou_threshold: .*less than or equal to 1, got 1.5"),
        ({"iou_threshold": "high"}, "iou_threshold: .*valid number"),
        ({"run": 3}, "run: "),
        ({"margin": 0}, "margin: .*greater than 0"),
        ({"margin": float("nan")}, "margin: .*finite"),
    ],
)
def test_a_value_that_the_config_does_not_take_is_refused(values: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_parameters(COMPARE, values, CompareJob)


@pytest.mark.parametrize(
    "source", ["def f():\n    pass", "a = open('x')", "a = 1\nb: int = 2\nprint(a)"]
)
def test_a_parameter_cell_holds_plain_assignments_alone(tmp_path: Path, source: str) -> None:
    path = tmp_path / "n.ipynb"
    cell = {"cell_type": "code", "source": source, "metadata": {"tags": ["parameters"]}}
    path.write_text(json.dumps({"cells": [cell]}))
    with pytest.raises(InputError, match=r"n\.ipynb: expected one cell tagged 'parameters'"):
        declared_parameters(path)
