"""Images decoded tile by tile."""

import logging
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.datasets import open_dataset, read_labels
from workbench.inference import ENCODINGS, OfficialDecoder, WatershedDecoder, mask_stability
from workbench.inference._tiles import DecodedCells, decode_in_tiles
from workbench.schema import FloatImage

every_encoding = pytest.mark.parametrize("encoding", ENCODINGS)


def perfect_maps(labels: np.ndarray, encoding: str) -> FloatImage:
    return ENCODINGS[encoding].perfect(ENCODINGS[encoding].encode(labels))


def decoded(maps: FloatImage, encoding: str, tile_px: int, overlap_px: int) -> DecodedCells:
    """Decode maps, and see to it that no part that is asked for is larger than a tile."""

    def paint(place: tuple[slice, slice]) -> FloatImage:
        assert max(maps[place].shape[:2]) <= tile_px
        return maps[place]

    return decode_in_tiles(
        paint,
        maps.shape[:2],
        encoding=ENCODINGS[encoding],
        decoder=ENCODINGS[encoding].decoders[0](),
        tile_px=tile_px,
        overlap_px=overlap_px,
    )


def decode_whole(maps: FloatImage, encoding: str) -> DecodedCells:
    own = ENCODINGS[encoding]
    labels = own.decode(maps, own.decoders[0]())
    return DecodedCells(labels, own.confidences(maps, labels))


def assert_same_cells(first: DecodedCells, second: DecodedCells) -> None:
    """Compare partitions, and the confidences of what is one cell in both."""
    pairs = np.unique(np.stack([first.labels.ravel(), second.labels.ravel()]), axis=1)
    assert np.array_equal(pairs[0] == 0, pairs[1] == 0)
    assert len(np.unique(pairs[0])) == len(np.unique(pairs[1])) == pairs.shape[1]
    assert second.labels.max() == len(np.unique(second.labels[second.labels > 0]))
    cells = pairs[:, pairs[0] > 0] - 1
    assert first.confidences.keys() == second.confidences.keys()
    for name, values in first.confidences.items():
        assert np.allclose(values[cells[0]], second.confidences[name][cells[1]], atol=1e-5)


def mosaic(tiles: list[np.ndarray], n_columns: int) -> np.ndarray:
    """Lay label images side by side, each cell with a number of its own."""
    numbered, last = [], 0
    for labels in tiles:
        numbered.append(np.where(labels > 0, labels + last, 0).astype(np.int32))
        last += int(labels.max())
    rows = [numbered[at : at + n_columns] for at in range(0, len(numbered), n_columns)]
    return np.block(rows)


@every_encoding
@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), size=st.tuples(st.integers(90, 200), st.integers(90, 260)))
def test_tiles_give_the_cells_of_the_whole(encoding: str, seed: int, size: tuple) -> None:
    rng = np.random.default_rng(seed)
    perfect = perfect_maps(touching_cells(rng, size), encoding)
    for maps in (perfect, with_noise(perfect, rng)):
        whole = decode_whole(maps, encoding)
        assert_same_cells(whole, decoded(maps, encoding, tile_px=160, overlap_px=80))


def with_noise(maps: FloatImage, rng: np.random.Generator) -> FloatImage:
    """Add 1 % of noise: no two heights are equal, and extremes differ from place to place."""
    noisy: FloatImage = maps + rng.normal(0, 0.01, maps.shape).astype(np.float32)
    return noisy


