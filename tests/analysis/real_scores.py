"""Scores of simple predictors on real nuclei: what published tables look like before averaging."""

from dataclasses import asdict
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import tifffile
from scipy import ndimage
from skimage.filters import gaussian, threshold_otsu

from workbench.metrics import image_scores, label_overlap
from workbench.schema import SCORE_COLUMNS

PREDICTORS = {
    # model, seed: blur in px and share of Otsu's threshold
    ("sharp", 0): (0.5, 1.0),
    ("blurred", 0): (2.0, 1.0),
    ("blurred", 1): (2.2, 0.97),
    ("low", 0): (1.0, 0.6),
}


@cache
def real_scores(real_data: Path, per_modality: int = 5) -> pd.DataFrame:
    """Return the score table of three models, one of them with two seeds, on DSB 2018 images."""
    folder = real_data / "dsb2018"
    manifest = pd.read_csv(folder / "manifest.csv")
    rows = []
    for image in manifest.groupby("modality").head(per_modality).itertuples():
        pixels = tifffile.imread(folder / image.image).astype(float)
        grey = pixels if pixels.ndim == 2 else pixels[..., :3].mean(axis=2)
        if image.modality != "fluorescence":  # nuclei are dark
            grey = grey.max() - grey
        reference = tifffile.imread(folder / image.labels)
        for (model, seed), (blur_px, share) in PREDICTORS.items():
            smooth = gaussian(grey, blur_px)
            predicted = ndimage.label(smooth > share * threshold_otsu(smooth))[0].astype(np.uint32)
            overlap = label_overlap(reference, predicted)
            known = {
                "dataset": "dsb2018",
                "image_id": image.image_id,
                "group": image.modality,
                "model": model,
                "seed": seed,
                "convention": "workbench",
                "n_reference": len(overlap.reference_ids),
                "n_predicted": len(overlap.predicted_ids),
                "status": "ok",
            }
            rows += [
                known | asdict(score) for score in image_scores(overlap, iou_thresholds=[0.5, 0.7])
            ]
    return pd.DataFrame(rows)[list(SCORE_COLUMNS)]


def modalities(scores: pd.DataFrame) -> pd.Series:
    """Return the modality of each image."""
    return scores.groupby("image_id")["group"].first()
