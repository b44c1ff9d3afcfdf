"""How facts about images and cells are distributed, side by side, by group."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from workbench.figures._theme import model_colours, styled, translucent
from workbench.schema import column_label

COLUMNS_PER_ROW = 3
N_BINS = 40
TICK_STEPS = (1, 2, 5)
LOG_FROM = 100.0
"""An axis becomes logarithmic where positive values span more than this ratio."""


def image_facts(images: pd.DataFrame, facts: Sequence[str], *, by: str) -> go.Figure:
    """Show one box plot per fact, a box per group, each image a point.

    Parameters
    ----------
    images
        From :func:`workbench.studies.survey_dataset`.
    facts
        Its numeric columns to show; those without any value are left out.
    by
        Column whose values become boxes.
    """
    shown = _known(images, facts)
    groups = list(dict.fromkeys(images[by].astype(str)))
    colours = model_colours(groups)
    figure = _panels(shown)
    for place, fact in enumerate(shown):
        at = _at(place)
        for group in groups:
            part = images[images[by].astype(str) == group]
            figure.add_trace(
                go.Box(
                    y=part[fact],
                    name=group,
                    legendgroup=group,
                    showlegend=place == 0,
                    boxpoints="all",
                    jitter=0.6,
                    pointpos=0,
                    fillcolor=translucent(colours[group], 0.15),
                    line={"color": colours[group], "width": 1.5},
                    marker={"color": colours[group], "size": 3, "opacity": 0.5},
                    text=part["image_id"],
                    hovertemplate="%{text}: %{y:.4g}<extra></extra>",
                ),
                **at,
            )
        figure.update_yaxes(**_axis(images[fact], column_label(fact)), **at)
        figure.update_xaxes(showticklabels=False, ticks="", **at)
    return _finished(figure, len(shown))


def cell_facts(
    cells: pd.DataFrame, images: pd.DataFrame, facts: Sequence[str], *, by: str
) -> go.Figure:
    """Show one histogram per fact, a line per group.

    Parameters
    ----------
    cells, images
        From :func:`workbench.studies.survey_dataset`.
    facts
        Numeric columns of ``cells`` to show; those without any value are left out.
    by
        Column of ``images`` whose values become lines.
    """
    shown = _known(cells, facts)
    group_of = images.set_index("image_id")[by].astype(str)
    of_cell = cells["image_id"].map(group_of)
    groups = [group for group in dict.fromkeys(group_of) if (of_cell == group).any()]
    colours = model_colours(groups)
    figure = _panels(shown)
    for place, fact in enumerate(shown):
        at, values = _at(place), cells[fact].astype(float)
        edges = _bins(values)
        for group in groups:
            counts, _ = np.histogram(values[of_cell == group].dropna(), bins=edges)
            figure.add_trace(
                go.Scatter(
                    x=np.append(edges[:-1], edges[-1]),
                    y=np.append(100 * counts / max(1, counts.sum()), 0),
                    mode="lines",
                    line={"shape": "hv", "color": colours[group], "width": 1.8},
                    fill="tozeroy",
                    fillcolor=translucent(colours[group], 0.08),
                    name=f"{group} ({(of_cell == group).sum():,} cells)",
                    legendgroup=group,
                    showlegend=place == 0,
                    hovertemplate="%{x:.3g}: %{y:.1f} % of cells<extra></extra>",
                ),
                **at,
            )
        figure.update_xaxes(**_axis(values, column_label(fact)), **at)
        figure.update_yaxes(title="Cells, %" if not place % COLUMNS_PER_ROW else "", **at)
        figure.update_yaxes(rangemode="tozero", **at)
    return _finished(figure, len(shown))


def _known(table: pd.DataFrame, facts: Sequence[str]) -> list[str]:
    return [fact for fact in facts if fact in table and table[fact].notna().any()]


def _panels(facts: Sequence[str]) -> go.Figure:
    rows = max(1, -(-len(facts) // COLUMNS_PER_ROW))
    return make_subplots(
        rows, COLUMNS_PER_ROW, horizontal_spacing=0.09, vertical_spacing=0.3 / rows
    )


def _at(place: int) -> dict[str, int]:
    return {"row": place // COLUMNS_PER_ROW + 1, "col": place % COLUMNS_PER_ROW + 1}


def _is_wide(values: pd.Series) -> bool:
    known = values.dropna()
    return bool(len(known) and known.min() > 0 and known.max() > LOG_FROM * known.min())


def _axis(values: pd.Series, title: str) -> dict[str, Any]:
    if _is_wide(values):
        ticks = [step * 10**power for power in range(-5, 7) for step in TICK_STEPS]
        return {"title": title, "type": "log", "tickvals": ticks}
    return {"title": title}


def _bins(values: pd.Series) -> npt.NDArray[np.float64]:
    known = values.dropna()
    low, high = float(known.min()), float(known.max())
    if low == high:
        return np.linspace(low - 0.5, high + 0.5, N_BINS)
    return np.geomspace(low, high, N_BINS) if _is_wide(values) else np.linspace(low, high, N_BINS)


def _finished(figure: go.Figure, n_panels: int) -> go.Figure:
    rows = max(1, -(-n_panels // COLUMNS_PER_ROW))
    styled(figure, height_px=250 * rows + 70)
    for update in (figure.update_xaxes, figure.update_yaxes):
        update(title={"font": {"size": 12}, "standoff": 6})
    figure.update_layout(legend={"y": 1 + 0.06 / rows, "x": 0.5, "xanchor": "center"})
    return figure
