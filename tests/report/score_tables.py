"""Score tables for the tests of reports."""

import numpy as np
import pandas as pd

MODELS = {"good": 0.7, "twin": 0.69, "poor": 0.3}


def score_table(
    models: dict[str, float] | None = None, *, n_images: int = 24, full: bool = True
) -> pd.DataFrame:
    """Return scores of models on the same images; ``full`` with counts, Dice and thresholds."""
    rng = np.random.default_rng(7)
    easy = rng.normal(0, 0.15, n_images)
    cells = rng.permutation(np.geomspace(2, 300, n_images).astype(int))
    rows = []
    for model, mean in (models or MODELS).items():
        at_half = np.clip(mean + easy + rng.normal(0, 0.04, n_images), 0, 1)
        for threshold in (0.5, 0.7, 0.9) if full else (0.5,):
            for metric in ("f1", "precision", "recall") if full else ("f1",):
                values = at_half * (1.4 - 0.8 * threshold)
                rows += [
                    (f"im{i:02}", model, metric, threshold, value, n, int(value * n))
                    for i, (value, n) in enumerate(zip(values, cells, strict=True))
                ]
        if full:
            rows += [
                (f"im{i:02}", model, "dice", np.nan, 0.5 + value / 2, n, 0)
                for i, (value, n) in enumerate(zip(at_half, cells, strict=True))
            ]
    columns = ["image_id", "model", "metric", "threshold", "value", "n_reference", "tp"]
    table = pd.DataFrame(rows, columns=columns)
    if not full:
        return table[["image_id", "model", "metric", "threshold", "value"]].assign(seed=0)
    table["fp"] = table["fn"] = table["n_reference"] - table["tp"]
    return table.assign(
        n_predicted=table["n_reference"], dataset="made", group="", seed=0,
        convention="workbench", status="ok",
    )  # fmt: skip
