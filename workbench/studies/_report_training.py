"""What the report says of trainings: where models come from, and how each was trained."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench import figures
from workbench.models import find_architecture
from workbench.report import Figure, ReportTable, Section, listed
from workbench.studies._config import StudyConfig
from workbench.studies._model_config import ModelConfig
from workbench.studies._train import training_histories
from workbench.studies._view import RunView
from workbench.training import TrainingConfig


def what_seeds_allow(study: StudyConfig) -> str:
    """Return of what the scores of trained networks speak; "" where none was trained here."""
    if not any(model.is_trained_here for model in study.models.values()):
        return ""
    n_seeds = len(study.seeds)
    if n_seeds < 3:
        few = "One training" if n_seeds == 1 else "Two trainings"
        return f"{few} per network: the scores speak of these checkpoints, not of architectures."
    return (
        f"Each network was trained with {n_seeds} seeds; its scores, and those of models made of "
        "such networks, are means over them."
    )


def training_section(view: RunView) -> Section:
    """Return how trainings went: curves, and what was reached when."""
    histories = {
        name: history
        for member in view.members
        if view.study.models[member.model].is_trained_here
        for name, history in training_histories(view.run.model_folder(member), member.name).items()
    }
    if not histories:
        return Section("Training")
    rows = []
    for name, history in histories.items():
        validated = history.dropna(subset="validation_f1")
        best = validated.loc[validated["validation_f1"].idxmax()] if len(validated) else None
        rows.append(
            {
                "Model": name,
                "Epochs": len(history),
                "Best epoch": "–" if best is None else int(best["epoch"]),
                "Best validation F1": np.nan if best is None else best["validation_f1"],
                "Final training loss": history["train_loss"].iloc[-1],
                "Minutes": history["elapsed_s"].iloc[-1] / 60,
            }
        )
    return Section(
        "Training",
        items=[
            Figure(
                "Loss and validation F1 over epochs; the star marks the weights that were used.",
                figures.training_curves(histories),
            ),
            ReportTable(
                "training",
                "Trainings.",
                pd.DataFrame(rows),
                formats={"Minutes": lambda value: f"{value:.1f}"},
            ),
        ],
    )


def sources_section(view: RunView) -> Section:
    """Return where each model comes from, and the values each network was trained with."""
    models = view.study.models
    rows = [
        {
            "Model": name,
            "Architecture": _architecture(models[name]),
            "Source": _source(models[name]),
        }
        for name in dict.fromkeys(member.model for member in view.members)
    ]
    trained = [name for name in models if models[name].is_trained_here]
    caption = "What each model is, and where it comes from."
    items = [ReportTable("sources", caption, pd.DataFrame(rows))]
    if trained:
        items.append(
            ReportTable(
                "training_values",
                "What each network was to be trained with; a planner may have changed what the "
                "study left open.",
                pd.DataFrame([_values(name, models[name].training) for name in trained]),
                formats={"Learning rate": "{:g}".format},
            )
        )
    return Section("Model sources", items=items)


def _architecture(model: ModelConfig) -> str:
    if model.kind == "architecture":
        return find_architecture(model.architecture).summary
    return {
        "ensemble": f"ensemble of {listed(list(model.ensemble))}, by {model.fuse}",
        "same_network_as": f"the network of {model.same_network_as}, applied differently",
        "checkpoint": "a trained network",
        "predictions": "predictions of an outside method",
    }[model.kind]


def _source(model: ModelConfig) -> str:
    if model.is_trained_here:
        return "trained in this study"
    if model.checkpoint or model.predictions:
        return str(model.checkpoint or model.predictions)
    return "this study" if model.parts else "no training"


def _values(name: str, training: TrainingConfig) -> dict[str, object]:
    return {
        "Model": name,
        "Epochs": training.epochs,
        "Batch": training.batch_size,
        "Learning rate": training.learning_rate,
        "Loss": training.loss,
        "Optimiser": training.optimizer,
    }
