"""Large images by level: what is read in parts is what is read whole."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr

from workbench.datasets import image_levels, open_dataset, read_record_image
from workbench.schema import InputError

ROWS, COLUMNS = 96, 128


def picture(n_channels: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    return rng.integers(0, 4000, (n_channels, ROWS, COLUMNS)).astype(np.uint16)


def record_of(folder: Path, image: Path, **columns: str):
    header = ",".join(["image_id", "image", *columns])
    values = ",".join(["large", str(image), *columns.values()])
    (folder / "manifest.csv").write_text(f"{header}\n{values}\n")
    return open_dataset(folder).records[0]


def write_zarr(path: Path, pixels: np.ndarray) -> None:
    group = zarr.open_group(path, mode="w", zarr_format=2)
    for place, step in enumerate((1, 2)):
        level = pixels[:, ::step, ::step]
        array = group.create_array(str(place), shape=level.shape, chunks=(1, 32, 32), dtype="u2")
        array[:] = level
    axes = [{"name": name} for name in "cyx"]
    datasets = [{"path": "0"}, {"path": "1"}]
    group.attrs["multiscales"] = [{"axes": axes, "datasets": datasets, "version": "0.4"}]


@pytest.mark.parametrize("form", ["ome_zarr", "pyramid", "tiled", "strips"])
def test_the_first_level_is_the_whole_image(tmp_path: Path, form: str) -> None:
    pixels = picture(2)
    path = tmp_path / ("large.zarr" if form == "ome_zarr" else "large.ome.tif")
    if form == "ome_zarr":
        write_zarr(path, pixels)
    elif form == "pyramid":
        with tifffile.TiffWriter(path) as tiff:
            tiff.write(pixels, subifds=1, tile=(32, 32), metadata={"axes": "CYX"})
            tiff.write(pixels[:, ::2, ::2], subfiletype=1, tile=(32, 32))
    else:
        tile = {"tile": (32, 32)} if form == "tiled" else {}
        tifffile.imwrite(path, pixels, metadata={"axes": "CYX"}, **tile)
    record = record_of(tmp_path, path)
    found = image_levels(record, large_px=1000)
    assert found is not None
    whole = read_record_image(record).pixels
    assert np.array_equal(np.asarray(found.levels[0]), whole)
    if form in ("ome_zarr", "pyramid"):
        assert np.array_equal(np.asarray(found.levels[1]), whole[::2, ::2])
    assert image_levels(record) is None, "read whole, as it is small"


def test_chosen_channels_and_planes_are_those_of_the_whole_image(tmp_path: Path) -> None:
    path = tmp_path / "stack.ome.tif"
    stack = np.stack([picture(3), picture(3)[::-1]])
    tifffile.imwrite(path, stack, metadata={"axes": "ZCYX"}, tile=(32, 32))
    record = record_of(tmp_path, path, image_plane="Z=1", image_channels="2")
    found = image_levels(record, large_px=1000)
    assert found is not None
    assert np.array_equal(np.asarray(found.levels[0]), read_record_image(record).pixels)
    with pytest.raises(InputError, match="focal planes"):
        image_levels(record_of(tmp_path, path), large_px=1000)


def test_what_can_only_be_read_whole_has_no_levels(tmp_path: Path) -> None:
    path = tmp_path / "large.npy"
    np.save(path, picture(1)[0])
    assert image_levels(record_of(tmp_path, path), large_px=1000) is None


def test_levels_outside_of_their_folder_are_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "large.zarr"
    write_zarr(path, picture(1))
    group = zarr.open_group(path, mode="a")
    scales = group.attrs["multiscales"]
    scales[0]["datasets"][1]["path"] = "../other.zarr/0"
    group.attrs["multiscales"] = scales
    found = image_levels(record_of(tmp_path, path), large_px=1000)
    assert found is not None
    assert len(found.levels) == 1
