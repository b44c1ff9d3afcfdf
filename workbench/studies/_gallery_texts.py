"""Trained models in a terminal: the table of all, the card of one, what can be trained."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench.models import ARCHITECTURES, Architecture, is_installed
from workbench.report import ReportTable, plain
from workbench.schema import PRIMARY_IOU_THRESHOLD
from workbench.studies._gallery import TrainedModel, scores_by_group

UNKNOWN: Final = "–"
SHOWN_THRESHOLDS: Final = (0.5, 0.7, 0.75, 0.9)
HASH_LENGTH: Final = 12
LINE_LENGTH: Final = 100


def model_rows(models: Sequence[TrainedModel]) -> ReportTable:
    """Return trained models as a table, a line each; the best on test images is emphasised."""
    frame = pd.DataFrame(
        [
            {
                "Model": str(model.folder),
                "Architecture": model.card.description.architecture,
                "Encoding": model.card.description.encoding,
                "Weights": _count(model.n_weights),
                "Data": str(model.card.data.get("name", "")) or UNKNOWN,
                "Val. F1": model.card.metrics.get("validation_f1", math.nan),
                "Test F1": model.test_score(),
                "Licence": model.card.licence or UNKNOWN,
            }
            for model in models
        ]
    )
    tested = frame["Test F1"]
    # Paths need the space: they are to be copied.
    frame = frame.drop(columns=[name for name in frame if (frame[name] == UNKNOWN).all()])
    return ReportTable(
        "models",
        f"Trained models; F1 at IoU {PRIMARY_IOU_THRESHOLD:g}, mean over images; {UNKNOWN} is "
        "unknown",
        frame,
        best_row=int(np.nanargmax(tested)) if tested.notna().sum() > 1 else -1,
    )


def architecture_rows() -> ReportTable:
    """Return what can be trained or run, a line each."""
    frame = pd.DataFrame(
        [
            {"Name": name, "Kind": _kind(name, entry), "Here": _here(entry), "What": entry.summary}
            for name, entry in ARCHITECTURES.items()
        ]
    )
    return ReportTable("architectures", "What a study can name as architecture", frame)


def explain_model(model: TrainedModel) -> str:
    """Return all that is known of a trained model as text, without its scores by cell type."""
    card, description = model.card, model.card.description
    parts = [
        f"{card.name or model.folder.name} ({model.folder})",
        *([f"can't be used: {model.problem}"] if model.problem else []),
        _block(
            {
                "Architecture": description.architecture,
                "Settings": _inline(description.settings) or "defaults",
                "Encoding": description.encoding,
                "Decoder": _inline(description.decoder.model_dump())
                if description.decoder
                else "the encoding's own",
                "Preparation": _inline(description.preparation.model_dump(exclude_none=True)),
                "Weights": _count(model.n_weights),
                "Licence": card.licence or "not given",
                "Cite": card.citation or "not given",
            }
        ),
        _titled("Data", {name: _short(name, value) for name, value in card.data.items()}),
        _titled("Training", {k: v for k, v in card.training.items() if k != "preparation"}),
        _titled("Scores", _scores(model)),
        _titled("Versions", card.versions),
        _titled("Files", _files(model)),
    ]
    return "\n".join(part for part in parts if part)


def group_rows(model: TrainedModel) -> ReportTable | None:
    """Return the test scores by cell type as a table; None where there is nothing to tell apart.

    Raises
    ------
    InputError
        If the data set of the run can't be opened any more.
    """
    table = scores_by_group(model)
    if table.empty:
        return None
    wanted = [f"f1@{threshold:g}" for threshold in SHOWN_THRESHOLDS]
    frame = table[[table.columns[0], "n_images", *(name for name in wanted if name in table)]]
    headers = {"n_images": "Images"} | {name: name.replace("f1@", "F1 at ") for name in wanted}
    column = str(frame.columns[0])
    headers[column] = column.replace("_", " ").capitalize()
    caption = f"Test scores by {column.replace('_', ' ')}: mean over images"
    return ReportTable("groups", caption, frame, headers=headers)


def _kind(name: str, entry: Architecture) -> str:
    if entry.trainable:
        return "network"
    if name == "onnx":
        return "imported"
    return "outside method" if entry.libraries else "method"


def _here(entry: Architecture) -> str:
    return "yes" if is_installed(entry) else f"no: {entry.install}"


def _scores(model: TrainedModel) -> dict[str, str]:
    test = {
        f"test F1 at {threshold:g}": plain(model.test_score(threshold))
        for threshold in SHOWN_THRESHOLDS
        if not math.isnan(model.test_score(threshold))
    }
    return {name: _metric(name, value) for name, value in model.card.metrics.items()} | test


def _metric(name: str, value: float) -> str:
    """Return a score with its decimals, and a count (epochs, bytes, ...) without."""
    is_count = value.is_integer() and not name.startswith("validation_")
    return f"{value:,.0f}" if is_count else plain(value)


def _files(model: TrainedModel) -> dict[str, str]:
    return {
        path.name: f"{path.stat().st_size:,} bytes"
        for path in sorted(model.folder.iterdir())
        if path.is_file() and not path.name.startswith(".")
    }


def _titled(title: str, facts: Mapping[str, Any]) -> str:
    return f"\n{title}\n{_block(facts)}" if facts else ""


def _block(facts: Mapping[str, Any]) -> str:
    width = max(map(len, facts))
    return "\n".join(
        fill(
            f"  {name:<{width}}  {_text(value)}",
            LINE_LENGTH,
            subsequent_indent=" " * (width + 4),
            break_long_words=False,
            break_on_hyphens=False,
        )
        for name, value in facts.items()
    )


def _text(value: Any) -> str:
    return _inline(value) if isinstance(value, Mapping) else str(value)


def _inline(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _short(name: str, value: Any) -> Any:
    """Return a hash cut short: it is to be compared, not typed."""
    is_hash = isinstance(value, str) and ("hash" in name or "sha256" in name)
    return value[:HASH_LENGTH] if is_hash else value


def _count(number: int) -> str:
    return UNKNOWN if number < 0 else f"{number:,}"
