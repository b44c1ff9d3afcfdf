"""Thumbnails: drawn once, whatever happens, and true to their images."""

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.segmentation import find_boundaries

from workbench.datasets import Record, open_dataset, read_sample
from workbench.schema import InputError
from workbench.studies import _thumbnails, make_thumbnails
from workbench.studies._small_pictures import (
    CHOSEN_COLOUR,
    GROUND,
    OUTLINE_COLOUR,
    as_jpeg,
    crop_around,
    enlarged,
    fitted_shape,
    shrunk_picture,
    with_outlines,
)


def decoded(jpeg: bytes) -> np.ndarray:
    return np.asarray(imagecodecs.jpeg8_decode(jpeg)).astype(int)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of the images that are read from now on."""
    ids: list[str] = []

    def read(record: Record) -> object:
        ids.append(record.image_id)
        return read_sample(record)

    monkeypatch.setattr(_thumbnails, "read_sample", read)
    return ids


def test_every_image_has_a_plain_and_an_outlined_thumbnail(
    small_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    dataset = open_dataset(small_dataset())
    thumbnails = make_thumbnails(dataset, tmp_path / "sheets", size_px=48)
    assert thumbnails.image_ids == ("im0", "im1", "im2", "im3", "im4")
    for image_id in thumbnails.image_ids:
        plain, outlined = (
            decoded(thumbnails.thumbnail(image_id, outlined=outlined)) for outlined in (False, True)
        )
        assert plain.shape == outlined.shape == (48, 48, 3)
        assert np.ptp(plain, axis=2).max() < 12, "a grey image stays grey"
        assert np.ptp(outlined, axis=2).max() > 100, "its outlines are coloured"


def test_nothing_is_drawn_twice_and_a_changed_image_is_drawn_again(
    small_dataset: Callable[..., Path], tmp_path: Path, drawn: list[str]
) -> None:
    root = small_dataset()
    first = make_thumbnails(open_dataset(root), tmp_path / "sheets")
    assert sorted(drawn) == ["im0", "im1", "im2", "im3", "im4"]
    before = first.thumbnail("im3")

    drawn.clear()
    make_thumbnails(open_dataset(root), tmp_path / "sheets")
    assert drawn == []

    tifffile.imwrite(root / "images" / "im3.tif", np.zeros((96, 96), np.uint8))
    again = make_thumbnails(open_dataset(root), tmp_path / "sheets")
    assert drawn == ["im3"]
    assert again.thumbnail("im3") != before

    drawn.clear()
    os.utime(root / "labels" / "im1.tif", ns=(1, 1))
    make_thumbnails(open_dataset(root), tmp_path / "sheets")
    assert drawn == ["im1"], "outlines follow the labels"


def test_another_size_is_another_thumbnail(
    small_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    dataset = open_dataset(small_dataset())
    make_thumbnails(dataset, tmp_path / "sheets", size_px=48)
    larger = make_thumbnails(dataset, tmp_path / "sheets", size_px=64)
    assert decoded(larger.thumbnail("im0")).shape == (64, 64, 3)


def test_after_a_kill_the_sheets_that_were_written_are_kept(
    small_dataset: Callable[..., Path],
    tmp_path: Path,
    drawn: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_thumbnails, "PER_SHEET", 2)
    dataset = open_dataset(small_dataset())

    def stop(done: int, _: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_thumbnails(dataset, tmp_path / "sheets", on_progress=stop)
    drawn.clear()
    steps: list[tuple[int, int]] = []
    make_thumbnails(dataset, tmp_path / "sheets", on_progress=lambda *step: steps.append(step))
    assert sorted(drawn) == ["im2", "im3", "im4"]
    assert steps == [(2, 5), (4, 5), (5, 5)]


def test_a_damaged_sheet_is_drawn_again(
    small_dataset: Callable[..., Path], tmp_path: Path, drawn: list[str]
) -> None:
    dataset = open_dataset(small_dataset())
    make_thumbnails(dataset, tmp_path / "sheets")
    (sheet,) = (tmp_path / "sheets").iterdir()
    sheet.write_bytes(sheet.read_bytes()[:200])
    drawn.clear()
    thumbnails = make_thumbnails(dataset, tmp_path / "sheets")
    assert len(drawn) == 5
    assert decoded(thumbnails.thumbnail("im4")).shape == (96, 96, 3)
    assert zipfile.is_zipfile(sheet)


def test_an_unreadable_image_is_a_crossed_tile_until_it_is_mended(
    small_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    root = small_dataset()
    whole = (root / "images" / "im2.tif").read_bytes()
    (root / "images" / "im2.tif").write_bytes(whole[:50])
    broken = make_thumbnails(open_dataset(root), tmp_path / "sheets")
    for picture in (broken.thumbnail("im2"), broken.crop("im2", 1)):
        tile = decoded(picture)
        middle = len(tile) // 2
        assert tile[middle, middle].max() < 100, "the cross is dark"
        assert abs(tile[middle // 3, middle] - GROUND).max() < 12, "beside it the tile is grey"
    assert broken.thumbnail("im2", outlined=True) == broken.thumbnail("im2")
    assert decoded(broken.thumbnail("im1")).std() > 20, "the others are there"

    (root / "images" / "im2.tif").write_bytes(whole)
    mended = make_thumbnails(open_dataset(root), tmp_path / "sheets")
    assert decoded(mended.thumbnail("im2")).std() > 20


def test_an_image_without_labels_has_no_outlines(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    tifffile.imwrite(tmp_path / "images" / "a.tif", np.eye(64, dtype=np.uint8))
    thumbnails = make_thumbnails(open_dataset(tmp_path), tmp_path / "sheets")
    assert thumbnails.thumbnail("a", outlined=True) == thumbnails.thumbnail("a")
    assert thumbnails.picture("a", outlined=True) == thumbnails.picture("a")


@pytest.mark.parametrize(("size_px", "workers"), [(0, 1), (96, 0)])
def test_impossible_options_are_refused(
    small_dataset: Callable[..., Path], tmp_path: Path, size_px: int, workers: int
) -> None:
    with pytest.raises(InputError, match=f"got {size_px} and {workers}"):
        make_thumbnails(open_dataset(small_dataset()), tmp_path, size_px=size_px, workers=workers)


def test_a_large_picture_is_of_one_size_whatever_the_image(
    small_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    root = small_dataset()
    for folder in ("images", "labels"):
        tifffile.imwrite(root / folder / "im0.tif", np.eye(1600, 800, dtype=np.uint8))
    thumbnails = make_thumbnails(open_dataset(root), tmp_path / "sheets")
    assert decoded(thumbnails.picture("im0")).shape == (768, 384, 3)
    assert decoded(thumbnails.picture("im1")).shape == (768, 768, 3)


def test_a_crop_shows_its_cell_in_the_middle(
    small_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    dataset = open_dataset(small_dataset())
    thumbnails = make_thumbnails(dataset, tmp_path / "sheets")
    sample = read_sample(dataset.records[0])
    assert sample.reference is not None
    for cell_id in (1, 6, 16):
        crop = decoded(thumbnails.crop("im0", cell_id, size_px=128))
        assert crop.shape == (128, 128, 3)
        assert crop[56:72, 56:72].mean() > crop[[0, -1]].mean() + 60, "bright cell, dark border"
    unknown = decoded(thumbnails.crop("im0", 999))
    assert unknown[64, 64].max() < 100, "no such cell: a crossed tile"


def test_the_cell_of_a_crop_and_its_neighbours_are_outlined_apart() -> None:
    labels = np.zeros((60, 60), np.uint32)
    labels[25:35, 25:35], labels[25:35, 37:45] = 5, 6
    pixels = np.zeros((60, 60, 3), np.uint8)
    crop = crop_around(pixels, labels, 5, size_px=32, outlined=True)
    assert crop is not None
    chosen, neighbour = (
        np.argwhere(np.abs(crop.astype(int) - np.array(colour)).max(axis=2) < 2)
        for colour in (CHOSEN_COLOUR, OUTLINE_COLOUR)
    )
    assert chosen[:, 1].max() < neighbour[:, 1].min() + 1


@pytest.mark.parametrize("factor", [2, 4, 8])
@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_shrinking_by_whole_factors_agrees_with_opencv(factor: int, channels: int) -> None:
    image = np.random.default_rng(0).integers(0, 4000, (64, 96, channels)).astype(np.uint16)
    shrunk = shrunk_picture(image, size_px=96 // factor)
    assert shrunk.shape == (64 // factor, 96 // factor, 3)
    means = cv2.resize(
        image[..., :3].astype(np.float32),
        (96 // factor, 64 // factor),
        interpolation=cv2.INTER_AREA,
    ).reshape(*shrunk.shape[:2], -1)
    for channel in range(means.shape[2]):
        low, high = np.percentile(means[..., channel], (1, 99.8))
        expected = 255 * np.clip((means[..., channel] - low) / (high - low), 0, 1)
        assert np.abs(shrunk[..., channel] - expected).max() < 1.01


def test_shrinking_by_a_broken_factor_keeps_flat_areas_flat() -> None:
    halves = np.repeat(np.array([[0, 200]], np.uint8), 5, axis=1)[..., np.newaxis]
    assert shrunk_picture(halves, size_px=4)[0, :, 0].tolist() == [0, 0, 255, 255]


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 128))
def test_a_picture_keeps_its_proportions(height: int, width: int, size_px: int) -> None:
    shape = fitted_shape((height, width), size_px=size_px)
    assert max(shape) == size_px
    assert min(shape) >= 1
    assert abs(shape[0] * width - shape[1] * height) <= max(height, width)
    shrunk = shrunk_picture(np.zeros((height, width, 1), np.uint8), size_px=size_px)
    assert max(shrunk.shape[:2]) == min(size_px, max(height, width))


@given(arrays(np.uint8, (5, 7, 3)))
def test_enlarging_by_a_whole_factor_agrees_with_opencv(pixels: np.ndarray) -> None:
    expected = cv2.resize(pixels, (28, 20), interpolation=cv2.INTER_LINEAR).astype(int)
    assert np.abs(enlarged(pixels, size_px=28) - expected).max() <= 1


@given(arrays(np.uint8, (8, 9), elements=st.integers(0, 3)), st.sampled_from([1, 2, 4]))
def test_outlines_lie_where_scikit_image_finds_them(labels: np.ndarray, finer: int) -> None:
    larger = np.kron(labels, np.ones((4, 4), int))
    height, width = 32 // finer, 36 // finer
    drawn = with_outlines(np.zeros((height, width, 3), np.uint8), larger, finer=finer)
    expected = find_boundaries(larger, mode="thick").reshape(height, finer, width, finer)
    share = expected.mean(axis=(1, 3))[..., np.newaxis]
    assert np.abs(drawn - share * np.array(OUTLINE_COLOUR)).max() <= 0.5


def test_thin_outlines_keep_their_colour_in_the_file() -> None:
    labels = np.zeros((96, 96), np.uint32)
    labels[20:70, 20:70] = 1
    pixels = with_outlines(np.zeros((96, 96, 3), np.uint8), labels)
    drawn, kept = (
        np.ptp(p, axis=2)[pixels.any(axis=2)] for p in (pixels, decoded(as_jpeg(pixels)))
    )
    assert kept.mean() > 0.9 * drawn.mean()


def test_all_real_images_have_thumbnails(real_data: Path, tmp_path: Path) -> None:
    for name in ("usiigaci_phase", "axon_sem"):
        dataset = open_dataset(real_data / name)
        thumbnails = make_thumbnails(dataset, tmp_path / name)
        for record in dataset.records:
            plain = decoded(thumbnails.thumbnail(record.image_id))
            outlined = decoded(thumbnails.thumbnail(record.image_id, outlined=True))
            assert max(plain.shape[:2]) == 96
            assert plain.std() > 20, "contrast is stretched"
            assert (np.abs(outlined - plain).max(axis=2) > 60).mean() > 0.02
