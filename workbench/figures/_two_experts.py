"""Methods against two experts who annotated the same images."""

from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from workbench.figures._rows import INK, SOFT, row_height_px, show_rows, wrapped
from workbench.figures._theme import MODEL_COLOURS, styled
from workbench.schema import ERROR_TYPES, OUTCOME_COLOURS

LOOKS: Final = (("circle", MODEL_COLOURS[0]), ("diamond", MODEL_COLOURS[1]))


def expert_scores(scores: pd.DataFrame, *, ceiling: float) -> go.Figure:
    """Show the F1 of every method against either expert, and the experts' own agreement.

    Parameters
    ----------
    scores
        ``method``, ``against`` and ``f1``: a row per method and expert, the method in the order in
        which it is shown.
    ceiling
        F1 of the experts against each other; no line for NaN.

    Returns
    -------
    go.Figure
        A row per method with a mark for each expert.
    """
    methods = list(dict.fromkeys(scores["method"]))
    place = {method: number for number, method in enumerate(methods)}
    figure = go.Figure()
    for (symbol, colour), expert in zip(LOOKS, dict.fromkeys(scores["against"]), strict=False):
        part = scores[scores["against"] == expert]
        figure.add_trace(
            go.Scatter(
                x=part["f1"],
                y=part["method"].map(place),
                mode="markers",
                name=f"against {expert}",
                marker={"size": 11, "symbol": symbol, "color": colour},
                customdata=part["method"],
                hovertemplate=f"%{{customdata}} against {expert}: %{{x:.3f}}<extra></extra>",
            )
        )
    if np.isfinite(ceiling):
        figure.add_vline(
            x=ceiling,
            line={"color": INK, "dash": "dash", "width": 1.5},
            annotation={"text": f"the experts: {ceiling:.2f}", "font": {"size": 12}},
            annotation_position="bottom right",
        )
    figure.update_xaxes(title="F1, all images together", range=[-0.02, 1.02])
    labels = [wrapped(method) for method in methods]
    styled(figure, height_px=120 + row_height_px(labels, least_px=30) * len(labels))
    show_rows(figure, labels)
    return figure


def expert_disagreement(outcomes: pd.DataFrame) -> go.Figure:
    """Show the errors of every method against either expert, disputed ones hatched.

    Parameters
    ----------
    outcomes
        ``method``, ``against``, ``outcome``, ``n_cells`` and ``n_disputed``, summed over both
        sides; methods in the order in which they are shown.

    Returns
    -------
    go.Figure
        A panel per expert, a bar per method: cells of either side in an error, by its type. The
        hatched part of each colour are those that the other expert sees as the method does.
    """
    methods = list(dict.fromkeys(outcomes["method"]))
    experts = list(dict.fromkeys(outcomes["against"]))
    place = {method: number for number, method in enumerate(methods)}
    figure = make_subplots(
        cols=max(1, len(experts)),
        subplot_titles=[f"against {expert}" for expert in experts],
        shared_yaxes=True,
        shared_xaxes="all",
        horizontal_spacing=0.04,
    )
    for error in ERROR_TYPES:
        for column, expert in enumerate(experts, start=1):
            part = outcomes[(outcomes["against"] == expert) & (outcomes["outcome"] == error)]
            clear = part["n_cells"] - part["n_disputed"]
            for counts, pattern, name in (
                (clear, "", "only the method"),
                (part["n_disputed"], "/", "disputed"),
            ):
                figure.add_trace(
                    go.Bar(
                        x=counts,
                        y=part["method"].map(place),
                        orientation="h",
                        name=error,
                        legendgroup=error,
                        showlegend=column == 1 and not pattern,
                        marker={
                            "color": OUTCOME_COLOURS[error],
                            "line": {"color": "#FFFFFF", "width": 0.5},
                            "pattern": {"shape": pattern, "fgcolor": INK, "size": 5},
                        },
                        hovertemplate=f"{error}, {name}: %{{x}} cells<extra></extra>",
                    ),
                    row=1,
                    col=column,
                )
        figure.update_xaxes(title="Cells in errors (hatched: disputed)")
    labels = [wrapped(method) for method in methods]
    styled(figure, height_px=170 + row_height_px(labels, least_px=30) * len(labels))
    for column in range(1, len(experts) + 1):
        show_rows(figure, labels, row=1, col=column)
    figure.update_layout(
        barmode="stack", bargap=0.3, margin={"t": 80}, legend={"y": 1.06, "traceorder": "normal"}
    )
    figure.update_yaxes(linecolor=SOFT)
    return figure
