"""Mean ranks on one axis, models that the data can't tell apart joined by a bar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd
import plotly.graph_objects as go

from workbench.figures._rows import INK, SOFT, row_height_px, text_width_px, wrapped
from workbench.figures._theme import styled

if TYPE_CHECKING:
    from workbench.analysis import CriticalDifference

CLIQUE_PX: Final = 9
RANK_PX: Final = 60
"""Room for the mean rank beside each name."""

AXIS_PX: Final = 64
"""Room above the axis: its numbers, and the Nemenyi distance."""


def critical_difference_diagram(found: CriticalDifference) -> go.Figure:
    """Show the mean ranks of the models; bars join those that the tests don't tell apart.

    Parameters
    ----------
    found
        From :func:`workbench.analysis.critical_difference`: mean ranks (best first), cliques of
        models that Wilcoxon's test with Holm's correction does not separate, and the Nemenyi
        distance.

    Returns
    -------
    go.Figure
        The diagram of Demsar [1]_, rank 1 at the left, the better half of the models named
        there. The Nemenyi distance is drawn as a ruler; the bars don't rest on it.

    References
    ----------
    .. [1] J. Demsar, J. Mach. Learn. Res. 7:1, 2006.
    """
    ranks = found.mean_ranks
    n_models = len(ranks)
    names = [wrapped(str(name)) for name in ranks.index]
    line_px = row_height_px(names, least_px=26)
    first_name_px = 24 + CLIQUE_PX * len(found.cliques)
    half = (n_models + 1) // 2
    bottom_px = first_name_px + line_px * max(half - 1, 0) + 16
    figure = go.Figure()
    _add_axis(figure, n_models, found.distance)
    for place, clique in enumerate(found.cliques):
        _add_clique(figure, ranks, clique, 12 + CLIQUE_PX * place)
    last = max(n_models, 2)
    reach = 0.03 * (last - 1)
    for place, (name, rank) in enumerate(zip(names, ranks, strict=True)):
        is_left = place < half
        depth = place if is_left else n_models - 1 - place
        ends = (1 - reach if is_left else last + reach, first_name_px + line_px * depth)
        _add_model(figure, name, float(rank), ends, is_left=is_left)
    width_px = text_width_px(names) + RANK_PX
    styled(figure, height_px=AXIS_PX + bottom_px + 36, legend=False)
    figure.update_xaxes(visible=False, range=[1 - reach, last + reach])
    # Down is positive, a unit is a pixel.
    figure.update_yaxes(visible=False, range=[bottom_px, -AXIS_PX])
    figure.update_layout(margin={"l": width_px, "r": width_px, "t": 8, "b": 28})
    return figure


def _add_axis(figure: go.Figure, n_models: int, distance: float) -> None:
    last = max(n_models, 2)
    figure.add_trace(_line([1, last], [0, 0], INK, 1.5))
    every = 1 if n_models <= 20 else 5
    for rank in range(1, last + 1):
        numbered = rank == 1 or rank % every == 0
        figure.add_trace(_line([rank, rank], [0, -7 if numbered else -4], INK, 1.2))
        if numbered:
            _add_text(figure, rank, -9, str(rank), yanchor="bottom")
    _add_text(figure, 1, -AXIS_PX + 4, "Mean rank (1 is best)", yanchor="top", xanchor="left")
    end = last - min(distance, last - 1)
    y = -34
    figure.add_trace(_line([end, last], [y, y], SOFT, 2))
    for x in (end, last):
        figure.add_trace(_line([x, x], [y - 5, y + 5], SOFT, 2))
    _add_text(
        figure, last, y - 6, f"Nemenyi distance {distance:.2f}", yanchor="bottom", xanchor="right"
    )


def _add_clique(figure: go.Figure, ranks: pd.Series, clique: tuple[str, ...], y_px: float) -> None:
    inside = ranks[list(clique)]
    spread = 0.006 * len(ranks)
    figure.add_trace(
        go.Scatter(
            x=[inside.min() - spread, inside.max() + spread],
            y=[y_px, y_px],
            mode="lines",
            line={"color": INK, "width": 5},
            text="not told apart: " + ", ".join(clique),
            hoverinfo="text",
        )
    )


def _add_model(
    figure: go.Figure, name: str, rank: float, end: tuple[float, float], *, is_left: bool
) -> None:
    """Lead from a rank on the axis down and to the side, where the name stands."""
    x, y_px = end
    for line in (
        _line([rank, rank, x], [0, y_px, y_px], SOFT, 1.2),
        go.Scatter(x=[rank], y=[0], mode="markers", marker={"color": INK, "size": 6}),
    ):
        figure.add_trace(line.update(text=f"{name}: mean rank {rank:.2f}", hoverinfo="text"))
    number = f"<b>{rank:.2f}</b>"
    text = f"{name} {number}" if is_left else f"{number} {name}"
    _add_text(figure, x, y_px, text, xanchor="right" if is_left else "left")


def _line(x: list[float], y: list[float], colour: str, width: float) -> go.Scatter:
    return go.Scatter(
        x=x, y=y, mode="lines", line={"color": colour, "width": width}, hoverinfo="skip"
    )


def _add_text(
    figure: go.Figure,
    x: float,
    y: float,
    text: str,
    *,
    xanchor: str = "center",
    yanchor: str = "middle",
) -> None:
    figure.add_annotation(
        x=x,
        y=y,
        text=text,
        showarrow=False,
        xanchor=xanchor,
        yanchor=yanchor,
        align=xanchor,
        font={"size": 12},
    )
