"""Laws that hold for every encoding and every decoder."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.inference.random_labels import label_images
from workbench.datasets import open_dataset, read_labels
from workbench.inference import ENCODINGS
from workbench.metrics import label_overlap, match_overlap
from workbench.transforms import ORIENTATIONS, Orientation

WAYS = [(name, kind) for name, encoding in ENCODINGS.items() for kind in encoding.decoders]
GIVE_BACK = [(name, kind) for name, kind in WAYS if kind().kind != "official"]
IDS = [f"{name}-{kind().kind}" for name, kind in WAYS]


def certain(name: str, labels: np.ndarray) -> np.ndarray:
    return ENCODINGS[name].perfect(ENCODINGS[name].encode(labels))


def is_numbered(labels: np.ndarray) -> bool:
    return bool(np.array_equal(np.unique(np.append(0, labels)), np.arange(labels.max() + 1)))


@pytest.mark.parametrize("name", ENCODINGS)
@given(labels=label_images(), orientation=st.sampled_from(ORIENTATIONS))
def test_maps_of_a_turned_image_turned_back_are_those_of_the_image(
    name: str, labels: np.ndarray, orientation: Orientation
) -> None:
    turned = certain(name, np.ascontiguousarray(orientation.turn(labels)))
    back = ENCODINGS[name].turn_back(turned, orientation)
    assert np.allclose(back, certain(name, labels), atol=1e-4)


@pytest.mark.parametrize("name", ENCODINGS)
@given(labels=label_images())
def test_an_activated_network_can_paint_maps_of_the_shape_that_is_decoded(
    name: str, labels: np.ndarray
) -> None:
    import torch

    encoding = ENCODINGS[name]
    maps = certain(name, labels)
    assert maps.shape == (*labels.shape, encoding.channels)
    assert maps.dtype == np.float32
    painted = encoding.activate(torch.zeros(2, encoding.channels, *labels.shape))
    assert painted.shape == (2, encoding.channels, *labels.shape)


@pytest.mark.parametrize(("name", "kind"), WAYS, ids=IDS)
@given(labels=label_images())
def test_cells_come_back_on_the_foreground_numbered_without_gaps(
    name: str, kind: type, labels: np.ndarray
) -> None:
    decoded = ENCODINGS[name].decode(certain(name, labels), kind(min_area_px=0))
    assert decoded.shape == labels.shape
    assert decoded.dtype == np.int32
    assert is_numbered(decoded)
    if name != "star_convex":  # polygons may round a corner off, or on
        assert not decoded[labels == 0].any()


@pytest.mark.parametrize(("name", "kind"), GIVE_BACK)
@given(
    sides=st.lists(st.tuples(st.integers(3, 14), st.integers(3, 14)), min_size=1, max_size=4),
    gap=st.integers(1, 3),
)
def test_rectangles_apart_come_back(
    name: str, kind: type, sides: list[tuple[int, int]], gap: int
) -> None:
    labels = np.zeros((16, sum(width + gap for _, width in sides) + 1), np.int32)
    left = 0
    for number, (height, width) in enumerate(sides, start=1):
        labels[:height, left : left + width] = number
        left += width + gap
    decoded = ENCODINGS[name].decode(certain(name, labels), kind(min_area_px=0))
    assert match_overlap(label_overlap(labels, decoded)).tp == len(sides)


@pytest.mark.parametrize(("name", "kind"), GIVE_BACK)
def test_cells_of_one_pixel_come_back(name: str, kind: type) -> None:
    labels = np.zeros((9, 9), np.int32)
    labels[0, 0], labels[4, 4], labels[4, 8], labels[8, 3] = 1, 2, 3, 4
    decoded = ENCODINGS[name].decode(certain(name, labels), kind(min_area_px=0))
    assert np.array_equal(decoded > 0, labels > 0)
    assert decoded.max() == 4


@pytest.mark.parametrize(("name", "kind"), GIVE_BACK)
def test_touching_cells_come_back_apart(name: str, kind: type) -> None:
    labels = np.zeros((40, 60), np.int32)
    labels[4:20, 4:20], labels[4:20, 20:36], labels[20:36, 10:30], labels[0:3, 50:60] = 1, 2, 3, 4
    decoded = ENCODINGS[name].decode(certain(name, labels), kind(min_area_px=0))
    assert match_overlap(label_overlap(labels, decoded), iou_threshold=0.85).tp == 4
    assert decoded.max() == 4


@pytest.mark.parametrize(("name", "kind"), WAYS, ids=IDS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (64, 64)])
@pytest.mark.parametrize("filled", [False, True])
def test_images_of_one_pixel_without_cells_or_full_of_one_cell_are_decoded(
    name: str, kind: type, shape: tuple[int, int], filled: bool
) -> None:
    labels = np.full(shape, int(filled), np.int32)
    maps = certain(name, labels)
    assert np.isfinite(maps).all()
    assert np.array_equal(ENCODINGS[name].decode(maps, kind(min_area_px=0)) > 0, labels > 0)


@pytest.mark.parametrize(("name", "kind"), WAYS, ids=IDS)
@given(st.data())
def test_any_maps_can_be_decoded(name: str, kind: type, data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    shape = (data.draw(st.integers(1, 30)), data.draw(st.integers(1, 30)))
    maps = rng.normal(size=(*shape, ENCODINGS[name].channels)).astype(np.float32) * 4
    maps[rng.random(shape) < 0.05] = data.draw(st.sampled_from([np.nan, 0]))
    assert is_numbered(ENCODINGS[name].decode(maps, kind()))


@pytest.mark.parametrize("name", ENCODINGS)
def test_what_is_sure_of_every_pixel_is_sure_of_the_cells(name: str) -> None:
    labels = np.zeros((30, 40), np.int32)
    labels[4:20, 4:20], labels[4:20, 20:36] = 1, 2
    encoding = ENCODINGS[name]
    maps = certain(name, labels)
    sure = encoding.confidences(maps, labels)
    maps[labels == 2] *= 0.5
    unsure = encoding.confidences(maps, labels)
    assert "interior" in sure
    for key, values in sure.items():
        assert values.dtype == np.float32
        assert np.allclose(values[0], values[1])
        assert unsure[key][0] == values[0]
        assert unsure[key][1] < 0.6 * values[1]


@pytest.mark.parametrize(("name", "least"), [("star_convex", 0.96), ("flows", 0.97)])
def test_nearly_all_real_nuclei_come_back(name: str, least: float, real_data: Path) -> None:
    encoding = ENCODINGS[name]
    scores = []
    for record in open_dataset(real_data / "dsb2018").split("test")[:12]:
        _, ranks = np.unique(np.append(0, read_labels(record.labels)), return_inverse=True)
        labels = ranks[1:].reshape(read_labels(record.labels).shape).astype(np.int32)
        decoded = encoding.decode(certain(name, labels), encoding.decoders[0](min_area_px=0))
        matches = match_overlap(label_overlap(labels, decoded))
        scores.append(2 * matches.tp / (2 * matches.tp + matches.fp + matches.fn))
    assert np.mean(scores) > least
