"""Brightness, clipping, focus, noise and contrast of images; brightness of cells."""

import csv
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from scipy.ndimage import gaussian_filter
from skimage.measure import regionprops_table

from workbench.metrics import ImageQuality, cell_intensity, cell_morphology, image_quality
from workbench.schema import InputError

FLUORESCENCE = "dsb2018/images/04acab7636c4cf61.tif"
REAL_IMAGES = (
    FLUORESCENCE,
    "usiigaci_phase/images/set01.tif",
    "codex_tissue/images/R001_X003_Y004.tif",
    "axon_sem/images/sub-rat1_sample-data1_SEM.tif",
    "stardist_sample/images/img2d.tif",
)
NOISE_ALONE = 6.18  # between the quantiles 0.1 % and 99.9 % of a Gaussian


def read(path: Path) -> np.ndarray:
    image = tifffile.imread(path).squeeze()
    if image.ndim == 2:
        return image[..., None]
    return np.moveaxis(image, 0, -1) if image.shape[0] < 5 else image


def one_of(real_data: Path, modality: str) -> tuple[np.ndarray, np.ndarray]:
    """Return an image of this modality and its labels."""
    folder = real_data / "dsb2018"
    with (folder / "manifest.csv").open() as file:
        row = next(row for row in csv.DictReader(file) if row["modality"] == modality)
    return read(folder / row["image"]), read(folder / row["labels"])[..., 0]


def noisy(level: float = 100, sd: float = 5, size: int = 200) -> np.ndarray:
    return np.random.default_rng(0).normal(level, sd, (size, size, 1)).astype(np.float32)


def test_brightness_is_that_of_numpy_on_the_mean_over_channels() -> None:
    image = np.random.default_rng(0).integers(0, 60_000, (40, 50, 3)).astype(np.uint16)
    quality = image_quality(image)
    grey = image.astype(float).mean(axis=2)
    found = [quality.intensity_p0_1, quality.intensity_p1, quality.intensity_p50]
    assert found == pytest.approx(np.percentile(grey, [0.1, 1, 50]).tolist(), rel=1e-6)
    found = [quality.intensity_p99, quality.intensity_p99_9]
    assert found == pytest.approx(np.percentile(grey, [99, 99.9]).tolist(), rel=1e-6)
    assert quality.intensity_mean == pytest.approx(grey.mean())
    assert quality.intensity_sd == pytest.approx(grey.std())


def test_clipping_is_looked_for_in_each_channel() -> None:
    image = np.full((2, 5, 2), 7, np.uint8)
    image[0, 0] = [255, 3]
    image[0, 1] = [255, 255]
    image[1, 0] = 254
    image[1, 3] = [0, 9]
    image[1, 4] = 0
    quality = image_quality(image)
    assert quality.saturated_fraction == 2 / 10
    assert quality.at_maximum_fraction == 2 / 10
    assert quality.dark_fraction == 1 / 10


def test_twelve_bits_in_sixteen_saturate_at_the_images_own_maximum() -> None:
    image = np.full((10, 10, 1), 300, np.uint16)
    image[:3] = 4095
    quality = image_quality(image)
    assert (quality.saturated_fraction, quality.at_maximum_fraction) == (0, 0.3)


def test_floating_images_have_no_type_to_saturate() -> None:
    quality = image_quality(noisy())
    assert np.isnan(quality.saturated_fraction)
    assert quality.at_maximum_fraction == 1 / 200**2


@pytest.mark.parametrize("sd", [0.5, 5, 80])
def test_noise_is_found_at_its_size_and_alone_spans_six_of_it(sd: float) -> None:
    quality = image_quality(noisy(1000, sd))
    assert quality.noise_sd == pytest.approx(sd, rel=0.02)
    assert quality.dynamic_range_to_noise == pytest.approx(NOISE_ALONE, rel=0.03)


def test_gradients_and_straight_edges_are_no_noise() -> None:
    rows, columns = np.indices((50, 60))
    image = 3 * rows + 2 * columns + 500 * (columns > 30)
    assert image_quality(image[..., None].astype(np.uint16)).noise_sd == 0


