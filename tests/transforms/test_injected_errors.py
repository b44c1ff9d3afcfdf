"""Known errors put into labels; that they are found again is a test of the metrics."""

import numpy as np
import pytest
from skimage.draw import disk

from workbench.schema import InputError, LabelImage
from workbench.transforms import INJECTED_KINDS, inject_errors


@pytest.fixture
def labels() -> LabelImage:
    """Sixteen discs, pairs of which touch, with gaps in the numbering."""
    found = np.zeros((160, 160), np.uint16)
    for place in range(16):
        row, column = divmod(place, 4)
        middle = (20 + 40 * row, 20 + 40 * column - 9 * (column % 2))
        found[disk(middle, 10, shape=found.shape)] = 3 * place + 5
    return found


@pytest.mark.parametrize("kind", INJECTED_KINDS)
def test_only_the_cells_named_change(kind: str, labels: LabelImage) -> None:
    before = labels.copy()
    wrong, errors = inject_errors(labels, {kind: 2}, rng=np.random.default_rng(0))
    assert (labels == before).all()
    assert [error.kind for error in errors] == [kind] * 2
    touched = {cell for error in errors for cell in error.reference_ids}
    assert len(touched) == sum(len(error.reference_ids) for error in errors), "no cell twice"
    for cell in set(np.unique(labels)) - touched - {0}:
        assert ((wrong == cell) == (labels == cell)).all()
    there = {cell for error in errors for cell in error.predicted_ids}
    assert there <= set(np.unique(wrong).tolist())
    assert (wrong != labels).any()


def test_the_same_seed_gives_the_same_errors(labels: LabelImage) -> None:
    counts = dict.fromkeys(INJECTED_KINDS, 1)
    first, second = (
        inject_errors(labels, counts, rng=np.random.default_rng(seed)) for seed in (3, 3)
    )
    assert (first[0] == second[0]).all()
    assert first[1] == second[1]
    other = inject_errors(labels, counts, rng=np.random.default_rng(4))
    assert (other[0] != first[0]).any()


def test_what_does_not_fit_is_not_put_in(labels: LabelImage) -> None:
    _, errors = inject_errors(labels, {"missed": 20}, rng=np.random.default_rng(0))
    assert len(errors) == 16
    full = np.ones((30, 30), int)
    for kind in ("spurious", "merge", "grown", "shifted", "catastrophe"):
        wrong, errors = inject_errors(full, {kind: 1}, rng=np.random.default_rng(0))
        assert errors == ()
        assert (wrong == full).all()


def test_small_cells_and_empty_labels_stay_as_they_are() -> None:
    tiny = np.zeros((20, 20), int)
    tiny[2:8, 2:8] = 1
    for labels in (tiny, np.zeros((0, 0), int)):
        counts = {kind: 1 for kind in INJECTED_KINDS if kind != "spurious"}
        wrong, errors = inject_errors(labels, counts, rng=np.random.default_rng(0))
        assert errors == ()
        assert (wrong == labels).all()


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(InputError, match="no error is called 'lost'; there are missed, spurious"):
        inject_errors(np.ones((3, 3), int), {"lost": 1}, rng=np.random.default_rng(0))
