"""Image files."""

from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile

from workbench.datasets import read_image, read_labels
from workbench.schema import InputError


def png(path: Path, array: np.ndarray) -> Path:
    path.write_bytes(imagecodecs.png_encode(array))
    return path


def tiff(path: Path, array: np.ndarray, **options: object) -> Path:
    tifffile.imwrite(path, array, **options)
    return path


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_grey_and_colour_of_8_and_16_bit_come_back_unchanged(
    tmp_path: Path, dtype: type, shape: tuple[int, ...], suffix: str
) -> None:
    array = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape).astype(dtype)
    path = tmp_path / f"image.{suffix}"
    (png if suffix == "png" else tiff)(path, array)

    image = read_image(path)

    assert image.dtype == dtype
    assert np.array_equal(image, array.reshape(5, 7, -1))


def test_float_images_are_read_as_float32(tmp_path: Path) -> None:
    array = np.linspace(-1, 1, 12).reshape(3, 4)
    image = read_image(tiff(tmp_path / "image.tif", array))
    assert image.dtype == np.float32
    assert np.allclose(image[..., 0], array)


@pytest.mark.parametrize("compression", ["zlib", "lzw", "zstd"])
def test_compressed_tiffs_are_read(tmp_path: Path, compression: str) -> None:
    array = np.arange(70_000, 70_020, dtype=np.uint32).reshape(4, 5)
    labels = read_labels(tiff(tmp_path / "labels.tif", array, compression=compression))
    assert np.array_equal(labels, array)


def test_channels_stored_first_are_moved_last(tmp_path: Path) -> None:
    array = np.arange(2 * 5 * 7, dtype=np.uint16).reshape(2, 5, 7)
    path = tiff(tmp_path / "image.tif", array, metadata={"axes": "CYX"}, imagej=True)
    assert np.array_equal(read_image(path), np.moveaxis(array, 0, -1))


def test_alpha_is_dropped(tmp_path: Path) -> None:
    rgba = np.random.default_rng(0).integers(0, 255, (5, 7, 4)).astype(np.uint8)
    assert np.array_equal(read_image(png(tmp_path / "image.png", rgba)), rgba[..., :3])
    path = tiff(tmp_path / "image.tif", rgba, photometric="rgb", extrasamples=["unassalpha"])
    assert np.array_equal(read_image(path), rgba[..., :3])


def test_float_labels_without_fractions_are_labels(tmp_path: Path) -> None:
    labels = read_labels(tiff(tmp_path / "labels.tif", np.array([[0.0, 3.0]])))
    assert labels.tolist() == [[0, 3]]
    assert labels.dtype == np.uint32


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([[0.25, 1.0]]), "whole numbers, got fractions such as 0.25"),
        (np.array([[-1, 1]], np.int16), "between 0 and 4,294,967,295, got -1 to 1"),
        (np.zeros((4, 5, 3), np.uint8), "saved again as one integer per pixel"),
    ],
)
def test_what_is_no_label_image_is_refused_with_a_cure(
    tmp_path: Path, array: np.ndarray, message: str
) -> None:
    path = tiff(tmp_path / "labels.tif", array)
    with pytest.raises(InputError, match=message) as caught:
        read_labels(path)
    assert "labels.tif" in str(caught.value)


def test_a_stack_is_refused_with_its_axes(tmp_path: Path) -> None:
    path = tiff(tmp_path / "stack.tif", np.zeros((9, 5, 7), np.uint8), photometric="minisblack")
    with pytest.raises(InputError, match=r"expected one image .* got QYX of shape \(9, 5, 7\)"):
        read_image(path)


def test_pixels_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    path = tiff(tmp_path / "image.tif", np.array([[1.0, np.nan], [np.inf, 0.0]]))
    with pytest.raises(InputError, match="2 pixels are NaN or infinite"):
        read_image(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.tif: no such file"):
        read_image(tmp_path / "gone.tif")


@pytest.mark.parametrize("suffix", ["tif", "png"])
@pytest.mark.parametrize("content", [b"", b"not an image at all", None])
def test_a_corrupt_file_is_named_with_a_cure(
    tmp_path: Path, suffix: str, content: bytes | None
) -> None:
    path = tmp_path / f"broken.{suffix}"
    if content is None:  # cut in the middle
        array = np.random.default_rng(0).integers(0, 255, (64, 64)).astype(np.uint8)
        write = png if suffix == "png" else lambda p, a: tiff(p, a, compression="zlib")
        content = write(path, array).read_bytes()
        content = content[: len(content) // 2]
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"broken\.{suffix}: can't be read as .* again"):
        read_image(path)


def test_other_formats_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "image.czi"
    path.touch()
    with pytest.raises(InputError, match=r"expected a file ending in \.tif, \.tiff, \.png"):
        read_image(path)