def test_noise_of_a_real_image_grows_by_what_is_added(real_data: Path) -> None:
    for name in REAL_IMAGES:
        image = read(real_data / name).astype(np.float32)[..., :1]
        rng = np.random.default_rng(0)
        added = [share * image.std() for share in (0, 0.05, 0.1, 0.2, 0.4, 0.8)]
        images = [(image + rng.normal(0, sd, image.shape)).astype(np.float32) for sd in added]
        found = [image_quality(each).noise_sd for each in images]
        assert all(np.diff(found) > 0)
        assert found[-1] == pytest.approx(np.hypot(found[0], added[-1]), rel=0.1)


def test_noise_is_the_mean_response_of_the_published_filter(real_data: Path) -> None:
    image = read(real_data / FLUORESCENCE)
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], float)
    response = cv2.filter2D(image[..., 0].astype(float), -1, kernel)[1:-1, 1:-1]
    expected = np.sqrt(np.pi / 2) * np.abs(response).sum() / (6 * response.size)
    assert image_quality(image).noise_sd == pytest.approx(expected, rel=1e-5)


def test_focus_of_real_images_falls_with_every_blur(real_data: Path) -> None:
    images = [read(real_data / name) for name in REAL_IMAGES]
    images += [one_of(real_data, f"he_purple_on_{ground}")[0] for ground in ("white", "purple")]
    for image in images:
        values = [
            image_quality(gaussian_filter(image.astype(np.float32), (sigma, sigma, 0))).focus
            for sigma in (0, 0.5, 1, 1.5, 2, 3, 4, 6, 8)
        ]
        assert all(np.diff(values) < 0)
        assert values[0] > 5 * values[-1]


def test_focus_is_the_variance_of_opencvs_laplacian_over_the_variance(real_data: Path) -> None:
    image = read(real_data / FLUORESCENCE)
    blurred = gaussian_filter(image[..., 0].astype(float), 1)
    laplacian = cv2.Laplacian(blurred, cv2.CV_64F)[1:-1, 1:-1]
    assert image_quality(image).focus == pytest.approx(laplacian.var() / blurred.var(), rel=1e-4)


@given(st.floats(0.01, 100), st.floats(-500, 500))
def test_brightness_and_contrast_leave_focus_and_ratios_as_they_are(
    gain: float, offset: float
) -> None:
    image = gaussian_filter(noisy(0, 30, 64), (2, 2, 0)) + noisy(0, 1, 64)
    labels = (image[..., 0] > 2).astype(int)
    before, after = image_quality(image, labels), image_quality(gain * image + offset, labels)
    for name in ("focus", "dynamic_range_to_noise", "signal_to_noise", "contrast"):
        assert getattr(after, name) == pytest.approx(getattr(before, name), rel=0.02)


@pytest.mark.parametrize(
    ("modality", "sign"),
    [
        ("fluorescence", 1),
        ("he_purple_on_white", -1),
        ("he_purple_on_purple", -1),
        ("brightfield_grey", -1),
    ],
)
def test_the_sign_of_contrast_says_whether_cells_are_darker(
    real_data: Path, modality: str, sign: int
) -> None:
    quality = image_quality(*one_of(real_data, modality))
    assert sign * quality.contrast > 2
    assert sign * quality.signal_to_noise > 20
    assert quality.dynamic_range_to_noise > 10 * NOISE_ALONE


def test_phase_contrast_cells_are_as_bright_as_their_background(real_data: Path) -> None:
    folder = real_data / "usiigaci_phase"
    labels = tifffile.imread(folder / "labels" / "set01.tif").squeeze()
    quality = image_quality(read(folder / "images" / "set01.tif"), labels)
    assert abs(quality.contrast) < 0.2


def test_contrast_and_signal_are_the_difference_over_background_and_over_noise() -> None:
    image = noisy(50, 4)
    image[40:60, 40:60] += 60
    image[100:] += 20  # a background in two steps, with a standard deviation of 10
    labels = np.zeros((200, 200), np.uint8)
    labels[40:60, 40:60] = 3
    quality = image_quality(image, labels)
    assert quality.signal_to_noise == pytest.approx(50 / 4, rel=0.03)
    assert quality.contrast == pytest.approx(50 / np.hypot(10, 4), rel=0.03)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("labels", [None, np.zeros((20, 20), int), np.ones((20, 20), int)])
