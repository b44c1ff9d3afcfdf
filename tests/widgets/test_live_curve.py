"""The curve of a training that is going on."""

import os
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import plotly.graph_objects as go
import pytest
from nbclient import NotebookClient

from tests.conftest import REPOSITORY
from workbench.widgets import live_training_curve

PLOTLY = "application/vnd.plotly.v1+json"
CELL = """
import numpy as np, pandas as pd
from workbench.widgets import live_training_curve
redraw = live_training_curve("unet-0")
epochs = np.arange(1, 7)
history = pd.DataFrame({
    "epoch": epochs, "train_loss": 1 / epochs, "validation_loss": 1.1 / epochs,
    "validation_f1": np.where(epochs % 2, np.nan, epochs / 10), "validation_dice": epochs / 8,
    "learning_rate": 1e-3, "elapsed_s": epochs * 1.0})
for n in epochs:
    redraw(history.head(n))
    print("epoch", n)
"""


def outputs(monkeypatch: pytest.MonkeyPatch, *, session: str | None) -> list[Any]:
    """Run the cell in a kernel, with or without the mark of a Jupyter server."""
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    if session is not None:
        monkeypatch.setenv("JPY_SESSION_NAME", session)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(REPOSITORY)}}
    ).execute(env=dict(os.environ))
    return list(notebook.cells[0].outputs)


def test_in_a_notebook_someone_has_open_one_figure_follows_the_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    figure, *lines = outputs(monkeypatch, session="/notebooks/02_train.ipynb")
    assert "".join(line["text"] for line in lines).split("\n")[5] == "epoch 6"
    loss, _, f1 = go.Figure(figure["data"][PLOTLY]).data
    assert loss.name == "unet-0, training"
    assert loss.y[-1] == pytest.approx(1 / 6)  # the last epoch too
    assert list(f1.x) == [2, 4, 6]


def test_in_batch_the_printed_lines_are_all(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = outputs(monkeypatch, session=None)
    assert {line["output_type"] for line in lines} == {"stream"}


def test_outside_of_notebooks_nothing_happens(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", "inherited by a script")
    live_training_curve()(pd.DataFrame({"epoch": [1]}))
    assert capsys.readouterr().out == ""


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.usefixtures("needs_chromium")
def test_the_curve_is_drawn_in_jupyterlab(tmp_path: Path) -> None:
    from playwright.sync_api import expect

    from scripts.browser import chromium, jupyterlab, run_all_cells

    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(CELL)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}},
    )
    nbformat.write(notebook, tmp_path / "live.ipynb")
    with jupyterlab(tmp_path) as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 1366, "height": 1000})
        page.goto(address.format("live.ipynb"))
        run_all_cells(page)
        expect(page.get_by_text("epoch 6")).to_be_visible(timeout=60_000)
        expect(page.locator(".js-plotly-plot")).to_contain_text("unet-0, training")
        expect(page.locator(".js-plotly-plot")).to_have_count(1)
        page.screenshot(path=tmp_path / "live.png")
        shutil.copy(tmp_path / "live.png", "/tmp/training/live.png")
