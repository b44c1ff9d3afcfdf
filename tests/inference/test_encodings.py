"""Encoding and decoding."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from workbench.datasets import open_dataset, read_labels
from workbench.inference import (
    ENCODINGS,
    OfficialDecoder,
    PredictionConfig,
    WatershedDecoder,
    fitting_decoder,
)
from workbench.metrics import match_instances
from workbench.schema import InputError

ENCODING = ENCODINGS["three_class"]


def certain(labels: np.ndarray) -> np.ndarray:
    return ENCODING.perfect(ENCODING.encode(labels))


def two_touching_discs() -> np.ndarray:
    rows, columns = np.ogrid[:40, :60]
    labels = np.zeros((40, 60), np.int32)
    labels[(rows - 20) ** 2 + (columns - 20) ** 2 <= 100] = 1
    labels[((rows - 20) ** 2 + (columns - 40) ** 2 <= 100) & (labels == 0)] = 2
    return labels


def test_perfect_probabilities_give_the_cells_back() -> None:
    labels = two_touching_discs()
    decoded = ENCODING.decode(certain(labels), WatershedDecoder())
    assert match_instances(labels, decoded, iou_threshold=0.95).tp == 2


def test_the_boundary_ring_is_given_back() -> None:
    labels = two_touching_discs()
    decoded = ENCODING.decode(certain(labels), WatershedDecoder())
    assert np.array_equal(decoded > 0, labels > 0)


def test_cells_below_the_least_area_are_dropped_and_numbers_stay_without_gaps() -> None:
    labels = two_touching_discs()
    labels[2:5, 2:5] = 3
    decoded = ENCODING.decode(certain(labels), WatershedDecoder(min_area_px=20))
    assert np.unique(decoded).tolist() == [0, 1, 2]


def test_nothing_is_decoded_from_background() -> None:
    empty = np.zeros((20, 30), np.int32)
    assert not ENCODING.decode(certain(empty), WatershedDecoder()).any()


def test_the_ceiling_on_real_nuclei_is_far_above_that_of_the_official_decoding(
    real_data: Path,
) -> None:
    def mean_f1(decode: Callable[[np.ndarray], np.ndarray], iou_threshold: float) -> float:
        matches = [
            match_instances(labels, decode(certain(labels)), iou_threshold=iou_threshold)
            for labels in references
        ]
        return float(np.mean([2 * m.tp / (2 * m.tp + m.fp + m.fn) for m in matches]))

    records = open_dataset(real_data / "dsb2018").split("test")[:20]
    references = [read_labels(record.labels) for record in records if record.labels]

    def ours(probabilities: np.ndarray) -> np.ndarray:
        return ENCODING.decode(probabilities, WatershedDecoder())

    def official(probabilities: np.ndarray) -> np.ndarray:
        return ENCODING.decode(probabilities, OfficialDecoder())

    assert mean_f1(ours, 0.5) > 0.94
    assert mean_f1(ours, 0.9) > mean_f1(official, 0.9) + 0.5


def test_the_official_rule_keeps_the_interior_alone() -> None:
    labels = two_touching_discs()
    maps = certain(labels)
    decoded = ENCODING.decode(maps, OfficialDecoder())
    assert np.array_equal(decoded > 0, maps[..., 1] == 1)
    assert decoded.max() == 2


def test_a_decoder_of_other_maps_is_refused() -> None:
    class Foreign:
        kind = "foreign"

    assert fitting_decoder("three_class", None) == WatershedDecoder()
    with pytest.raises(InputError, match="decoder 'foreign' does not read three_class maps"):
        fitting_decoder("three_class", Foreign())
    unnamed = PredictionConfig(decoder={"min_area_px": 50})
    with pytest.raises(InputError, match=r"choose among flows, e\.g\. decoder: \{kind: flows\}"):
        fitting_decoder("flows", unnamed.decoder)


def test_a_cell_is_as_sure_as_its_pixels() -> None:
    labels = two_touching_discs()
    maps = certain(labels)
    maps[labels == 2] *= 0.5
    assert np.allclose(ENCODING.confidences(maps, labels)["interior"], [1, 0.5])
