"""What label images may look like."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco_mask
from skimage.measure import label

from workbench.datasets import open_labels, recognise_labels
from workbench.datasets._label_cells import paint_cells, piece_notes
from workbench.datasets._label_runs import coco_runs, kaggle_runs, polygon_runs, run_pixels
from workbench.schema import InputError

SQUARES = np.zeros((8, 12), np.uint8)
SQUARES[1:4, 1:4] = 1
SQUARES[4:7, 6:9] = 2
"""Two cells that do not touch."""


def codes(array: np.ndarray, **options: bool) -> list[str]:
    return [note.code for note in recognise_labels(array, name="x.png", **options)[1]]


def painted(runs: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    return paint_cells([(1, run_pixels(runs))], shape)[0]


def test_an_ordinary_label_image_comes_back_without_notes() -> None:
    labels, notes = recognise_labels(SQUARES, name="x.png")
    assert labels.dtype == np.uint32
    assert np.array_equal(labels, SQUARES)
    assert notes == ()


@pytest.mark.parametrize("value", [True, 1, 255, 65_535, 1.0])
def test_a_mask_of_two_patches_is_two_cells(value: float) -> None:
    mask = np.where(SQUARES > 0, value, type(value)(0))
    labels, notes = recognise_labels(mask, name="x.png")
    assert np.array_equal(labels, SQUARES)
    assert notes[-1].text == (
        "binary mask: 2 connected components became cells; touching cells are one"
    )


def test_patches_that_meet_at_a_corner_are_one_cell_and_the_note_says_so() -> None:
    labels, notes = recognise_labels(np.array([[1, 0, 1], [0, 1, 0], [0, 0, 0]]), name="x.png")
    assert labels.max() == 1
    assert notes == ()
    labels, notes = recognise_labels(np.array([[255, 0, 0, 0], [0, 255, 0, 255]]), name="x.png")
    assert labels.tolist() == [[1, 0, 0, 0], [0, 1, 0, 2]]
    assert notes[0].text.endswith("(joined at corners too; by edges alone there are 3)")


def test_a_mask_of_one_patch_is_one_cell_and_keeps_its_number() -> None:
    labels, notes = recognise_labels(np.array([[0, 255, 255]], np.uint8), name="x.png")
    assert labels.tolist() == [[0, 255, 255]]
    assert notes == ()


def test_one_cell_of_any_other_number_may_lie_in_pieces() -> None:
    labels, notes = recognise_labels(np.array([[7, 0, 7]]), name="x.png")
    assert labels.tolist() == [[7, 0, 7]]
    assert [note.code for note in notes] == ["pieces"]


def test_grey_saved_as_colours_is_labels() -> None:
    opaque = np.full_like(SQUARES, 255)
    rgb = np.dstack([SQUARES] * 3)
    for picture in (rgb, np.dstack([rgb, opaque]), np.dstack([SQUARES, opaque])):
        assert np.array_equal(recognise_labels(picture, name="x.png")[0], SQUARES)
    assert codes(np.dstack([rgb, opaque])) == ["alpha", "grey_colours"]


def test_transparency_may_mark_the_background() -> None:
    clear = np.where(SQUARES > 0, 255, 0).astype(np.uint8)
    rgba = np.dstack([SQUARES] * 3 + [clear])
    assert np.array_equal(recognise_labels(rgba, name="x.png")[0], SQUARES)
    rgba[0, 0, 3] = 9
    with pytest.raises(InputError, match=r"x\.png: the last of 4 channels is neither constant"):
        recognise_labels(rgba, name="x.png")


def test_colours_on_black_are_cells_if_each_is_one_patch() -> None:
    palette = np.array([[0, 0, 0], [0, 0, 9], [200, 0, 0]], np.uint8)
    labels, notes = recognise_labels(palette[SQUARES], name="x.png")
    assert np.array_equal(labels, SQUARES)
    assert [note.text for note in notes] == ["2 colours on black became cells"]


def test_one_colour_on_black_is_a_mask() -> None:
    palette = np.array([[0, 0, 0], [255, 0, 0], [255, 0, 0]], np.uint8)
    assert np.array_equal(recognise_labels(palette[SQUARES], name="x.png")[0], SQUARES)
    assert codes(palette[SQUARES]) == ["colours", "binary_mask"]


def test_colours_that_can_be_something_else_are_refused() -> None:
    palette = np.array([[0, 0, 0], [0, 0, 9], [200, 0, 0]], np.uint8)
    repeated = palette[SQUARES]
    repeated[6:8, 0:4] = palette[2]
    smoothed = palette[SQUARES]
    smoothed[1, 1] = (0, 0, 4)
    no_ground = palette[SQUARES] + np.array([1, 0, 0], np.uint8)
    photograph = np.random.default_rng(0).integers(0, 255, (8, 12, 3)).astype(np.uint8)
    for picture, why in (
        (repeated, "1 of 2 colours come back in several places"),
        (smoothed, "1 of 3 colours cover under 4 pixels"),
        (no_ground, "no black background"),
        (photograph, "a colour picture is no label image for certain"),
        (palette[SQUARES].astype(np.float32), "its colours are float32"),
    ):
        with pytest.raises(InputError, match=rf"x\.png: .*{why}.*16-bit TIFF or PNG"):
            recognise_labels(picture, name="x.png")


def test_whole_floats_are_labels() -> None:
    labels, notes = recognise_labels(SQUARES.astype(np.float32), name="x.tif")
    assert np.array_equal(labels, SQUARES)
    assert [note.code for note in notes] == ["float"]


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([[0.25, 1]]), "fractions such as 0.25; this looks like a probability map"),
        (np.array([[2.5, 7]]), "fractions such as 2.5; was the image resized"),
        (np.array([[np.nan, 1]]), "1 pixels are NaN or infinite"),
        (np.array([[-1, 1]]), "must not be negative, got -1"),
        (np.array([[0, 2**32]]), "below 4,294,967,296, got 4,294,967,296"),
        (np.array([[2**24 + 2, 1]], np.float32), "above 16,777,216 apart.*uint32"),
        (np.zeros((0, 3), np.uint8), r"got uint8 of shape \(0, 3\)"),
        (np.array([["a"]]), "expected numbers"),
        (np.zeros((2, 2, 5, 5), np.uint8), r"shape \(2, 2, 5, 5\)"),
    ],
)
def test_what_can_be_no_label_is_refused_with_a_cure(array: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        recognise_labels(array, name="x.tif")
    assert str(caught.value).startswith("x.tif: ")


def test_a_full_8_bit_image_may_have_lost_cells() -> None:
    full = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert codes(full) == ["overflow"]
    assert codes(full.astype(np.uint16)) == []
    assert codes(np.minimum(full, 254)) == []
    assert codes(np.array([[0, 7, 255]], np.uint8)) == []


def test_axes_of_length_one_are_dropped_and_volumes_stay() -> None:
    assert recognise_labels(SQUARES[np.newaxis, ..., np.newaxis], name="x")[0].shape == (8, 12)
    volume = np.stack([SQUARES, SQUARES])
    assert np.array_equal(recognise_labels(volume, name="x")[0], volume)


def test_a_cell_cut_by_another_is_noted_and_left() -> None:
    labels, notes = recognise_labels(np.array([[4, 9, 4], [4, 9, 4]]), name="x")
    assert labels.tolist() == [[4, 9, 4], [4, 9, 4]]
    assert notes[0].text.startswith("1 of 2 cells lie in several pieces (3 pieces in all)")
    assert codes(np.array([[4, 9, 4]]), check_pieces=False) == []
    assert codes(np.array([[4, 9], [9, 4]])) == []


def test_a_map_of_classes_is_called_one() -> None:
    grid = np.zeros((40, 40), np.uint8)
    grid[::4, ::4] = 2
    grid[2::4, 2::4] = 3
    assert "classes of pixels" in recognise_labels(grid, name="x")[1][0].text


@given(st.integers(0, 2**32), st.integers(1, 25), st.integers(1, 25), st.integers(1, 3))
def test_pieces_are_the_components_of_equal_labels_of_scikit_image(
    seed: int, height: int, width: int, cell_px: int
) -> None:
    rng = np.random.default_rng(seed)
    labels = np.kron(rng.integers(0, 4, (height, width)), np.ones((cell_px, cell_px), int))
    n_pieces = label(labels, connectivity=2, return_num=True)[1]
    n_cells = np.count_nonzero(np.bincount(labels.ravel())[1:])
    notes = piece_notes(labels)
    assert bool(notes) == (n_pieces > n_cells)
    assert not notes or f"({n_pieces} pieces in all)" in notes[0].text
    assert notes == piece_notes(labels[np.newaxis])


@st.composite
def masks(draw: st.DrawFn) -> np.ndarray:
    height, width = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    share = draw(st.sampled_from([0, 0.02, 0.5, 0.98, 1]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return rng.random((height, width)) < share


@given(masks())
def test_runs_of_pycocotools_come_back_as_the_mask(mask: np.ndarray) -> None:
    packed = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    assert np.array_equal(painted(coco_runs(packed, mask.shape), mask.shape), mask)
    changes = np.flatnonzero(np.diff(mask.T.ravel(), prepend=False)).tolist()
    plain = [b - a for a, b in pairwise([0, *changes, mask.size])]
    assert np.array_equal(painted(coco_runs(plain, mask.shape), mask.shape), mask)


def test_long_runs_of_pycocotools_come_back() -> None:
    mask = np.zeros((3000, 2000), bool)
    mask[:, 700:1500] = True
    mask[5, 5] = True
    packed = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    assert np.array_equal(painted(coco_runs(packed, mask.shape), mask.shape), mask)


@pytest.mark.parametrize("counts", [[3, 2], [1, 2, 2], [-1, 5], "", "é", "T", "12", ["a"], None])
def test_damaged_runs_are_refused(counts: object) -> None:
    with pytest.raises(InputError, match=r"a\.json: .*(again)"):
        coco_runs(counts, (2, 2), name="a.json")  # type: ignore[arg-type]


def test_kaggle_runs_count_from_one_down_the_columns() -> None:
    assert painted(kaggle_runs("2 2 6 1", (2, 3)), (2, 3)).tolist() == [[0, 1, 0], [1, 0, 1]]
    assert painted(kaggle_runs("", (2, 3)), (2, 3)).max() == 0


@pytest.mark.parametrize("text", ["0 1", "6 2", "1 -1"])
def test_kaggle_runs_beyond_the_image_are_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"a\.csv: a run leaves the image: pixels 1 to 6"):
        kaggle_runs(text, (2, 3), name="a.csv")


@pytest.mark.parametrize("text", ["1", "1 x"])
def test_kaggle_runs_that_are_no_pairs_are_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"a\.csv: .*(pairs|whole numbers)"):
        kaggle_runs(text, (2, 3), name="a.csv")


COORDINATE = st.one_of(st.floats(-10, 50), st.integers(-5, 45).map(float))


@given(
    st.lists(st.tuples(COORDINATE, COORDINATE), min_size=3, max_size=12),
    st.integers(1, 40),
    st.integers(1, 40),
)
def test_polygons_are_the_pixels_of_pycocotools(
    corners: list[tuple[float, float]], height: int, width: int
) -> None:
    flat = [value for corner in corners for value in corner]
    (expected,) = coco_mask.frPyObjects([flat], height, width)
    filled = painted(polygon_runs(flat, (height, width)), (height, width))
    assert np.array_equal(filled, coco_mask.decode(expected))


@pytest.mark.parametrize("corners", [[1, 1, 2, 2], [0, 0, 1, 0, 1], [0, 0, 1, 0, 1, "a"], 5])
def test_what_is_no_polygon_is_refused(corners: object) -> None:
    with pytest.raises(InputError, match=r"a\.json: expected x and y of at least three corners"):
        polygon_runs(corners, (4, 4), name="a.json")  # type: ignore[arg-type]


def test_a_contested_pixel_stays_with_the_first_cell_and_is_counted() -> None:
    cells = [(1, np.array([0, 1])), (2, np.array([1, 2])), (3, np.array([1]))]
    labels, notes = paint_cells(cells, (3, 1))
    assert labels.ravel().tolist() == [1, 1, 2]
    assert [note.text for note in notes] == [
        "1 pixels belong to several cells; each went to the first of them",
        "1 of 3 cells have no pixel of their own and are left out",
    ]


def test_every_file_of_cellbindb_is_recognised(real_data: Path) -> None:
    folder = real_data / "cellbindb_demo"
    truths = sorted(folder.glob("*/gt/*.tif"))
    outputs = sorted(folder.glob("*/output/*/*.tif"))
    assert (len(truths), len(outputs)) == (6, 42)
    n_cells = 0
    for path in truths:
        source = open_labels(path)
        read = source.read(source.image_ids[0])
        assert [note.code for note in read.notes] == ["binary_mask"]
        n_cells += read.labels.max()
    assert n_cells == 710  # 735 if cells are parted where they meet at a corner
    for path in outputs:
        source = open_labels(path)
        found = {note.code for note in source.read(source.image_ids[0]).notes}
        assert ("binary_mask" in found) == (path.parent.name != "MEDIAR"), path


def test_cells_in_several_pieces_are_counted_in_phase_contrast(real_data: Path) -> None:
    source = open_labels(real_data / "usiigaci_phase")
    torn = total = 0
    for image_id in source.image_ids:
        read = source.read(image_id)
        for note in read.notes:
            assert note.code == "pieces"
            torn += int(note.text.split()[0])
        total += np.unique(read.labels).size - 1
    assert (torn, total) == (72, 678)
