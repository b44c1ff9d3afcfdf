"""What an audit found, counted."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from workbench.datasets import CHECKS, SEVERITIES
from workbench.figures._audit import SEVERITY_COLOURS
from workbench.figures._theme import styled


def audit_overview(findings: pd.DataFrame) -> go.Figure:
    """Show in how many images each check found something, and how many times.

    Parameters
    ----------
    findings
        From :func:`workbench.studies.audit_dataset`.

    Returns
    -------
    go.Figure
        One bar per check that found something, gravest on top.
    """
    counts = findings.groupby("code").agg(
        n_images=("image_id", "nunique"), n_findings=("image_id", "size")
    )
    counts = counts.reindex([code for code in CHECKS if code in counts.index])
    most = int(counts["n_images"].max()) if len(counts) else 1
    figure = go.Figure()
    for severity in SEVERITIES:
        part = counts[[CHECKS[code].severity == severity for code in counts.index]]
        if part.empty:
            continue
        figure.add_trace(
            go.Bar(
                y=[CHECKS[code].title for code in part.index],
                x=part["n_images"],
                orientation="h",
                name=f"{severity}s",
                marker={"color": SEVERITY_COLOURS[severity]},
                text=[_counted(*row) for row in part.itertuples(index=False)],
                textposition="outside",
                cliponaxis=False,
                hovertext=[CHECKS[code].meaning for code in part.index],
                hoverinfo="text",
            )
        )
    styled(figure, height_px=90 + 30 * max(2, len(counts)))
    figure.update_xaxes(
        title="Images in which it was found",
        range=[0, 1.35 * most],
        # Images come whole.
        tick0=0,
        dtick=1 if most < 6 else None,
    )
    figure.update_yaxes(
        autorange="reversed",
        categoryorder="array",
        categoryarray=[CHECKS[code].title for code in counts.index],
    )
    figure.update_layout(margin={"l": 190})
    return figure


def _counted(n_images: int, n_findings: int) -> str:
    images = "1 image" if n_images == 1 else f"{n_images:,} images"
    return images if n_findings == n_images else f"{images}, {n_findings:,} places"
