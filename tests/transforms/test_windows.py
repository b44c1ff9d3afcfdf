"""Windows cut from images and labels, and put together again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.measure import label as connected_components

from workbench.datasets import open_dataset, read_sample
from workbench.schema import InputError
from workbench.transforms import Window, cut_windows, join_label_windows, join_windows

SIZES = st.tuples(st.integers(1, 30), st.integers(1, 30))


def places(windows: tuple[Window, ...]) -> list[tuple[int, int]]:
    return [(window.row_px, window.column_px) for window in windows]


def numbered_anew(windows: tuple[Window, ...], rng: np.random.Generator) -> list[Window]:
    """Give the cells of each window numbers that say nothing about those of the others."""

    def anew(window: Window) -> Window:
        ids, ranks = np.unique(np.append(0, window.pixels), return_inverse=True)
        numbers = np.append(0, rng.permutation(len(ids) - 1) + rng.integers(1, 99))
        return replace(window, pixels=numbers[ranks[1:]].reshape(window.pixels.shape))

    return [anew(window) for window in windows]


def assert_same_partition(first: np.ndarray, second: np.ndarray) -> None:
    pairs = np.unique(np.stack([first.ravel(), second.ravel()]), axis=1)
    assert np.array_equal(pairs[0] == 0, pairs[1] == 0)
    assert len(np.unique(pairs[0])) == len(np.unique(pairs[1])) == pairs.shape[1]


class TestCutting:
    def test_windows_go_from_left_to_right_and_from_top_to_bottom(self) -> None:
        windows = cut_windows(np.zeros((448, 640, 3)))
        assert places(windows) == [(r, c) for r in (0, 192) for c in (0, 192, 384)]

    def test_the_last_window_is_moved_back_to_end_with_the_image(self) -> None:
        # An image of LIVECell, 520 x 704.
        windows = cut_windows(np.zeros((520, 704)))
        assert places(windows) == [(r, c) for r in (0, 192, 264) for c in (0, 192, 384, 448)]
        assert {window.pixels.shape for window in windows} == {(256, 256)}

    def test_an_image_that_fits_a_whole_number_of_steps_has_no_window_twice(self) -> None:
        assert places(cut_windows(np.zeros((4, 10)), size_px=4, step_px=3)) == [
            (0, 0), (0, 3), (0, 6),
        ]  # fmt: skip

    def test_an_image_smaller_than_a_window_is_kept_whole(self) -> None:
        image = np.arange(70).reshape(7, 10)
        (window,) = cut_windows(image)
        assert np.array_equal(window.pixels, image)

    @pytest.mark.parametrize("step_px", [0, 257])
    def test_steps_that_leave_pixels_out_are_refused(self, step_px: int) -> None:
        with pytest.raises(InputError, match=f"window's 256 pixels, got {step_px}"):
            cut_windows(np.zeros((9, 9)), step_px=step_px)

    @given(SIZES, st.integers(1, 12), st.data())
    def test_every_pixel_knows_its_place(self, size: tuple, size_px: int, data) -> None:
        step_px = data.draw(st.integers(1, size_px))
        image = np.arange(size[0] * size[1]).reshape(size)
        for window in cut_windows(image, size_px=size_px, step_px=step_px):
            assert np.array_equal(image[window.place], window.pixels)


class TestJoiningImages:
    @given(SIZES, st.integers(1, 12), st.data())
    def test_what_was_cut_comes_back_exactly(self, size: tuple, size_px: int, data) -> None:
        step_px = data.draw(st.integers(1, size_px))
        kind = data.draw(st.sampled_from([np.float32, np.uint8, np.uint32]))
        rng = np.random.default_rng(0)
        image = (rng.random((*size, 3)) * 200).astype(kind)
        joined = join_windows(cut_windows(image, size_px=size_px, step_px=step_px))
        assert joined.dtype == kind
        assert np.array_equal(joined, image)

    def test_probabilities_are_averaged_where_windows_overlap(self) -> None:
        first = Window(0, 0, np.array([[0.0, 0.2]], np.float32))
        second = Window(0, 1, np.array([[0.6, 1.0]], np.float32))
        assert join_windows([first, second]).tolist() == [[0.0, pytest.approx(0.4), 1.0]]

    def test_cell_ids_that_differ_are_not_averaged(self) -> None:
        windows = [Window(0, 0, np.array([[1, 2]])), Window(0, 1, np.array([[4, 4]]))]
        with pytest.raises(InputError, match="put together by join_label_windows"):
            join_windows(windows)

    def test_a_lacking_window_is_named_by_its_pixels(self) -> None:
        windows = cut_windows(np.zeros((4, 12)), size_px=4, step_px=4)
        for join in (join_windows, join_label_windows):
            with pytest.raises(
                InputError, match="16 pixels uncovered, the first at row 0, column 4"
            ):
                join([windows[0], windows[2]])

    def test_no_windows_are_refused(self) -> None:
        with pytest.raises(InputError, match="no windows"):
            join_windows([])


class TestJoiningLabels:
    @given(arrays(np.int32, SIZES, elements=st.integers(0, 2)), st.integers(2, 12), st.data())
    def test_connected_cells_come_back_whatever_their_numbers(
        self, drawn: np.ndarray, size_px: int, data
    ) -> None:
        labels = connected_components(drawn, connectivity=2)
        step_px = data.draw(st.integers(1, size_px - 1))
        windows = cut_windows(labels, size_px=size_px, step_px=step_px)
        joined = join_label_windows(numbered_anew(windows, np.random.default_rng(0)))
        assert_same_partition(labels, joined.labels)
        assert joined.n_disputed == 0
        assert joined.labels.max(initial=0) == len(np.unique(labels[labels > 0]))

    def test_a_cell_in_four_windows_is_one(self) -> None:
        labels = np.zeros((10, 10), int)
        labels[3:7, 3:7], labels[0, 0] = 1, 2
        joined = join_label_windows(cut_windows(labels, size_px=6, step_px=4))
        assert_same_partition(labels, joined.labels)
        assert joined.n_joined == 1

    def test_cells_of_which_less_than_half_is_shared_stay_two_and_are_counted(self) -> None:
        left = Window(0, 0, np.array([[1, 1, 1, 1, 1, 1]]))
        right = Window(0, 2, np.array([[0, 0, 0, 7, 7, 7]]))  # shares one of four pixels
        assert join_label_windows([left, right]).labels.max() == 2
        assert join_label_windows([left, right]).n_disputed == 1
        assert join_label_windows([left, right], min_iou=0.2).labels.max() == 1

    def test_the_window_in_which_a_pixel_lies_deeper_decides(self) -> None:
        # Columns 0 to 11 and 4 to 15: both show columns 4 to 11, the middle lies before 8.
        cell, none = np.full((1, 12), 3), np.zeros((1, 12), int)
        joined = join_label_windows([Window(0, 0, cell), Window(0, 4, none)])
        assert joined.labels.tolist() == [8 * [1] + 8 * [0]]

    def test_pieces_that_no_window_shows_together_become_cells_of_their_own(self) -> None:
        labels = np.array([[5, 0, 0, 0, 0, 0, 0, 0, 0, 5]])
        joined = join_label_windows(cut_windows(labels, size_px=6, step_px=4))
        assert joined.labels.max() == 2
        agreeing = join_windows(cut_windows(labels, size_px=6, step_px=4))
        assert np.array_equal(agreeing, labels)

    def test_windows_without_cells_join_to_none(self) -> None:
        joined = join_label_windows(cut_windows(np.zeros((9, 9), int), size_px=4, step_px=3))
        assert joined.labels.shape == (9, 9)
        assert (joined.labels.max(), joined.n_joined, joined.n_disputed) == (0, 0, 0)

    def test_a_threshold_that_nothing_can_pass_is_refused(self) -> None:
        with pytest.raises(InputError, match="min_iou must lie between 0 and less than 1, got 1"):
            join_label_windows(cut_windows(np.zeros((9, 9), int)), min_iou=1)


@pytest.mark.parametrize(
    ("dataset", "n_images"), [("codex_tissue", 1), ("dsb2018", 3), ("axon_sem", 1)]
)
def test_real_cells_come_back_from_windows_numbered_apart(
    real_data: Path, dataset: str, n_images: int
) -> None:
    records = open_dataset(real_data / dataset).records
    largest = sorted(records, key=lambda record: -int(record.metadata["height"]))[:n_images]
    rng = np.random.default_rng(0)
    for record in largest:
        labels = read_sample(record).reference
        assert labels is not None
        windows = cut_windows(labels)
        assert len(windows) >= 9
        assert np.array_equal(join_windows(windows), labels)
        joined = join_label_windows(numbered_anew(windows, rng))
        assert_same_partition(labels, joined.labels)
        assert joined.n_disputed == 0
