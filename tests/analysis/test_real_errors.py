"""Budget, queue, duel and disputes of simple predictors on real nuclei."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from scipy import ndimage
from skimage.filters import gaussian, threshold_otsu

from workbench.analysis import (
    budget_by_threshold,
    compare_budgets,
    disputed_cells,
    doubtful_cells,
    duel,
    error_budget,
    error_events,
    expected_f1_after,
    explain_difference,
    image_difficulty,
    paired_scores,
    review_queue,
)
from workbench.datasets import LabelRead
from workbench.schema import LabelImage, Member
from workbench.studies._scoring import ScoringConfig, ScoringTask, score_images

BLURS_PX = {"sharp": 0.5, "soft": 1.5, "blurred": 4.0}


@dataclass(frozen=True, eq=False)
class Tables:
    """Of all models."""

    scores: pd.DataFrame
    cells: pd.DataFrame
    errors: pd.DataFrame


class Kept:
    """Label images in memory."""

    def __init__(self, labels: dict[str, LabelImage]) -> None:
        self.labels = labels

    def read(self, image_id: str, *, shape: tuple[int, int] | None = None) -> LabelRead:
        del shape
        return LabelRead(self.labels[image_id], (), None)


@cache
def scored(real_data: Path) -> Tables:
    """Scores, cells and errors of three blurs before Otsu's threshold, on 12 images."""
    folder = real_data / "dsb2018"
    manifest = pd.read_csv(folder / "manifest.csv").groupby("modality").head(4).head(12)
    reference = {r.image_id: tifffile.imread(folder / r.labels) for r in manifest.itertuples()}
    parts = []
    for model, blur_px in BLURS_PX.items():
        predicted = {}
        for row in manifest.itertuples():
            pixels = tifffile.imread(folder / row.image).astype(float)
            grey = pixels if pixels.ndim == 2 else pixels[..., :3].mean(axis=2)
            if row.modality != "fluorescence":  # nuclei are dark
                grey = grey.max() - grey
            smooth = gaussian(grey, blur_px)
            labels = ndimage.label(smooth > threshold_otsu(smooth))[0]
            predicted[row.image_id] = labels.astype(np.uint32)
        parts.append(
            score_images(
                [ScoringTask(image_id, image_id) for image_id in reference],
                Kept(reference), Kept(predicted), dataset="dsb2018", member=Member(model, 0),
                config=ScoringConfig(iou_thresholds=(0.5, 0.8), measures=("f1",)),
            )
        )  # fmt: skip
    tables = {
        name: pd.concat([getattr(part, name) for part in parts], ignore_index=True)
        for name in ("scores", "cells", "errors")
    }
    return Tables(**tables)


@pytest.fixture
def real(real_data: Path) -> Tables:
    return scored(real_data)


def test_the_budget_of_every_model_and_threshold_sums_to_what_its_f1_lacks(real: Tables) -> None:
    budget = budget_by_threshold(real.errors, n_resamples=200)
    for threshold in (0.5, 0.8):
        f1 = paired_scores(real.scores, threshold=threshold).mean()
        lost = budget[budget["threshold"] == threshold].groupby("model")["lost"].sum()
        assert lost.to_dict() == pytest.approx((1 - f1).to_dict())
    by_type = budget.set_index(["model", "error", "threshold"])["lost"]
    for model in BLURS_PX:
        assert by_type[model, "boundary", 0.8] > 1.5 * by_type[model, "boundary", 0.5]


def test_blur_merges_cells_and_sharpness_scatters_spurious_ones(real: Tables) -> None:
    budget = error_budget(real.errors, n_resamples=200).set_index(["model", "error"])
    assert budget.loc[("blurred", "merge"), "lost"] > budget.loc[("sharp", "merge"), "lost"]
    n_spurious = budget["n_events"].xs("spurious", level="error")
    assert n_spurious["sharp"] > 5 * n_spurious["blurred"]
    compared = compare_budgets(real.errors, first="sharp", second="blurred").set_index("error")
    assert compared.loc["spurious", "advantage"] < 0 < compared.loc["merge", "advantage"]


def test_events_of_the_cells_are_those_of_the_error_table(real: Tables) -> None:
    errors = real.errors[np.isclose(real.errors["threshold"], 0.5)]
    keys, columns = ["image_id", "error"], ["added_matches", "added_predicted"]
    for model in BLURS_PX:
        events = error_events(real.cells, model=model)
        table = errors[errors["model"] == model].set_index(keys)
        summed = events.groupby(keys)[columns].sum().reindex(table.index, fill_value=0)
        assert (summed == table[columns]).all(axis=None)
        counts = events.groupby(keys).size().reindex(table.index, fill_value=0)
        assert (counts == table["n_events"]).all()


def test_the_queue_starts_at_the_models_f1_and_ends_at_one(real: Tables) -> None:
    f1 = paired_scores(real.scores).mean()
    for model in BLURS_PX:
        queue = review_queue(real.cells, model=model)
        assert expected_f1_after(queue, 0, n_resamples=50).before == pytest.approx(f1[model])
        assert expected_f1_after(queue, len(queue.events), n_resamples=50).after == pytest.approx(1)


def test_places_explain_the_difference_exactly(real: Tables) -> None:
    f1 = paired_scores(real.scores).mean()
    table = explain_difference(real.cells, "sharp", "blurred")
    assert table["contribution"].sum() == pytest.approx(f1["sharp"] - f1["blurred"], abs=1e-12)
    whole = duel(real.cells, "sharp", "blurred").iloc[0]
    n_cells = real.scores.drop_duplicates("image_id")["n_reference"].sum()
    assert whole["n_cells"] == n_cells


def test_doubt_without_reference_finds_errors_sooner_than_chance(real: Tables) -> None:
    predicted = real.cells[(real.cells["model"] == "soft") & (real.cells["side"] == "predicted")]
    doubtful = doubtful_cells(real.cells.drop(columns=["outcome", "event"]), model="soft")
    own = doubtful[~doubtful["is_lacking"]].merge(
        predicted[["image_id", "cell_id", "outcome"]], on=["image_id", "cell_id"]
    )
    wrong = own["outcome"] != "matched"
    assert len(own) == len(predicted)
    assert wrong[own["doubt"] == 1].mean() > 2 * wrong[own["doubt"] == 0].mean()


def test_the_hardest_image_has_the_lowest_odds_and_disputes_are_about_unmatched_cells(
    real: Tables,
) -> None:
    difficulty = image_difficulty(real.scores)
    assert difficulty["difficulty"].is_monotonic_decreasing
    assert difficulty["mean"].corr(difficulty["difficulty"], method="spearman") < -0.9
    disputed = disputed_cells(real.cells, min_models=3)
    assert len(disputed) > 0
    cells = real.cells.set_index(["image_id", "side", "cell_id"])["outcome"]
    for row in disputed[disputed["side"] == "reference"].itertuples():
        assert "matched" not in set(cells.loc[(row.image_id, "reference", row.cell_id)])
