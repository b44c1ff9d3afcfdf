"""Cells of real nuclei and of a threshold without any splitting, with their features."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import tifffile
from scipy import ndimage
from skimage.filters import gaussian, threshold_otsu

from workbench.metrics import cell_columns, cell_features, label_overlap


@cache
def thresholded_cells(real_data: Path, n_images: int = 60) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return cell and feature table of a model called "threshold" on fluorescence images."""
    folder = real_data / "dsb2018"
    manifest = pd.read_csv(folder / "manifest.csv")
    chosen = manifest[manifest["modality"] == "fluorescence"].head(n_images)
    cells, features = [], []
    for image in chosen.itertuples():
        pixels = tifffile.imread(folder / image.image)
        pixels = pixels if pixels.ndim == 3 else pixels[..., None]
        smooth = gaussian(pixels.astype(float).mean(axis=2), 1)
        predicted = ndimage.label(smooth > threshold_otsu(smooth))[0]
        reference = tifffile.imread(folder / image.labels)
        known = {"dataset": "dsb2018", "image_id": image.image_id, "model": "threshold", "seed": 0}
        cells.append(
            pd.DataFrame(cell_columns(label_overlap(reference, predicted))).assign(**known)
        )
        for side, labels in (("reference", reference), ("predicted", predicted)):
            part = pd.DataFrame(cell_features(pixels, labels))
            features.append(part.assign(side=side, **known))
    return pd.concat(cells, ignore_index=True), pd.concat(features, ignore_index=True).astype(
        {"cell_id": np.int64}
    )
