"""Notebooks: thin, stripped, and running by hand from top to bottom without editing anything."""

import ast
import html
import json
import shutil
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import papermill
import pytest
from nbclient import NotebookClient

from tests.conftest import REPOSITORY

NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
PLOTLY = "application/vnd.plotly.v1+json"


def code_cells(path: Path) -> list[dict[str, Any]]:
    return [c for c in json.loads(path.read_text())["cells"] if c["cell_type"] == "code"]


@pytest.fixture(scope="module")
def desk(demo_data: Path, demo_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The notebooks beside the demo data and the demo run, as in a repository after `make demo`."""
    root = tmp_path_factory.mktemp("desk")
    shutil.copytree(REPOSITORY / "notebooks", root / "notebooks")
    for name, place in (("data", demo_data), ("runs", demo_run)):
        (root / name).mkdir()
        (root / name / "demo").symlink_to(place)
    return root


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
class TestEveryNotebook:
    def test_holds_no_outputs_and_no_logic(self, path: Path) -> None:
        for cell in code_cells(path):
            assert not cell["outputs"]
            assert cell["execution_count"] is None
            kinds = {type(node) for node in ast.walk(ast.parse("".join(cell["source"])))}
            assert not kinds & {ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.If, ast.Try}

    def test_starts_with_parameters_and_a_typed_config(self, path: Path) -> None:
        parameters, config, *_ = code_cells(path)
        assert parameters["metadata"]["tags"] == ["parameters"]
        names = {node.id for node in ast.walk(ast.parse("".join(parameters["source"])))
                 if isinstance(node, ast.Name)}  # fmt: skip
        tree = ast.parse("".join(config["source"]))
        (call,) = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        assert ast.unparse(call.func).endswith("Job")
        assert {keyword.arg for keyword in call.keywords} == names

    @pytest.mark.slow
    def test_runs_by_hand_and_shows_something_in_each_cell(self, path: Path, desk: Path) -> None:
        notebook = nbformat.read(desk / "notebooks" / path.name, as_version=4)
        client = NotebookClient(
            notebook, timeout=300, resources={"metadata": {"path": str(desk / "notebooks")}}
        )
        client.execute()
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        for cell in cells[1:]:
            assert cell.outputs, cell.source
            assert not [o for o in cell.outputs if o.get("name") == "stderr"], cell.outputs
        figures = [o for cell in cells for o in cell.outputs if PLOTLY in o.get("data", {})]
        assert figures
        for figure in figures:
            assert figure["data"][PLOTLY]["data"], "an empty figure"


@pytest.mark.slow
def test_models_are_compared_by_a_distance_as_well(desk: Path) -> None:
    notebook = nbformat.read(desk / "notebooks" / "05_compare.ipynb", as_version=4)
    parameters = next(cell for cell in notebook.cells if cell.metadata.get("tags"))
    parameters.source = parameters.source.replace('metric = "f1"', 'metric = "hausdorff"')
    NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(desk / "notebooks")}}
    ).execute()
    titles = axis_titles(notebook)
    assert "Object Hausdorff distance (px), per image" in titles


@pytest.mark.slow
def test_a_table_of_scores_is_compared_with_a_reference_as_in_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    otsu = rng.uniform(0.3, 0.6, 14)
    scores = pd.DataFrame({"image": [f"im{n}" for n in range(14)], "otsu": otsu})
    scores["unet"], scores["sam"] = otsu + rng.normal(0.2, 0.05, 14), otsu + 0.01
    scores.to_csv(tmp_path / "scores.csv", index=False)
    monkeypatch.setenv("WORKBENCH_PANELS", "still")
    notebook = papermill.execute_notebook(
        REPOSITORY / "notebooks" / "05_compare.ipynb",
        tmp_path / "out.ipynb",
        {"run": str(tmp_path / "scores.csv"), "reference": "otsu", "margin": 0.05},
        progress_bar=False,
    )
    pages = [
        html.unescape(output["data"]["text/html"])
        for cell in notebook.cells if cell.cell_type == "code"
        for output in cell.outputs if "<iframe" in output.get("data", {}).get("text/html", "")
    ]  # fmt: skip
    pairs = next(page for page in pages if "unet − otsu" in page)
    assert "sam − otsu" in pairs
    assert "unet − sam" not in "".join(pages)
    assert sum("As published." in page for page in pages) >= 3
    assert "± 0.05" in json.dumps(notebook, ensure_ascii=False)


def axis_titles(notebook: nbformat.NotebookNode) -> list[str]:
    """Return the titles of all axes of all figures."""
    layouts = [
        output["data"][PLOTLY]["layout"]
        for cell in notebook.cells if cell.cell_type == "code"
        for output in cell.outputs if PLOTLY in output.get("data", {})
    ]  # fmt: skip
    axes = [axis for layout in layouts for name, axis in layout.items() if "axis" in name]
    return [axis.get("title", {}).get("text", "") for axis in axes]


@pytest.mark.slow
def test_the_executed_errors_notebook_keeps_its_panels(demo_run: Path) -> None:
    (path,) = (demo_run / "notebooks").glob("errors-*.ipynb")
    notebook = json.loads(path.read_text())
    pages = [
        html.unescape("".join(output["data"]["text/html"]))
        for cell in notebook["cells"] if cell["cell_type"] == "code"
        for output in cell["outputs"] if "text/html" in output.get("data", {})
    ]  # fmt: skip
    assert any("mountStillComparer" in page or "wbc-page" in page for page in pages)
    assert any("What became of it" in page for page in pages), "numbers list no cells"
