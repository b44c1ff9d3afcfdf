"""What the report says of encodings: the score of each network beside what its maps allow."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from workbench.analysis import scores_by_threshold
from workbench.report import ReportTable, Section
from workbench.schema import Member
from workbench.studies._applied import read_applied
from workbench.studies._network_ceilings import CEILINGS
from workbench.studies._view import RunView

THRESHOLDS: Final = (0.5, 0.7, 0.9)


def ceilings_section(view: RunView) -> Section:
    """Return the section on encodings, decoders and ceilings; empty if no network was applied."""
    rows = [row for member in view.members for row in _rows(view, member)]
    if not rows:
        return Section("Encodings")
    return Section(
        "Encodings",
        items=[
            ReportTable(
                "ceilings",
                "Mean F1 of each network beside its ceiling: the score of maps without error, read "
                "by the same decoder. No network with this encoding and decoder can be expected "
                "above it. Decoder settings were chosen by the study, on the validation images, or "
                "are the encoding's own.",
                pd.DataFrame(rows),
            )
        ],
    )


def _rows(view: RunView, member: Member) -> list[dict[str, Any]]:
    ceilings = view.run.score_folder(member) / CEILINGS
    if not ceilings.is_file():
        return []
    table = pd.read_parquet(ceilings)
    applied = {
        (network.encoding, network.decoder_text): network
        for network in read_applied(view.run.prediction_folder(member))
    }
    of_member = view.scores[
        (view.scores["model"] == member.model) & (view.scores["seed"] == member.seed)
    ]
    means = scores_by_threshold(of_member)
    rows = []
    for (encoding, decoder), network in applied.items():
        part = table[(table["encoding"] == encoding) & (table["decoder"] == decoder)]
        row: dict[str, Any] = {
            "Model": member.name,
            "Encoding": encoding,
            "Decoder": decoder,
            "Chosen by": network.decoder_from,
        }
        for threshold in THRESHOLDS:
            row[f"Ceiling @ {threshold}"] = _at(part, threshold, "f1")
            row[f"F1 @ {threshold}"] = _at(means, threshold, "mean")
        rows.append(row)
    return rows


def _at(table: pd.DataFrame, threshold: float, column: str) -> float:
    found = table.loc[np.isclose(table["threshold"], threshold), column]
    return float(found.iloc[0]) if len(found) else float("nan")
