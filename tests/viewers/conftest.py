"""A small run on real images, and one on discs."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from tests.conftest import small_view
from workbench.studies import RunView

N_IMAGES = 3
SMALL_PX = 300


@pytest.fixture
def real_view(real_data: Path, tmp_path: Path) -> RunView:
    """Two models that find the same, on three real images of nuclei."""
    return run_of_real_images(real_data, tmp_path)


@pytest.fixture
def disc_view(small_study: Callable[..., Path], tmp_path: Path) -> RunView:
    """One model that finds every disc."""
    return small_view(small_study(), tmp_path / "run")


def run_of_real_images(real_data: Path, folder: Path) -> RunView:
    source = real_data / "dsb2018"
    with (source / "manifest.csv").open(newline="") as file:
        rows = [
            row for row in csv.DictReader(file)
            if row["split"] == "test" and int(row["height"]) < SMALL_PX
            and row["modality"] == "fluorescence"
        ]  # fmt: skip
    # Images with many cells: the method errs on some of them.
    rows = sorted(rows, key=lambda row: -int(row["n_cells"]))[:N_IMAGES]
    data = folder / "data"
    data.mkdir()
    lines = ["image_id,image,labels,split,stain"]
    for place, row in enumerate(rows):
        files = ",".join(str(source / row[column]) for column in ("image", "labels"))
        lines.append(f"{row['image_id']},{files},test,{'AB'[place % 2]}")
    (data / "manifest.csv").write_text("\n".join(lines) + "\n")
    study = folder / "study.yaml"
    models = "{otsu: {architecture: otsu_watershed}, second: {architecture: otsu_watershed}}"
    study.write_text(f"name: real\ndataset: {data}\nmodels: {models}\n")
    return small_view(study, folder / "run")


@pytest.fixture
def pyramid(tmp_path: Path) -> Path:
    """A tiled OME-TIFF of three levels; the value of a pixel tells its place."""
    path = tmp_path / "large.ome.tif"
    rows, columns = np.indices((512, 640), np.uint16)
    base = np.stack([rows, columns])
    with tifffile.TiffWriter(path, bigtiff=True) as tiff:
        options = {"tile": (64, 64), "compression": "zlib"}
        tiff.write(base, subifds=2, metadata={"axes": "CYX", "Channel": {"Name": ["a", "b"]}},
                   **options)  # fmt: skip
        for step in (2, 4):
            tiff.write(base[:, ::step, ::step], subfiletype=1, **options)
    return path
