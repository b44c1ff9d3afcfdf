"""Groups of cells or images that fail more, and by how much."""

from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from workbench.figures._rows import SOFT, row_height_px, show_rows, wrapped
from workbench.figures._theme import MODEL_COLOURS, styled

ROW_WIDTH: Final = 46
HALVES: Final = (
    ("", "where it was found", MODEL_COLOURS[0], "circle-open", -0.16),
    ("held_out_", "on held-out images", MODEL_COLOURS[1], "diamond", 0.16),
)


def failure_forest(slices: pd.DataFrame, *, of: str = "cells lost") -> go.Figure:
    """Show how much more each group fails than the rest, on both halves of the images.

    Parameters
    ----------
    slices
        :attr:`workbench.analysis.FailureSlices.table`; an empty one gives an empty figure.
    of
        What the rates are shares of, for the axis: "cells lost", "F1 lost".

    Returns
    -------
    go.Figure
        A row per group: hollow circles are the half on which it was found, where differences
        look larger than they are; diamonds the held-out half. Bars are intervals.
    """
    figure = go.Figure()
    rows = np.arange(len(slices))
    for prefix, name, colour, symbol, shift in HALVES:
        values = {
            column: 100 * slices[f"{prefix}{column}"].astype(float)
            for column in ("rate", "rate_elsewhere", "difference", "ci_low", "ci_high")
        }
        figure.add_trace(
            go.Scatter(
                x=values["difference"],
                y=rows + shift,
                mode="markers",
                name=name,
                marker={
                    "size": 10,
                    "symbol": symbol,
                    "color": colour,
                    "line": {"width": 2, "color": colour},
                },
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "array": values["ci_high"] - values["difference"],
                    "arrayminus": values["difference"] - values["ci_low"],
                    "color": colour,
                    "thickness": 1.6,
                    "width": 3,
                },
                customdata=np.column_stack(
                    [values["rate"], values["rate_elsewhere"], slices[f"{prefix}n_images"]]
                ),
                hovertemplate=(
                    f"{name}: %{{customdata[0]:.0f}} % against %{{customdata[1]:.0f}} %, "
                    "%{customdata[2]} images<extra></extra>"
                ),
            )
        )
    figure.add_vline(x=0, line={"color": SOFT, "dash": "dash", "width": 1})
    figure.update_xaxes(
        title=f"More {of} than elsewhere, percentage points", rangemode="tozero", zeroline=False
    )
    labels = [
        f"{number}. {wrapped(text, width=ROW_WIDTH)}"
        for number, text in zip(slices["slice"], slices["description"], strict=True)
    ]
    styled(figure, height_px=130 + row_height_px(labels, least_px=44) * len(labels))
    show_rows(figure, labels)
    return figure
