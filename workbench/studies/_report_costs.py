"""What the report says of costs: size, time and memory of every model under one harness."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final

import pandas as pd

from workbench import figures
from workbench.analysis import model_summary
from workbench.report import Figure, ReportTable, Section, plain
from workbench.schema import Member
from workbench.studies._applied import AppliedNetwork, read_applied
from workbench.studies._config import StudyConfig
from workbench.studies._networks import open_model_folder
from workbench.studies._predict import IMAGES
from workbench.studies._training_cost import TrainingCost, read_training_cost
from workbench.studies._view import RunView

HEADERS: Final = {
    "model": "Model",
    "parameters": "Parameters, millions",
    "trainable": "Trained, millions",
    "multiply_adds": "Multiply-adds, 10⁹",
    "training_min": "Training, min",
    "standardised_min": "Standardised, min",
    "train_memory_mb": "Training memory, MB",
    "images_per_s": "Test images per s",
    "predicted_on": "Predicted on",
    "cpu_images_per_s": "Network per s, CPU",
    "gpu_images_per_s": "Network per s, GPU",
}
CAPTION: Final = (
    "What each model costs. A model made of others costs what they cost together. Multiply-adds: "
    "of one image of 256 × 256 pixels. Standardised: running time T · B/8 · 50/E, with training "
    "time T, batch size B and E passes over the training images (the eighteen-methods study). "
    "Training memory: the peak. Test images per s: from pixels to cells, median over images, "
    "reading and writing left out. The last two columns time the network alone on images of "
    "256 × 256 pixels, one at a time."
)

NO_IMAGES: Final = pd.DataFrame({"seconds": [], "device": []})


def costs_section(view: RunView) -> Section:
    """Return the section on costs: the table, and F1 against training and inference time."""
    table = cost_table(view)
    by_model = table.groupby(table["model"].map(lambda name: name.rpartition("-")[0]), sort=False)
    scores = model_summary(view.scores).set_index("model")[["f1@0.5", "ci_low", "ci_high"]]
    scores = scores.set_axis(["value", "ci_low", "ci_high"], axis=1)
    items: list[ReportTable | Figure] = [
        ReportTable(
            "costs",
            CAPTION,
            table,
            headers=HEADERS,
            formats={
                "parameters": _short,
                "trainable": _short,
                "multiply_adds": _short,
                "training_min": _short,
                "standardised_min": _short,
                "train_memory_mb": _whole,
                "images_per_s": _short,
                "cpu_images_per_s": _short,
                "gpu_images_per_s": _short,
            },
        )
    ]
    for cost, title, what in (
        (by_model["training_min"].mean() * 60, "Training time, s", "training time"),
        (1 / by_model["images_per_s"].mean(), "Inference, s per test image", "inference time"),
    ):
        costs = scores.join(cost.rename("cost")).rename_axis("model").reset_index()
        if costs["cost"].gt(0).any():
            items.append(
                Figure(
                    f"Mean F1 at IoU 0.5, with its 95 % interval, against {what}. Those in bold "
                    "are matched by no other for less, and a dotted line joins them; models "
                    "without a time are left out.",
                    figures.pareto(with_front(costs), cost_title=title),
                )
            )
    return Section("Costs", items=items)


def with_front(costs: pd.DataFrame) -> pd.DataFrame:
    """Add the column ``on_front``: whether every other model costs more or scores less.

    Parameters
    ----------
    costs
        A row per model with ``cost`` and ``value``; a row where either is undefined, or the cost
        is not above 0, is on no front.

    Examples
    --------
    >>> costs = pd.DataFrame({"cost": [1, 2, 3, math.nan], "value": [0.5, 0.4, 0.6, 0.9]})
    >>> with_front(costs)["on_front"].tolist()
    [True, False, True, False]
    """
    usable = costs[(costs["cost"] > 0) & costs["value"].notna()]
    on_front = {
        row.Index: not any(
            other.cost <= row.cost
            and other.value >= row.value
            and (other.cost, other.value) != (row.cost, row.value)
            for other in usable.itertuples()
        )
        for row in usable.itertuples()
    }
    return costs.assign(on_front=[on_front.get(place, False) for place in costs.index])


def cost_table(view: RunView) -> pd.DataFrame:
    """Return a row per member with the columns of :data:`HEADERS`; NaN where nothing is known."""
    return pd.DataFrame([_row(view, member) for member in view.members], columns=list(HEADERS))


def _row(view: RunView, member: Member) -> dict[str, Any]:
    networks = _networks(view, member)
    trained = trained_members(view.study, member)
    costs = [cost for part in trained for cost in _training_costs(view, part)]
    complete = not _has_foreign(view, member)
    images = view.run.prediction_folder(member) / IMAGES
    table = pd.read_parquet(images) if images.is_file() else NO_IMAGES
    return {
        "model": member.name,
        "parameters": _total(network.parameters for network in networks) / 1e6,
        "trainable": _total(network.trainable_parameters for network in networks) / 1e6,
        "multiply_adds": _per_image(networks) / 1e9,
        "training_min": _total(c.seconds for c in costs) / 60 if complete else math.nan,
        "standardised_min": (
            _total(c.standardised_seconds for c in costs) / 60 if complete else math.nan
        ),
        "train_memory_mb": max((c.peak_memory_mb for c in costs), default=math.nan),
        "images_per_s": _per_second(table["seconds"]),
        "predicted_on": _texts(table["device"]),
        "cpu_images_per_s": _speed([network.cpu_images_per_s for network in networks]),
        "gpu_images_per_s": _speed([network.gpu_images_per_s for network in networks]),
    }


def trained_members(study: StudyConfig, member: Member) -> tuple[Member, ...]:
    """Return the members whose trainings a member rests on, its own included, each once."""
    model = study.models[member.model]
    if model.is_trained_here:
        return (member,)
    found = [
        trained
        for part in model.parts
        for trained in trained_members(study, study.member(part, member.seed))
    ]
    return tuple(dict.fromkeys(found))


def _has_foreign(view: RunView, member: Member) -> bool:
    """Whether a part of a member was trained elsewhere, at a cost that nobody knows."""
    model = view.study.models[member.model]
    return model.kind in ("checkpoint", "predictions") or any(
        _has_foreign(view, view.study.member(part, member.seed)) for part in model.parts
    )


def _networks(view: RunView, member: Member) -> list[AppliedNetwork]:
    """Return the networks that a member applies, through the members it takes a vote of."""
    model = view.study.models[member.model]
    if model.kind == "ensemble" and model.fuse == "labels":
        parts = [view.study.member(part, member.seed) for part in model.ensemble]
        return [network for part in parts for network in _networks(view, part)]
    return read_applied(view.run.prediction_folder(member))


def _training_costs(view: RunView, member: Member) -> list[TrainingCost]:
    """Return what each network of a member took to train."""
    folder = view.run.model_folder(member)
    if not folder.is_dir():
        return []
    return [read_training_cost(path) for path in open_model_folder(folder).folders.values()]


def _per_image(networks: Sequence[AppliedNetwork]) -> float:
    """Return the multiply-adds of one image: of alternatives for different images, the mean."""
    if not networks:
        return math.nan
    table = pd.DataFrame({"model": n.model, "cost": n.multiply_adds} for n in networks)
    return float(table.groupby("model")["cost"].mean().sum())


def _speed(speeds: Sequence[float]) -> float:
    """Return images a second where each goes through all networks in turn."""
    return 1 / sum(1 / speed for speed in speeds) if speeds else math.nan


def _per_second(seconds: pd.Series) -> float:
    """Return images a second; NaN where nobody measured the time, or a card says that it is 0."""
    median = float(seconds.median())
    return 1 / median if median > 0 else math.nan


def _total(values: Iterable[float]) -> float:
    listed = list(values)
    return float(sum(listed)) if listed else math.nan


def _texts(values: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(filter(None, values)))


def _short(value: float) -> str:
    return plain(value) if math.isnan(value) else f"{value:,.3g}"


def _whole(value: float) -> str:
    return plain(value) if math.isnan(value) else f"{value:,.0f}"
