"""Distances, rays and flows that networks learn."""

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from scipy import ndimage

from tests.inference.random_labels import label_images
from workbench.datasets import open_dataset, read_labels
from workbench.transforms import cell_distances, distance_target, flow_target, star_target


def real_labels(real_data: Path) -> list[np.ndarray]:
    records = open_dataset(real_data / "dsb2018").split("test")[:4]
    return [read_labels(record.labels).astype(np.int32) for record in records if record.labels]


@given(label_images())
def test_a_distance_is_that_of_scipy_cell_by_cell(labels: np.ndarray) -> None:
    distances = cell_distances(labels)
    for cell in range(1, labels.max() + 1):
        mask = labels == cell
        if mask.all():
            assert np.isinf(distances).all()
        else:
            assert np.allclose(distances[mask], ndimage.distance_transform_edt(mask)[mask])
    assert not distances[labels == 0].any()


@given(label_images())
def test_each_cell_has_a_middle_of_distance_one(labels: np.ndarray) -> None:
    target = distance_target(labels)
    assert np.array_equal(target > 0, labels > 0)
    for cell in range(1, labels.max() + 1):
        assert target[labels == cell].max() == 1


def test_a_distance_is_that_of_stardist_on_real_nuclei(real_data: Path) -> None:
    from stardist.utils import edt_prob

    for labels in real_labels(real_data):
        # StarDist adds a small number to its divisor.
        assert np.abs(distance_target(labels) - edt_prob(labels)).max() < 1e-3


def test_rays_of_a_square_end_half_a_step_before_other_pixels() -> None:
    labels = np.zeros((9, 9), np.int32)
    labels[2:7, 2:7] = 1
    rays = star_target(labels)[4, 4]
    assert rays[[0, 8, 16, 24]].tolist() == [2.5] * 4
    assert np.allclose(rays[[4, 12, 20, 28]], 2.5 * 2**0.5)


def test_rays_end_at_a_touching_cell_and_at_the_edge_of_the_image() -> None:
    assert star_target(np.array([[1, 1, 2]]))[0, 0, [0, 16]].tolist() == [1.5, 0.5]


def test_rays_are_those_of_stardist_to_within_a_pixel_on_real_nuclei(real_data: Path) -> None:
    from stardist.geometry import star_dist

    for labels in real_labels(real_data):
        off = np.abs(star_target(labels) - star_dist(labels, 32))[labels > 0]
        assert off.mean() < 0.3
        assert (off < 1).mean() > 0.97


def test_flows_of_a_disc_point_to_its_middle() -> None:
    rows, columns = np.indices((41, 41)) - 20
    labels = (rows**2 + columns**2 <= 15**2).astype(np.int32)
    away = np.stack([-rows, -columns], axis=-1) / np.maximum(np.hypot(rows, columns), 1)[..., None]
    alike = (flow_target(labels) * away).sum(axis=-1)
    assert alike[(labels > 0) & (rows**2 + columns**2 > 4)].min() > 0.9


@given(label_images())
def test_flows_have_length_one_or_none(labels: np.ndarray) -> None:
    lengths = np.hypot(*np.moveaxis(flow_target(labels), -1, 0))
    assert np.all(np.isclose(lengths, 1, atol=1e-5) | (lengths == 0))
    assert not lengths[labels == 0].any()


def test_flows_are_those_of_cellpose_on_real_nuclei(
    real_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Cellpose imports torchvision for its networks; its flows do without.
    transforms = ModuleType("torchvision.transforms")
    transforms.functional = transforms._functional_tensor = None  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torchvision", ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.transforms", transforms)
    masks_to_flows = pytest.importorskip("cellpose.dynamics").masks_to_flows_gpu
    for labels in real_labels(real_data):
        _, ranks = np.unique(np.append(0, labels), return_inverse=True)
        cells = ranks[1:].reshape(labels.shape)
        theirs = np.moveaxis(masks_to_flows(cells)[0], 0, -1)
        ours = flow_target(cells)
        alike = (ours * theirs).sum(axis=-1)[np.hypot(ours[..., 0], ours[..., 1]) > 0]
        # They differ where cells touch: there Cellpose's gradient reaches into the neighbour.
        assert alike.mean() > 0.97
        assert (alike > 0.9).mean() > 0.94