def touching_cells(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Return convex cells of up to 20 pixels across, many of which touch."""
    centres = rng.uniform((0, 0), size, (size[0] * size[1] // 220, 2))
    rows, columns = np.indices(size)
    labels = np.zeros(size, np.int32)
    nearest = np.full(size, np.inf)
    for number, (row, column) in enumerate(centres, start=1):
        distance = np.hypot(rows - row, columns - column)
        mine = (distance < nearest) & (distance < rng.uniform(5, 10))
        labels[mine], nearest[mine] = number, distance[mine]
    return labels


@every_encoding
def test_cells_are_the_same_wherever_in_an_image_they_lie(encoding: str) -> None:
    rng = np.random.default_rng(3)
    maps = with_noise(perfect_maps(touching_cells(rng, (150, 150)), encoding), rng)
    own = ENCODINGS[encoding]
    near, far = (
        own.decode(np.pad(maps, ((0, 0), (before, 0), (0, 0))), own.decoders[0]())[:, before:]
        for before in (10, 20_000)
    )
    assert near.max() > 50
    assert np.array_equal(near, far)


@every_encoding
def test_tiles_give_the_nuclei_of_the_whole_mosaic(real_data: Path, encoding: str) -> None:
    records = open_dataset(real_data / "dsb2018").split("test")
    images = [read_labels(record.labels) for record in records if record.labels]
    labels = mosaic([x for x in images if x.shape == (256, 256)][:16], n_columns=4)
    maps = with_noise(perfect_maps(labels, encoding), np.random.default_rng(0))
    assert labels.shape == (1024, 1024)
    assert labels.max() > 200
    whole = decode_whole(maps, encoding)
    assert_same_cells(whole, decoded(maps, encoding, tile_px=600, overlap_px=256))


def long_cell() -> FloatImage:
    """Return the maps of a cell of 20 x 400 pixels, and of a small one beside it."""
    labels = np.zeros((60, 450), np.int32)
    labels[20:40, 20:420], labels[45:55, 100:110] = 1, 2
    return perfect_maps(labels, "three_class")


def test_a_cell_larger_than_the_overlap_is_joined_from_its_pieces(
    caplog: pytest.LogCaptureFixture,
) -> None:
    maps = long_cell()
    with caplog.at_level(logging.WARNING):
        joined = decoded(maps, "three_class", tile_px=128, overlap_px=32)
    assert joined.labels.max() == 2
    assert np.array_equal(joined.labels > 0, maps[..., 0] < 0.5)
    assert "pieces of cells end at the edge of their tile" in caplog.text
    assert "tile_overlap_px above 32" in caplog.text


def test_cells_that_tiles_show_whole_are_not_worth_a_word(
    caplog: pytest.LogCaptureFixture,
) -> None:
    labels = np.zeros((60, 300), np.int32)
    labels[20:30, 140:150] = 1
    with caplog.at_level(logging.WARNING):
        decoded(perfect_maps(labels, "three_class"), "three_class", tile_px=200, overlap_px=80)
    assert not caplog.text


def test_nothing_is_found_in_background() -> None:
    maps = perfect_maps(np.zeros((300, 300), np.int32), "three_class")
    found = decoded(maps, "three_class", tile_px=128, overlap_px=32)
    assert found.labels.shape == (300, 300)
    assert not found.labels.any()
    assert all(len(values) == 0 for values in found.confidences.values())


def test_a_cell_has_the_confidences_of_the_tile_that_sees_most_of_it() -> None:
    labels = np.zeros((40, 200), np.int32)
    labels[10:30, 60:150] = 1  # the first tile sees 68 columns of it, the second all 90
    maps = perfect_maps(labels, "three_class")
    maps[:, :128] *= 0.8
    found = decoded(maps, "three_class", tile_px=128, overlap_px=72)
    whole = decode_whole(maps, "three_class")
    assert found.labels.max() == 1
    assert np.allclose(found.confidences["interior"], whole.confidences["interior"])


def test_stability_is_that_of_the_function_whether_decoded_whole_or_in_tiles() -> None:
    labels = np.zeros((40, 200), np.int32)
    labels[10:30, 10:40], labels[10:30, 150:190] = 1, 2
    maps = perfect_maps(labels, "three_class")
    maps[10:30, 180:190] = [0.5, 0.5, 0]  # a quarter of the second is foreground at 0.4, not at 0.6
    own, decoder = ENCODINGS["three_class"], WatershedDecoder()

    def found(tile_px: int, stability: bool) -> DecodedCells:
        return decode_in_tiles(
            lambda place: maps[place],
            maps.shape[:2],
            encoding=own,
            decoder=decoder,
            tile_px=tile_px,
            overlap_px=64,
            stability=stability,
        )

    whole = found(200, True)
    assert np.allclose(sorted(whole.confidences["stability"]), [0.75, 1])
    expected = mask_stability(own, maps, decoder, whole.labels)
    assert whole.confidences["stability"].tolist() == expected.tolist()
    assert_same_cells(found(128, True), whole)
    assert "stability" not in found(200, False).confidences


def test_a_decoder_without_a_foreground_threshold_stores_no_stability() -> None:
    labels = np.pad(np.ones((10, 10), np.int32), 6)
    found = decode_in_tiles(
        lambda place: perfect_maps(labels, "three_class")[place],
        labels.shape,
        encoding=ENCODINGS["three_class"],
        decoder=OfficialDecoder(),
        tile_px=64,
        overlap_px=8,
        stability=True,
    )
    assert "stability" not in found.confidences
