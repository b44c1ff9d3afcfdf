"""Places at which two models differ, each as a pair of small pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from workbench.figures._overlays import MEANINGS, named_outcomes, outcome_line, outcome_traces
from workbench.figures._pictures import picture_trace, show_as_image
from workbench.figures._rows import wrapped
from workbench.figures._theme import styled
from workbench.schema import Overlay

PAIRS_PER_ROW: Final = 2
PANEL_PX: Final = 200
TITLE_PX: Final = 40
LEGEND_PX: Final = 40
TITLE_WIDTH: Final = 30
EDGE_PX: Final = 2
"""Pixels of a crop beyond what is shown: there outlines of cells that are cut would close."""


def difference_places(
    places: Sequence[tuple[Overlay, Overlay]], *, made: Sequence[tuple[str, str]] = ()
) -> go.Figure:
    """Show what two models made of the same places, side by side.

    Parameters
    ----------
    places
        Crops of an image with the cells of either model, the same field in both; at least one.
    made
        What either model made of each place, for the titles, such as ("found", "missed").

    Returns
    -------
    go.Figure
        Two places per row, numbered from 1; lines are as in :func:`overlay_figure`: cells that are
        not found have thin lines in the colour of their error.
    """
    n_rows = -(-len(places) // PAIRS_PER_ROW)
    panels_px = n_rows * (PANEL_PX + TITLE_PX) - TITLE_PX
    pair: list[dict[str, object] | None] = [{}, {}]
    figure = make_subplots(
        n_rows,
        5,
        specs=[[*pair, None, *pair] for _ in range(n_rows)],
        column_widths=[1, 1, 0.12, 1, 1],
        subplot_titles=_titles(places, made, n_rows),
        horizontal_spacing=0.008,
        vertical_spacing=TITLE_PX / panels_px,
    )
    for number, overlays in enumerate(places):
        for side, overlay in enumerate(overlays):
            column = 1 + side + 3 * (number % PAIRS_PER_ROW)
            at = {"row": number // PAIRS_PER_ROW + 1, "col": column}
            figure.add_trace(picture_trace(overlay.sample.image), **at)
            for trace in outcome_traces(overlay, line_width_px=2.0):
                trace.showlegend = False
                figure.add_trace(trace, **at)
            show_as_image(figure, overlay.sample.image, **at)
            height, width = overlay.sample.image.shape[:2]
            figure.update_xaxes(range=[EDGE_PX - 0.5, width - EDGE_PX - 0.5], **at)
            figure.update_yaxes(
                range=[height - EDGE_PX - 0.5, EDGE_PX - 0.5], constraintoward="top", **at
            )
    nothing = np.array([None])
    for outcome in named_outcomes([overlay for overlays in places for overlay in overlays]):
        figure.add_trace(outcome_line(outcome, nothing, nothing, MEANINGS[outcome], 2.0))
    if len(places) % PAIRS_PER_ROW:
        for column in (4, 5):
            figure.update_xaxes(visible=False, row=n_rows, col=column)
            figure.update_yaxes(visible=False, row=n_rows, col=column)
    styled(figure, height_px=panels_px + TITLE_PX + LEGEND_PX)
    figure.update_annotations(font_size=12)
    figure.update_layout(
        legend={"y": 0, "yanchor": "top", "x": 0.5, "xanchor": "center"},
        margin={"l": 8, "r": 8, "t": TITLE_PX, "b": LEGEND_PX},
    )
    return figure


def _titles(
    places: Sequence[tuple[Overlay, Overlay]], made: Sequence[tuple[str, str]], n_rows: int
) -> list[str]:
    """Return the title of each panel: the number of its place, the model, what it made of it."""
    titles = []
    for number, overlays in enumerate(places):
        said = made[number] if number < len(made) else ("", "")
        for overlay, outcome in zip(overlays, said, strict=True):
            name = wrapped(overlay.member.name, width=TITLE_WIDTH, most_lines=1)
            titles.append(f"<b>{number + 1}</b> {name}<br>{outcome}")
    return [*titles, *[""] * (2 * PAIRS_PER_ROW * n_rows - len(titles))]