def test_without_both_cells_and_background_there_is_no_contrast(labels: np.ndarray | None) -> None:
    quality = image_quality(noisy(size=20), labels)
    assert np.isnan([quality.contrast, quality.signal_to_noise]).all()
    assert quality.noise_sd > 0


@pytest.mark.filterwarnings("error")
def test_an_image_of_one_value_has_neither_focus_nor_ratios() -> None:
    labels = np.eye(9, dtype=int)
    quality = image_quality(np.full((9, 9, 1), 40, np.uint8), labels)
    assert (quality.noise_sd, quality.intensity_sd, quality.at_maximum_fraction) == (0, 0, 1)
    undefined = ("focus", "dynamic_range_to_noise", "signal_to_noise", "contrast")
    assert np.isnan([getattr(quality, name) for name in undefined]).all()


@pytest.mark.filterwarnings("error")
def test_an_image_too_narrow_for_the_filters_has_no_focus_and_no_noise() -> None:
    quality = image_quality(np.arange(20, dtype=np.uint8).reshape(2, 10, 1))
    assert np.isnan([quality.focus, quality.noise_sd, quality.dynamic_range_to_noise]).all()
    assert quality.intensity_mean == 9.5


def test_all_numbers_are_plain_and_fit_a_table() -> None:
    quality = image_quality(noisy().astype(np.uint8), np.eye(200, dtype=np.uint32))
    assert isinstance(quality, ImageQuality)
    assert {type(value) for value in asdict(quality).values()} == {float}


@pytest.mark.parametrize(
    ("image", "labels", "message"),
    [
        (np.ones((5, 5)), None, r"\(height, width, channels\), got \(5, 5\)"),
        (np.ones((0, 5, 1)), None, r"got \(0, 5, 1\)"),
        (np.ones((5, 5, 1), bool), None, "integers or floating numbers, got bool"),
        (np.full((5, 5, 1), np.nan), None, "NaN or infinite"),
        (np.ones((5, 6, 1)), np.ones((5, 5), int), r"width \(5, 6\), got \(5, 5\)"),
    ],
)
def test_what_is_no_image_is_refused(
    image: np.ndarray, labels: np.ndarray | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        image_quality(image, labels)
    with pytest.raises(InputError, match=message):
        cell_intensity(image, np.ones(image.shape[:2], int) if labels is None else labels)


def test_a_cell_is_as_bright_as_its_pixels_on_average() -> None:
    image = np.array([[[10, 30], [20, 60], [0, 0], [5, 5]]], np.uint8)
    cells = cell_intensity(image, np.array([[9, 9, 0, 4]]))
    assert cells["cell_id"].tolist() == [4, 9]
    assert cells["intensity_mean"].tolist() == [5, 30]
    assert cells["intensity_sd"].tolist() == [0, 10]


def test_brightness_of_real_cells_is_scipys_and_in_the_order_of_their_shapes(
    real_data: Path,
) -> None:
    image = read(real_data / "codex_tissue" / "images" / "R001_X003_Y004.tif")
    labels = read(real_data / "codex_tissue" / "labels" / "R001_X003_Y004.tif")[..., 0]
    cells = cell_intensity(image, labels)
    assert cells["cell_id"].tolist() == cell_morphology(labels)["cell_id"].tolist()
    grey = image.astype(float).mean(axis=2)
    theirs = regionprops_table(labels, grey, properties=("label", "intensity_mean"))
    np.testing.assert_allclose(cells["intensity_mean"], theirs["intensity_mean"], rtol=1e-6)
    spread = ndimage.standard_deviation(grey, labels, cells["cell_id"])
    np.testing.assert_allclose(cells["intensity_sd"], spread, rtol=1e-5)


def test_images_without_cells_have_no_brightness_of_cells() -> None:
    cells = cell_intensity(noisy(size=8), np.zeros((8, 8), np.uint16))
    assert {len(column) for column in cells.values()} == {0}
