"""Ensembles: maps averaged, labels fused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from workbench.inference import (
    ModelDescription,
    PredictionConfig,
    TrainedNetwork,
    fuse_labels,
    segment_image,
)
from workbench.schema import InputError
from workbench.transforms import Preparation

UNET = ModelDescription(architecture="unet", settings={"channels": [4, 8], "residual_units": 0})
WINDOWS = PredictionConfig(window_px=32)
IMAGE = np.random.default_rng(0).integers(0, 255, (50, 60, 1)).astype(np.uint8)
LABELS = arrays(np.int32, (6, 7), elements=st.integers(0, 4))


def member(**changes: object) -> TrainedNetwork:
    description = UNET.model_copy(update=changes)
    return TrainedNetwork(description.build().eval(), description)


def maps_of(*networks: TrainedNetwork) -> np.ndarray:
    prediction = segment_image(
        IMAGE, networks=networks, description=UNET, config=WINDOWS, keep_maps=True
    )
    assert prediction.maps is not None
    return prediction.maps


def squares(*places: tuple[int, int, int, int]) -> np.ndarray:
    labels = np.zeros((20, 30), np.int32)
    for number, (top, bottom, left, right) in enumerate(places, start=1):
        labels[top:bottom, left:right] = number
    return labels


class TestAveragedMaps:
    def test_a_network_and_itself_are_the_network(self) -> None:
        network = member()
        assert np.array_equal(maps_of(network, network), maps_of(network))

    def test_maps_are_the_mean_of_those_of_the_members(self) -> None:
        first, second = member(), member()
        assert not np.allclose(maps_of(first), maps_of(second))
        mean = (maps_of(first) + maps_of(second)) / 2
        assert np.allclose(maps_of(first, second), mean, atol=1e-6)

    def test_each_member_prepares_the_image_in_its_own_way(self) -> None:
        first = member()
        dim = Preparation(low_percent=0, high_percent=50)
        other = TrainedNetwork(first.network, UNET.model_copy(update={"preparation": dim}))
        mean = (maps_of(first) + maps_of(other)) / 2
        assert not np.allclose(maps_of(first), maps_of(other))
        assert np.allclose(maps_of(first, other), mean, atol=1e-6)

    def test_members_that_paint_different_things_are_refused(self) -> None:
        with pytest.raises(InputError, match="three_class and three_class_distance; fuse"):
            maps_of(member(), member(encoding="three_class_distance"))

    def test_members_that_see_pixels_of_different_sizes_are_refused(self) -> None:
        with pytest.raises(InputError, match=r"pixel_size_um None and 0\.5; fuse their labels"):
            maps_of(member(), member(preparation=Preparation(pixel_size_um=0.5)))

    def test_maps_are_kept_only_where_asked_for(self) -> None:
        prediction = segment_image(IMAGE, networks=[member()], description=UNET, config=WINDOWS)
        assert prediction.maps is None

    def test_maps_of_tiles_are_kept_as_those_of_the_whole(self) -> None:
        network = member()
        tiles = PredictionConfig(window_px=32, tile_px=64, tile_overlap_px=32)
        image = np.tile(IMAGE, (3, 2, 1))
        kept = [
            segment_image(
                image, networks=[network], description=UNET, config=config, keep_maps=True
            ).maps
            for config in (tiles, WINDOWS)
        ]
        assert np.allclose(kept[0], kept[1], atol=1e-5)

    def test_there_is_a_confidence_for_every_cell(self) -> None:
        prediction = segment_image(IMAGE, networks=[member()], description=UNET, config=WINDOWS)
        assert len(prediction.confidences["interior"]) == prediction.labels.max()


class TestFusedLabels:
    def test_a_cell_that_most_hold_is_kept_with_the_pixels_that_most_give_it(self) -> None:
        fused = fuse_labels(
            [
                squares((2, 10, 2, 10), (12, 18, 20, 28)),
                squares((2, 10, 3, 11)),
                squares((2, 10, 4, 12)),
            ]
        )
        assert np.array_equal(fused.labels, squares((2, 10, 3, 11)))
        assert fused.confidences["agreement"].tolist() == [1]

    def test_agreement_is_the_share_of_members_that_hold_the_cell(self) -> None:
        both, one = squares((0, 5, 0, 5), (9, 15, 9, 15)), squares((0, 5, 0, 5))
        agreement = fuse_labels([both, both, one]).confidences["agreement"]
        assert agreement.tolist() == np.float32([1, 2 / 3]).tolist()

    def test_of_two_only_what_both_hold_is_left(self) -> None:
        fused = fuse_labels([squares((0, 6, 0, 6), (9, 12, 9, 12)), squares((0, 6, 1, 7))])
        assert np.array_equal(fused.labels, squares((0, 6, 1, 6)))

    def test_two_cells_of_one_member_are_never_one(self) -> None:
        # A chain of similar cells leads from one cell of the first member to its other one.
        members = [
            squares((0, 10, 0, 10), (0, 10, 12, 22)),
            squares((0, 10, 3, 13)),
            squares((0, 10, 6, 16)),
            squares((0, 10, 9, 19)),
        ]
        fused = fuse_labels(members)
        assert fused.confidences["agreement"].tolist() == [0.75]
        assert np.array_equal(fused.labels, squares((0, 10, 3, 13)))

    def test_a_pixel_that_two_cells_claim_goes_to_that_with_more_votes(self) -> None:
        left = squares((0, 10, 0, 12))
        right = squares((0, 10, 11, 25))
        both = squares((0, 10, 0, 11), (0, 10, 11, 25))
        fused = fuse_labels([left, left, right, right, both])
        # Column 11: two votes of three for the left cell, three of three for the right one.
        assert fused.labels[0, 10] == 1
        assert fused.labels[0, 11] == 2

    @given(LABELS, st.integers(1, 4))
    def test_identical_labels_come_back(self, labels: np.ndarray, n_members: int) -> None:
        fused = fuse_labels([labels] * n_members)
        assert np.array_equal(fused.labels > 0, labels > 0)
        pairs = np.unique(np.stack([fused.labels.ravel(), labels.ravel()]), axis=1)
        assert len(np.unique(pairs[0])) == len(np.unique(pairs[1])) == pairs.shape[1]
        assert np.all(fused.confidences["agreement"] == 1)
        assert len(fused.confidences["agreement"]) == fused.labels.max()

    @given(st.lists(LABELS, min_size=1, max_size=4), st.permutations([0, 7, 2, 30, 9]))
    def test_renumbering_members_changes_nothing(self, members: list, numbers: list) -> None:
        numbers = [0, *(number for number in numbers if number)]
        renumbered = [np.array(numbers)[labels] for labels in members]
        first, second = fuse_labels(members), fuse_labels(renumbered)
        assert np.array_equal(first.labels, second.labels)
        assert np.array_equal(first.confidences["agreement"], second.confidences["agreement"])

    @given(st.lists(LABELS, min_size=1, max_size=4))
    def test_cells_are_numbered_without_gaps_and_held_by_most(self, members: list) -> None:
        fused = fuse_labels(members)
        present = np.unique(fused.labels[fused.labels > 0])
        assert present.tolist() == list(range(1, len(present) + 1))
        assert len(fused.confidences["agreement"]) == len(present)
        assert np.all(fused.confidences["agreement"] > 0.5)

    def test_label_images_of_different_sizes_are_refused(self) -> None:
        with pytest.raises(InputError, match=r"one shape are fused, got \(2, 3\) and \(3, 2\)"):
            fuse_labels([np.zeros((3, 2), int), np.zeros((2, 3), int)])

    def test_no_label_image_is_refused(self) -> None:
        with pytest.raises(InputError, match="got none"):
            fuse_labels([])
