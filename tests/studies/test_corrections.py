"""Corrected annotations: never over the original, scored at once, read back."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import small_view
from workbench.datasets import read_labels
from workbench.schema import InputError
from workbench.store import Verdict, annotation_versions, read_verdicts
from workbench.studies import RunView, correct_annotation, judge_cell, read_annotation


@pytest.fixture
def view(small_study: Callable[..., Path], tmp_path: Path) -> RunView:
    return small_view(small_study(), tmp_path / "run")


def test_a_correction_is_a_version_of_its_own_and_changes_the_score(view: RunView) -> None:
    original = read_annotation(view, "im2")
    predicted = read_labels(view.run.prediction_file(view.members[0], "im2"))
    fixed = original.copy()
    lost = int(original.max())
    fixed[original == lost] = 0
    done = correct_annotation(view, "im2", fixed, note="debris", reviewer="Ada")
    assert (done.version.version, done.removed, done.added) == (1, (lost,), ())
    assert done.changed == (), "what is gone was not given other pixels"
    (kept,) = annotation_versions(view.run, "im2")
    assert (kept.note, kept.reviewer, kept.parent) == ("debris", "Ada", 0)
    assert (read_annotation(view, "im2") == fixed).all()
    assert (read_annotation(view, "im2", 0) == original).all()
    row = done.scores.iloc[0]
    n_predicted = len(np.unique(predicted)) - 1
    n_before = len(np.unique(original)) - 1
    # The method finds every disc, so the one that was taken away is one match fewer.
    assert row["f1_before"] == pytest.approx(2 * n_before / (n_before + n_predicted))
    assert row["f1_after"] == pytest.approx(2 * (n_before - 1) / (n_before - 1 + n_predicted))
    assert done.sentence.startswith("im2 version 1: 1 removed. F1: otsu_watershed-0 1.000 to")
    again = correct_annotation(view, "im2", original, parent=1)
    assert (again.version.version, again.added) == (2, (lost,))


def test_what_can_not_be_a_correction_is_refused(view: RunView) -> None:
    original = read_annotation(view, "im2")
    with pytest.raises(InputError, match="no cell was changed; nothing is saved"):
        correct_annotation(view, "im2", original)
    with pytest.raises(InputError, match=r"need the shape \(96, 96\), got \(96, 95\)"):
        correct_annotation(view, "im2", original[:, 1:])
    with pytest.raises(InputError, match="no annotation version 3"):
        read_annotation(view, "im2", 3)
    with pytest.raises(InputError, match="has no image 'absent'"):
        read_annotation(view, "absent")
    assert not view.run.annotations_file.exists()


def test_a_verdict_is_noted_for_cells_that_are_there(view: RunView) -> None:
    cell = view.cells[view.cells["side"] == "reference"].iloc[0]
    noted = Verdict(
        cell["image_id"], "reference", int(cell["cell_id"]), "otsu_watershed-0", "ambiguous"
    )
    assert judge_cell(view, noted)["judgement"].tolist() == ["ambiguous"]
    for wrong in (
        Verdict(cell["image_id"], "reference", 999, "otsu_watershed-0", "ambiguous"),
        Verdict(cell["image_id"], "reference", int(cell["cell_id"]), "sam-0", "ambiguous"),
    ):
        with pytest.raises(InputError, match=r"nothing was noted"):
            judge_cell(view, wrong)
    assert len(read_verdicts(view.run.verdicts_file, latest=False)) == 1
