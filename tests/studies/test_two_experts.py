"""Methods against two experts: which errors the experts would argue about."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from workbench.datasets import LabelSource, open_labels
from workbench.metrics import label_overlap, match_overlap
from workbench.report import ReportTable
from workbench.schema import InputError
from workbench.studies import ExpertComparison, compare_experts, second_annotator_report

Write = Callable[..., LabelSource]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes rows of pixels as labels of an annotator."""

    def written(name: str, *images: list[int]) -> LabelSource:
        (tmp_path / name).mkdir()
        for place, row in enumerate(images):
            labels = np.repeat([row], 3, axis=0).astype(np.uint16)
            tifffile.imwrite(tmp_path / name / f"im{place}.tif", labels)
        return open_labels(tmp_path / name)

    return written


def count(found: ExpertComparison, side: str, outcome: str, **chosen: str) -> tuple[int, int]:
    """Return cells of an outcome against expert 1, and how many of them are disputed."""
    table = found.outcomes
    wanted = {"method": "m", "against": "expert 1", "side": side, "outcome": outcome} | chosen
    for column, value in wanted.items():
        table = table[table[column] == value]
    (row,) = table.to_dict("records")
    return row["n_cells"], row["n_disputed"]


def test_an_error_is_disputed_if_the_other_expert_sees_it_as_the_method_does(write: Write) -> None:
    # Expert 1 has cells 1, 2, 3; expert 2 has 1 and 2, and 4 elsewhere.
    first = write("first", [1, 1, 0, 2, 2, 0, 3, 3, 0, 0, 0, 0, 0, 0])
    second = write("second", [1, 1, 0, 2, 2, 0, 0, 0, 0, 4, 4, 0, 0, 0])
    # The method has cell 1, cell 4 of expert 2, and one of its own; it lacks 2 and 3.
    method = write("method", [7, 7, 0, 0, 0, 0, 0, 0, 0, 8, 8, 0, 9, 9])
    found = compare_experts(first, second, {"m": method})
    # Both lack 3, both have 4; that 2 is lost and 9 is none, the experts agree on.
    assert count(found, "reference", "missed") == (2, 1)
    assert count(found, "predicted", "spurious") == (2, 1)
    assert count(found, "reference", "matched") == (1, 0)
    assert count(found, "predicted", "spurious", against="expert 2") == (1, 0)
    assert count(found, "reference", "missed", against="expert 2") == (1, 0)
    assert count(found, "reference", "missed", method="expert 2") == (1, 1)
    (row,) = found.agreed.to_dict("records")
    assert row == {"method": "m", "n_agreed": 2, "n_found": 1, "n_predicted": 3, "n_backed": 2}
    assert found.ceiling == pytest.approx(2 * 2 / (3 + 3))


def test_a_method_that_copies_an_expert_has_only_the_experts_disagreement_as_error(
    write: Write,
) -> None:
    first = write("first", [1, 1, 0, 2, 2, 0, 3], [1, 0, 0, 5, 5, 5, 5])
    second = write("second", [1, 1, 0, 0, 0, 4, 4], [1, 1, 1, 0, 5, 5, 5])
    found = compare_experts(first, second, {"copy": second})
    errors = found.outcomes[
        (found.outcomes["method"] == "copy") & (found.outcomes["outcome"] != "matched")
    ]
    against_first = errors[errors["against"] == "expert 1"]
    assert against_first["n_cells"].sum() > 0
    assert (against_first["n_cells"] == against_first["n_disputed"]).all()
    assert errors.loc[errors["against"] == "expert 2", "n_cells"].sum() == 0
    f1 = found.scores[found.scores["method"] == "copy"].set_index("against")["f1"]
    assert f1["expert 1"] == found.ceiling
    assert f1["expert 2"] == 1


def test_an_image_that_a_method_lacks_counts_as_empty(write: Write) -> None:
    first = write("first", [1, 1, 0, 2], [1, 0, 2, 0])
    method = write("method", [1, 1, 0, 2])
    found = compare_experts(first, first, {"m": method})
    assert found.n_images == 2
    assert count(found, "reference", "missed") == (2, 0)


def test_what_can_t_be_compared_is_refused(write: Write, tmp_path: Path) -> None:
    first = write("first", [1, 1, 0])
    (tmp_path / "other").mkdir()
    tifffile.imwrite(tmp_path / "other" / "elsewhere.tif", np.ones((3, 3), np.uint16))
    with pytest.raises(InputError, match="no image in common"):
        compare_experts(first, open_labels(tmp_path / "other"), {})
    with pytest.raises(InputError, match=r"m: im0 has the size \(3, 2\).* \(3, 3\)"):
        compare_experts(first, first, {"m": write("cropped", [1, 1])})
    with pytest.raises(InputError, match="can't be called 'expert 2'"):
        compare_experts(first, first, {"expert 2": first})


def test_experts_without_methods_are_still_compared(write: Write) -> None:
    first = write("first", [1, 1, 0, 2])
    sections = second_annotator_report(first, first, {})
    assert "score F1 = 1.00 against each other" in sections[0].texts[0]


@pytest.fixture
def tile(real_data: Path) -> tuple[LabelSource, LabelSource, dict[str, LabelSource]]:
    """The CODEX tile with two experts and eleven methods."""
    folder = real_data / "codex_tissue"
    methods = {path.name: open_labels(path) for path in (folder / "predictions").iterdir()}
    return open_labels(folder / "labels"), open_labels(folder / "labels_expert2"), methods


def test_on_the_codex_tile_most_errors_of_the_best_methods_are_the_experts_disagreement(
    tile: tuple[LabelSource, LabelSource, dict[str, LabelSource]],
) -> None:
    first, second, methods = tile
    found = compare_experts(first, second, methods)
    assert len(found.agreed) == 11
    # Scores are those of matching alone.
    one, two = (source.read(source.image_ids[0]).labels for source in (first, second))
    between = match_overlap(label_overlap(one, two))
    assert found.ceiling == pytest.approx(2 * between.tp / (3431 + 2094))
    best = found.scores[found.scores["method"] == "Cellpose-0.6.1"].set_index("against")
    assert (best["f1"] > found.ceiling).all()
    sections = second_annotator_report(first, second, methods)
    assert "F1 = 0.36 against each other" in sections[0].texts[0]
    told = "Cellpose-0.6.1 against expert 1: 66 % of 2,745 cells in errors are disagreement"
    assert sections[1].texts[0].startswith(told)
    (table,) = [item for item in sections[0].items if isinstance(item, ReportTable)]
    # Every cell has one outcome: totals are those of the labels.
    cells = found.outcomes.groupby(["method", "against", "side"])["n_cells"].sum()
    assert (cells.xs("reference", level="side").xs("expert 1", level="against") == 3431).all()
    assert (found.outcomes["n_disputed"] <= found.outcomes["n_cells"]).all()
    assert table.frame["Disputed, expert 1, %"].iloc[0] == pytest.approx(0.66, abs=0.005)
