"""How sure a prediction is of each cell."""

import numpy as np
from hypothesis import given

from tests.inference.random_labels import label_images
from workbench.inference import (
    ENCODINGS,
    FlowDecoder,
    OfficialDecoder,
    WatershedDecoder,
    agreement,
    mask_stability,
)

THREE = ENCODINGS["three_class"]


def two_squares() -> tuple[np.ndarray, np.ndarray]:
    labels = np.zeros((20, 40), np.int32)
    labels[4:16, 4:16], labels[4:16, 24:36] = 1, 2
    return labels, THREE.perfect(THREE.encode(labels))


def test_a_rim_without_boundary_makes_a_cell_unsure() -> None:
    labels, maps = two_squares()
    is_rim_of_second = (maps[..., 2] == 1) & (labels == 2)
    maps[is_rim_of_second] = [0, 0.75, 0.25]
    sure = THREE.confidences(maps, labels)
    assert np.allclose(sure["interior"], 1)
    assert np.allclose(sure["interior_and_rim"], [1, 0.25])


def test_a_cell_that_fills_the_image_has_no_rim_and_so_no_such_confidence() -> None:
    labels = np.ones((5, 5), np.int32)
    sure = THREE.confidences(THREE.perfect(THREE.encode(labels)), labels)
    assert sure["interior"].tolist() == [1]
    assert np.isnan(sure["interior_and_rim"]).all()


def test_the_mask_of_a_cell_that_depends_on_the_threshold_is_not_stable() -> None:
    labels, maps = two_squares()
    # Of the second cell the right third is foreground at 0.4, and not at 0.6.
    maps[4:16, 32:36] = [0.5, 0.5, 0]
    stable = mask_stability(THREE, maps, WatershedDecoder(), labels)
    assert np.allclose(stable, [1, 8 / 12])


def test_a_cell_that_vanishes_at_the_higher_threshold_has_stability_nought() -> None:
    labels = np.pad(np.ones((10, 10), np.int32), 5)
    flows = ENCODINGS["flows"]
    maps = flows.perfect(flows.encode(labels))
    maps[..., 0] *= 0.5
    assert mask_stability(flows, maps, FlowDecoder(), labels).tolist() == [0]


def test_stability_is_undefined_without_a_foreground_threshold() -> None:
    labels, maps = two_squares()
    assert np.isnan(mask_stability(THREE, maps, OfficialDecoder(), labels)).tolist() == [True, True]


@given(label_images())
def test_who_is_asked_twice_agrees_with_himself(labels: np.ndarray) -> None:
    assert agreement(labels, [labels, labels]).tolist() == [1] * labels.max()


def test_agreement_is_the_mean_iou_of_the_best_cells_of_the_others() -> None:
    labels = np.array([[1, 1, 1, 0, 2]])
    halved = np.array([[3, 1, 1, 0, 0]])
    assert np.allclose(agreement(labels, [labels, halved]), [(1 + 2 / 3) / 2, 0.5])


def test_agreement_with_nobody_is_undefined() -> None:
    assert np.isnan(agreement(np.array([[1, 0]]), [])).all()
