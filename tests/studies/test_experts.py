"""The command workbench experts: labels of two experts and of methods, wherever they lie."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from typer.testing import CliRunner

from workbench.cli import app
from workbench.datasets import open_labels
from workbench.report import ReportTable
from workbench.schema import InputError
from workbench.studies import (
    compare_experts,
    print_experts,
    read_experts,
    second_annotator_report,
    write_experts,
)
from workbench.studies._experts_picture import dispute_figure

Draw = Callable[..., Path]
SIZE_PX = 160


@pytest.fixture
def draw(tmp_path: Path) -> Draw:
    """Return a function that writes squares of 8 px, given by their corners, as labels."""

    def drawn(name: str, **images: list[tuple[int, int]]) -> Path:
        (tmp_path / name).mkdir(parents=True)
        for image_id, corners in images.items():
            labels = np.zeros((SIZE_PX, SIZE_PX), np.uint16)
            for number, (row, column) in enumerate(corners, start=1):
                labels[row : row + 8, column : column + 8] = number
            tifffile.imwrite(tmp_path / name / f"{image_id}.tif", labels)
        return tmp_path / name

    return drawn


def workbench(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["experts", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


AGREED = (10, 10)
FAR = (140, 140)


def test_a_folder_of_folders_is_one_of_methods(draw: Draw, tmp_path: Path) -> None:
    first = draw("first", a=[AGREED, FAR])
    second = draw("second", a=[AGREED])
    draw("methods/one", a=[AGREED])
    draw("methods/two", a=[FAR])
    labels = read_experts(first, second, [tmp_path / "methods"])
    assert list(labels.predictions) == ["one", "two"]
    alone = read_experts(first, second, [tmp_path / "methods" / "two"])
    assert list(alone.predictions) == ["two"]


def test_what_is_left_out_or_counts_as_empty_is_said(draw: Draw) -> None:
    first = draw("first", a=[AGREED], b=[AGREED], c=[AGREED])
    second = draw("second", a=[AGREED], b=[AGREED])
    method = draw("method", a=[AGREED])
    told = workbench(method, "--first", first, "--second", second)
    assert "Left out, since expert 1 alone annotated them: c, of 3 images." in told
    assert "method lacks b, of 2 images; they count as empty." in told
    # Of 2 cells the method finds one: F1 = 2 / (2 + 1).
    assert "0.667" in told


def test_the_picture_shows_where_the_experts_differ_most_and_who_drew_a_cell(draw: Draw) -> None:
    # They agree at the top left; at the bottom right expert 1 alone drew two cells.
    lone = [(140, 120), (140, 140)]
    first = open_labels(draw("first", calm=[AGREED, FAR], a=[AGREED, *lone]))
    second = open_labels(draw("second", calm=[AGREED, FAR], a=[AGREED]))
    method = open_labels(draw("method", a=[lone[1], (100, 100)]))
    found = compare_experts(first, second, {"m": method})
    picture = dispute_figure(found, first, second, {"m": method})
    assert picture.caption.startswith(
        "Where the experts disagree on most cells: a, rows 34 to 160, columns 34 to 160."
    )
    titles = [note.text for note in picture.figure.layout.annotations]
    assert titles == ["expert 1", "expert 2", "m"], "no image was given"
    n_cells = {
        (trace.xaxis, trace.legendgroup): int(np.isnan(trace.x.astype(float)).sum())
        for trace in picture.figure.data
        if trace.type == "scatter" and trace.showlegend is False and len(trace.x) > 1
    }
    # Expert 1: both lone cells; the method: one of them, and one that nobody drew.
    assert n_cells == {("x", "one"): 2, ("x3", "one"): 1, ("x3", "neither"): 1}


def test_an_image_of_another_size_is_refused(draw: Draw, tmp_path: Path) -> None:
    paths = draw("first", a=[AGREED]), draw("second", a=[AGREED, FAR])
    images = tmp_path / "images"
    images.mkdir()
    tifffile.imwrite(images / "a.tif", np.zeros((SIZE_PX, 9), np.uint8))
    labels = read_experts(*paths, images=images)
    found = compare_experts(labels.first, labels.second, {})
    with pytest.raises(InputError, match=r"a has the size \(160, 9\), its labels have \(160, 160"):
        write_experts(found, labels, tmp_path / "out")
    tifffile.imwrite(images / "a.tif", np.eye(SIZE_PX, dtype=np.uint8))
    figure = dispute_figure(found, labels.first, labels.second, {}, images=images).figure
    assert [note.text for note in figure.layout.annotations] == ["image", "expert 1", "expert 2"]
    (images / "a.tif").rename(images / "b.tif")
    with pytest.raises(InputError, match="has no image 'a'; name images like their labels"):
        write_experts(found, labels, tmp_path / "out")


def test_volumes_are_refused(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        np.save(tmp_path / name / "a.npy", np.ones((3, 20, 20), np.uint16))
    labels = read_experts(tmp_path / "first", tmp_path / "second")
    with pytest.raises(InputError, match=r"expert 2: a is a volume, of size \(3, 20, 20\)"):
        compare_experts(labels.first, labels.second, {})


def test_the_image_that_the_experts_differ_on_most_comes_first(draw: Draw) -> None:
    first = open_labels(draw("first", same=[AGREED], other=[AGREED], empty=[]))
    second = open_labels(draw("second", same=[AGREED], other=[FAR], empty=[]))
    (section,) = second_annotator_report(first, second, {})
    (table,) = [item for item in section.items if isinstance(item, ReportTable)]
    assert table.frame["image_id"].tolist() == ["other", "same", "empty"]
    assert table.frame["f1"].iloc[:2].tolist() == [0, 1]
    assert np.isnan(table.frame["f1"].iloc[2])


def test_labels_that_cannot_be_compared_are_refused(draw: Draw) -> None:
    first = draw("first", a=[AGREED])
    with pytest.raises(InputError, match=r"both experts are .*give the labels of two"):
        read_experts(first, first)
    with pytest.raises(InputError, match="no such file or folder"):
        read_experts(first, first.with_name("nowhere"))
    second = draw("second", a=[FAR])
    methods = [draw("one/unet", a=[FAR]), draw("two/unet", a=[FAR])]
    with pytest.raises(InputError, match=r"two methods are called 'unet'.*rename one"):
        read_experts(first, second, methods)
    empty = read_experts(first, draw("empty", a=[]))
    with pytest.raises(InputError, match=r"expert 2 \(.*empty\) drew no cell on any image"):
        compare_experts(empty.first, empty.second, {})
    with pytest.raises(InputError, match=r"expert 1 \(.*empty\) drew no cell"):
        compare_experts(empty.second, empty.first, {})
    foreign = open_labels(draw("foreign", z=[FAR]))
    with pytest.raises(InputError, match=r"m \(.*foreign\) has none of the experts' images"):
        compare_experts(empty.first, open_labels(second), {"m": foreign})


def test_the_tile_of_two_experts_is_reported_whole(
    real_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = real_data / "codex_tissue"
    methods = [folder / "predictions" / name for name in ("Cellpose-0.6.1", "CellX")]
    labels = read_experts(folder, folder / "labels_expert2", methods)
    assert labels.images == folder
    found = compare_experts(labels.first, labels.second, labels.predictions)
    print_experts(found, labels)
    assert "the experts score F1 = 0.36 against each other" in capsys.readouterr().out
    page = write_experts(found, labels, tmp_path / "report")
    text = (page.parent / "report.md").read_text()
    assert "Where the experts disagree on most cells: R001_X003_Y004, rows" in text
    kept = pd.read_csv(page.parent / "tables" / "two_experts.csv")
    assert kept["Method"].tolist() == ["Cellpose-0.6.1", "CellX"]
