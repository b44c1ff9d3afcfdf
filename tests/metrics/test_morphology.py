"""Shape and surroundings of cells."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize
from scipy.spatial.distance import cdist
from skimage.draw import disk, ellipse, polygon
from skimage.measure import regionprops_table
from skimage.morphology import convex_hull_image

from workbench.metrics import cell_columns, cell_morphology, label_overlap
from workbench.schema import InputError

label_images = arrays(np.int64, (9, 11), elements=st.integers(0, 3))
blobs = st.integers(0, 2**32 - 1).map(lambda seed: blob(np.random.default_rng(seed)))
# Counterclockwise from east.
NEIGHBOURS = [(0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1)]


def blob(rng: np.random.Generator) -> np.ndarray:
    """A cell of a few overlapping discs."""
    mask = np.zeros((24, 26), np.uint8)
    for _ in range(rng.integers(1, 5)):
        mask[disk(rng.uniform(4, 20, 2), rng.uniform(1.1, 6), shape=mask.shape)] = 1
    return mask


def one(mask: object) -> dict[str, float]:
    """Return the numbers of the only cell of a mask."""
    columns = cell_morphology(np.asarray(mask))
    assert columns["cell_id"].tolist() == [1]
    return {name: column[0] for name, column in columns.items()}


def real_labels(real_data: Path, pattern: str, n_images: int = 1) -> list[np.ndarray]:
    found = sorted(real_data.glob(pattern))[:n_images]
    assert len(found) == n_images
    return [tifffile.imread(path).squeeze() for path in found]


@pytest.fixture
def real_label_images(real_data: Path) -> list[np.ndarray]:
    """Touching cells of a tissue, phase-contrast cells in several pieces, nuclei."""
    return [
        real_labels(real_data, "codex_tissue/labels/*.tif")[0][300:700, 300:700],
        *real_labels(real_data, "usiigaci_phase/labels/*.tif", 2),
        *real_labels(real_data, "dsb2018/labels/*.tif", 4),
    ]


def masks(labels: np.ndarray) -> Iterator[np.ndarray]:
    """Yield each cell alone with a margin, by id."""
    cells = cell_morphology(labels)
    boxes = zip(*(cells[f"{side}_px"] for side in ("top", "bottom", "left", "right")), strict=True)
    for cell, (top, bottom, left, right) in zip(cells["cell_id"], boxes, strict=True):
        yield np.pad(labels[top:bottom, left:right] == cell, 1).astype(np.uint8)


def outer_contours(mask: np.ndarray) -> list[np.ndarray]:
    contours, hierarchy = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    pairs = zip(contours, hierarchy[0], strict=True)
    return [contour for contour, (*_, parent) in pairs if parent < 0]


def shortest_around(mask: np.ndarray) -> float:
    """Return the length of the shortest line around a cell in one piece, by a general minimiser.

    The line crosses, in order, every segment from a pixel of OpenCV's contour to a neighbour
    outside; where on the segment is what is minimised over.
    """
    (contour,) = outer_contours(mask)
    points = contour[:, 0, ::-1].tolist()
    inner, outer = [], []
    for before, here, after in zip(points[-1:] + points, points, points[1:] + points, strict=False):
        towards = [
            NEIGHBOURS.index((there[0] - here[0], there[1] - here[1])) for there in (before, after)
        ]
        for turn in range(1, (towards[1] - towards[0] - 1) % 8 + 1):
            step = NEIGHBOURS[(towards[0] + turn) % 8]
            place = (here[0] + step[0], here[1] + step[1])
            # Coming along a side, the first one seen lies behind.
            if turn == 1 and towards[0] % 2 == 0 and inner:
                continue
            inner.append(here)
            outer.append(place)
    start, reach = np.array(inner, float), np.array(outer, float) - np.array(inner)

    def length(shares: np.ndarray) -> tuple[float, np.ndarray]:
        line = start + shares[:, None] * reach
        steps = np.roll(line, -1, axis=0) - line
        lengths = np.sqrt((steps**2).sum(axis=1) + 1e-8)
        pull = steps / lengths[:, None]
        return lengths.sum(), ((np.roll(pull, 1, axis=0) - pull) * reach).sum(axis=1)

    shares = np.full(len(start), 0.1)
    limits = [(0, 1)] * len(start)
    options = {"maxiter": 20_000, "maxfun": 40_000, "ftol": 1e-13, "gtol": 1e-9}
    return minimize(length, shares, jac=True, bounds=limits, options=options).fun


def test_a_square_is_compact_alone_and_convex() -> None:
    labels = np.zeros((6, 7), int)
    labels[1:5, 2:6] = 1
    cell = one(labels)
    assert (cell["perimeter_px"], cell["convexity"], cell["solidity"]) == (12, 1, 1)
    assert (cell["n_pieces"], cell["touching_fraction"]) == (1, 0)
    assert cell["elongation"] == pytest.approx(1)
    assert np.isnan(cell["neighbour_distance_px"])


def test_elongation_is_near_one_for_a_disc_and_near_zero_for_a_rod() -> None:
    disc, rod = np.zeros((2, 60, 60), int)
    disc[disk((30, 30), 20)] = 1
    rod[30:32, 5:55] = 1
    assert one(disc)["elongation"] > 0.99
    assert one(rod)["elongation"] < 0.01


@pytest.mark.parametrize("ratio", [0.25, 0.5, 0.75])
def test_elongation_of_an_ellipse_lies_between_the_axes_ratio_and_its_square(ratio: float) -> None:
    labels = np.zeros((100, 100), int)
    labels[ellipse(50, 50, 40, 40 * ratio)] = 1
    assert ratio**2 < one(labels)["elongation"] < ratio


@pytest.mark.parametrize("radius", [2.5, 6.3, 17, 60])
def test_a_disc_is_convex_however_its_outline_is_stepped(radius: float) -> None:
    labels = np.zeros((130, 130), int)
    labels[disk((64, 64), radius)] = 1
    assert one(labels)["convexity"] == pytest.approx(1, abs=1e-12)


def test_a_bay_costs_convexity_as_much_as_the_way_around_it() -> None:
    # The hull is 2 x 2; the line around goes into the bay as far as the centre of its last pixel.
    cell = one([[1, 1, 1], [1, 0, 0], [1, 1, 1]])
    assert cell["convexity"] == pytest.approx(8 / (6 + 2 * 2**0.5))
    assert cell["solidity"] == 7 / 9
    assert cell["perimeter_px"] == pytest.approx(8 + 2 * 2**0.5)


def test_single_pixels_have_no_length_and_no_form() -> None:
    cell = one([[0, 0, 0], [0, 1, 0], [0, 0, 0]])
    assert (cell["perimeter_px"], cell["solidity"]) == (0, 1)
    assert np.isnan([cell["convexity"], cell["elongation"]]).all()


@pytest.mark.parametrize("line", [np.eye(5, dtype=int), [[1, 1, 1, 1, 1]], [[1], [1]]])
def test_a_line_is_convex_and_as_long_as_the_way_there_and_back(line: object) -> None:
    cell = one(line)
    n_steps = np.count_nonzero(line) - 1
    step = 2**0.5 if np.shape(line) == (5, 5) else 1
    assert cell["perimeter_px"] == pytest.approx(2 * n_steps * step)
    assert cell["convexity"] == pytest.approx(1)
    assert cell["elongation"] == pytest.approx(0, abs=1e-12)


def test_pieces_add_up_in_perimeter_and_convexity_and_share_a_hull_in_solidity() -> None:
    cell = one([[1, 1, 0, 0, 0, 1, 1], [1, 1, 0, 0, 0, 1, 1]])
    assert (cell["n_pieces"], cell["perimeter_px"], cell["convexity"]) == (2, 8, 1)
    assert cell["solidity"] == 8 / 14


def test_two_pieces_with_a_bay_are_as_convex_as_one() -> None:
    bay = np.array([[1, 1, 1], [1, 0, 0], [1, 1, 1]])
    two = np.hstack([bay, np.zeros((3, 2), int), bay])
    assert one(two)["convexity"] == pytest.approx(one(bay)["convexity"])


def test_a_hole_leaves_the_outline_as_it_is_but_lowers_solidity() -> None:
    full = np.ones((7, 7), int)
    holed = full.copy()
    holed[2:5, 3:6] = 0
    island = holed.copy()
    island[3, 4] = 1
    before, after = one(full), one(holed)
    for name in ("perimeter_px", "convexity", "elongation", "n_pieces"):
        assert after[name] == before[name]
    assert (before["solidity"], after["solidity"]) == (1, 40 / 49)
    assert one(island)["n_pieces"] == 2


def test_touching_counts_pixel_edges_towards_cells_but_not_the_edge_of_the_image() -> None:
    labels = np.array([[1, 2, 2], [1, 0, 0], [1, 0, 3]])
    cells = cell_morphology(labels)
    # Cell 1: one edge to cell 2, two to the background. Cell 2: one to cell 1, two downwards.
    assert cells["touching_fraction"].tolist() == [1 / 3, 1 / 3, 0]


def test_cells_that_touch_at_a_corner_alone_do_not_touch() -> None:
    assert cell_morphology(np.array([[1, 0], [0, 2]]))["touching_fraction"].tolist() == [0, 0]


def test_a_cell_that_fills_the_image_has_no_edge_to_touch_with() -> None:
    assert np.isnan(one(np.ones((3, 4), int))["touching_fraction"])


def test_images_without_cells_give_empty_columns() -> None:
    for shape in ((4, 5), (0, 7)):
        cells = cell_morphology(np.zeros(shape, np.uint16))
        assert {len(column) for column in cells.values()} == {0}


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.ones((2, 3, 3), int), r"shape \(height, width\), got \(2, 3, 3\)"),
        (np.ones((3, 3)), "must be integers, got float64"),
        (np.array([[0, -2]]), "must not be negative, got -2"),
    ],
)
def test_what_is_no_label_image_is_refused(labels: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        cell_morphology(labels)


def test_places_are_those_of_the_cell_table(real_label_images: list[np.ndarray]) -> None:
    for labels in real_label_images:
        cells = cell_morphology(labels)
        table = cell_columns(label_overlap(labels, labels))
        is_reference = table["side"] == "reference"
        for name in ("cell_id", "area_px", "row_px", "left_px", "bottom_px", "touches_border"):
            assert cells[name].tolist() == table[name][is_reference].tolist()


def test_area_centroid_and_solidity_of_real_cells_are_scikit_images(
    real_label_images: list[np.ndarray],
) -> None:
    names = ("label", "area", "centroid", "solidity")
    for labels in real_label_images:
        cells, theirs = cell_morphology(labels), regionprops_table(labels, properties=names)
        assert cells["cell_id"].tolist() == theirs["label"].tolist()
        assert cells["area_px"].tolist() == theirs["area"].tolist()
        np.testing.assert_allclose(cells["row_px"], theirs["centroid-0"])
        np.testing.assert_allclose(cells["solidity"], theirs["solidity"], rtol=1e-12)


def test_perimeters_of_real_cells_are_those_of_opencv(real_label_images: list[np.ndarray]) -> None:
    n_in_pieces = 0
    for labels in real_label_images:
        cells = cell_morphology(labels)
        contours = [outer_contours(mask) for mask in masks(labels)]
        lengths = [sum(cv2.arcLength(piece, closed=True) for piece in each) for each in contours]
        np.testing.assert_allclose(cells["perimeter_px"], lengths, rtol=1e-6)
        assert cells["n_pieces"].tolist() == [len(each) for each in contours]
        n_in_pieces += (cells["n_pieces"] > 1).sum()
    assert n_in_pieces > 5


def test_elongation_of_real_cells_is_numpys_on_opencvs_contours(
    real_label_images: list[np.ndarray],
) -> None:
    for labels in real_label_images:
        points = [np.concatenate(outer_contours(mask))[:, 0] for mask in masks(labels)]
        values = [np.linalg.eigvalsh(np.cov(each.T)) for each in points]
        expected = [smaller / larger for smaller, larger in values]
        found = cell_morphology(labels)["elongation"]
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_convexity_of_real_cells_is_opencvs_hull_over_the_shortest_line_around(
    real_label_images: list[np.ndarray],
) -> None:
    n_bent = 0
    for labels in (real_label_images[0], real_label_images[-1]):
        cells = cell_morphology(labels)
        whole = np.flatnonzero(cells["n_pieces"] == 1)
        chosen = set(whole[np.argsort(cells["convexity"][whole])[:4]]) | set(whole[:4])
        for cell, mask in enumerate(masks(labels)):
            if cell in chosen:
                hull = cv2.arcLength(cv2.convexHull(outer_contours(mask)[0]), closed=True)
                expected = hull / shortest_around(mask)
                assert cells["convexity"][cell] == pytest.approx(expected, abs=1e-3)
                n_bent += expected < 0.9
    assert n_bent > 2


def test_neighbour_distances_of_real_cells_are_the_smallest_of_all_pairs(
    real_label_images: list[np.ndarray],
) -> None:
    for labels in real_label_images:
        cells = cell_morphology(labels)
        centroids = np.column_stack([cells["row_px"], cells["column_px"]])
        distances = cdist(centroids, centroids)
        np.fill_diagonal(distances, np.inf)
        np.testing.assert_allclose(cells["neighbour_distance_px"], distances.min(axis=1))


def test_touching_of_real_cells_is_a_count_over_shifted_images(
    real_label_images: list[np.ndarray],
) -> None:
    for labels in real_label_images:
        facing: dict[int, list[bool]] = {}
        for here, there in ((labels[:-1], labels[1:]), (labels[:, :-1], labels[:, 1:])):
            for a, b in zip(here[here != there], there[here != there], strict=True):
                for cell in (a, b):
                    facing.setdefault(cell, []).append(bool(a and b))
        cells = cell_morphology(labels)
        expected = [np.mean(facing[cell]) for cell in cells["cell_id"]]
        np.testing.assert_allclose(cells["touching_fraction"], expected)


@given(blobs)
def test_a_cell_is_convex_exactly_if_its_hull_covers_no_other_pixel(mask: np.ndarray) -> None:
    if cv2.connectedComponents(mask)[0] != 2:
        return
    hull = cv2.convexHull(outer_contours(mask)[0])
    others = np.argwhere(mask == 0)[:, ::-1].astype(float)
    covers = any(cv2.pointPolygonTest(hull, point, measureDist=False) > 0 for point in others)
    outline = np.zeros_like(mask)
    cv2.drawContours(outline, outer_contours(mask), -1, 1, cv2.FILLED)
    is_holed = (outline != mask).any()
    assert (one(mask)["convexity"] < 1 - 1e-9) == covers or is_holed


@settings(max_examples=20)
@given(blobs)
def test_convexity_is_that_of_a_general_minimiser(mask: np.ndarray) -> None:
    if cv2.connectedComponents(mask)[0] != 2 or mask.sum() < 4:
        return
    hull = cv2.arcLength(cv2.convexHull(outer_contours(mask)[0]), closed=True)
    assert one(mask)["convexity"] == pytest.approx(hull / shortest_around(mask), abs=2e-3)


@given(label_images)
def test_ratios_lie_above_zero_and_not_above_one(labels: np.ndarray) -> None:
    cells = cell_morphology(labels)
    for name in ("convexity", "solidity"):
        defined = cells[name][~np.isnan(cells[name])]
        assert ((defined > 0) & (defined <= 1)).all()
    for name in ("elongation", "touching_fraction"):
        defined = cells[name][~np.isnan(cells[name])]
        assert ((defined >= 0) & (defined <= 1)).all()
    assert np.array_equal(np.isnan(cells["convexity"]), cells["perimeter_px"] == 0)


@given(label_images)
def test_scattered_cells_agree_with_opencv_and_scikit_image(labels: np.ndarray) -> None:
    cells = cell_morphology(labels)
    for cell, mask in enumerate(masks(labels)):
        contours = outer_contours(mask)
        length = sum(cv2.arcLength(piece, closed=True) for piece in contours)
        assert cells["n_pieces"][cell] == len(contours)
        assert cells["perimeter_px"][cell] == pytest.approx(length, rel=1e-6)
        hull = convex_hull_image(mask)
        assert cells["solidity"][cell] == pytest.approx(mask.sum() / hull.sum())


SHAPE_COLUMNS = (
    "area_px", "n_pieces", "perimeter_px", "convexity", "elongation", "solidity",
    "touching_fraction", "neighbour_distance_px",
)  # fmt: skip


def shapes(labels: np.ndarray) -> np.ndarray:
    cells = cell_morphology(labels)
    return np.array([cells[name] for name in SHAPE_COLUMNS])


@given(label_images, st.integers(1, 6), st.integers(1, 6))
def test_moving_all_cells_changes_no_shape(labels: np.ndarray, down: int, right: int) -> None:
    # With a margin first, since the edge of the image does not count as an edge of cells.
    here = np.pad(labels, 1)
    there = np.pad(labels, ((down, 1), (right, 1)))
    np.testing.assert_allclose(shapes(there), shapes(here), rtol=1e-9, atol=1e-9)


@given(label_images)
def test_turning_and_mirroring_change_no_shape(labels: np.ndarray) -> None:
    for turn in (np.transpose, np.flipud, np.fliplr, np.rot90):
        np.testing.assert_allclose(shapes(turn(labels)), shapes(labels), rtol=1e-6, atol=1e-9)


@given(label_images, st.permutations([5, 70_000, 2**40]))
def test_renumbering_changes_no_shape_but_the_order(labels: np.ndarray, ids: list[int]) -> None:
    renamed = np.array([0, *ids])[labels]
    before, after = cell_morphology(labels), cell_morphology(renamed)
    new_ids = np.array([0, *ids])[before["cell_id"]]
    order = np.argsort(new_ids)
    assert after["cell_id"].tolist() == new_ids[order].tolist()
    np.testing.assert_array_equal(shapes(renamed), shapes(labels)[:, order])


def test_a_large_star_is_as_convex_as_it_was_drawn() -> None:
    labels = np.zeros((1200, 1300), np.uint8)
    angles = np.linspace(0, 2 * np.pi, 25)
    radii = np.array([550, 200] * 12 + [550])
    corners = np.column_stack([600 + radii * np.sin(angles), 650 + radii * np.cos(angles)])
    labels[polygon(*corners.T)] = 1
    around, around_tips = (
        np.hypot(*np.diff(line, axis=0).T).sum() for line in (corners, corners[::2])
    )
    assert one(labels)["convexity"] == pytest.approx(around_tips / around, rel=0.005)
