"""Which cells one model finds and another does not."""

from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from workbench.figures._rows import INK, SOFT, row_height_px, show_rows, wrapped
from workbench.figures._theme import MODEL_COLOURS, styled, translucent

SIDES: Final = (("first_only", 1, MODEL_COLOURS[0], "/"), ("second_only", -1, MODEL_COLOURS[1], ""))


def duel_bars(table: pd.DataFrame, *, first: str, second: str) -> go.Figure:
    """Show the share of cells that one of two models alone finds, by what the cells are like.

    Parameters
    ----------
    table
        From :func:`workbench.analysis.duel`.
    first, second
        The models.

    Returns
    -------
    go.Figure
        A row per class of cells: left what the second alone finds, right what the first alone
        finds, in per cent of the cells of the class. The diamond is their difference, filled where
        the adjusted p lies below 0.05. Classes in fewer than 10 images are pale.
    """
    rows, names = _rows(table)
    figure = go.Figure()
    for column, sign, colour, shape in SIDES:
        model = first if column == "first_only" else second
        figure.add_trace(
            go.Bar(
                x=sign * 100 * table[column] / table["n_cells"],
                y=rows,
                orientation="h",
                width=0.7,
                name=f"found by {model} alone",
                marker={
                    # One colour: patterns over bars of several are more than plotly draws.
                    "color": colour,
                    "opacity": [0.35 if few else 0.9 for few in table["few"]],
                    "pattern": {"shape": shape, "fgcolor": "#FFFFFF", "solidity": 0.15, "size": 7,
                                "fillmode": "overlay"},
                },
                customdata=table[["stratum", column, "n_cells", "both", "neither"]],
                hovertemplate=(
                    f"%{{customdata[0]}}: %{{customdata[1]}} of %{{customdata[2]}} cells by "
                    f"{model} alone<br>%{{customdata[3]}} by both, %{{customdata[4]}} by neither"
                    "<extra></extra>"
                ),
            )
        )  # fmt: skip
    figure.add_trace(_differences(table, rows))
    figure.add_vline(x=0, line={"color": INK, "width": 1})
    figure.update_xaxes(title="Cells found by one alone, % of the cells of the row", **_ends(table))
    styled(figure, height_px=130 + row_height_px(names, least_px=23) * len(names))
    show_rows(figure, names)
    figure.update_yaxes(showgrid=False, ticks="")
    figure.update_layout(
        barmode="overlay", legend={"x": 0, "xanchor": "left", "font": {"size": 12}},
        margin={"t": 72},
    )  # fmt: skip
    return figure


def _rows(table: pd.DataFrame) -> tuple[list[int], list[str]]:
    """Return the row of each class, and the names of all rows; each ``by`` has a heading."""
    rows: list[int] = []
    names: list[str] = []
    for by, part in table.groupby("by", sort=False):
        if len(part) > 1 or part["stratum"].iloc[0] != by:
            names.append(f"<b>{wrapped(str(by))}</b>")
        for stratum, n_cells in zip(part["stratum"], part["n_cells"], strict=True):
            rows.append(len(names))
            names.append(f"{wrapped(str(stratum))} ({n_cells:,})")
    return rows, names


def _differences(table: pd.DataFrame, rows: list[int]) -> go.Scatter:
    is_clear = (table["p_bh"] < 0.05).to_numpy()
    return go.Scatter(
        x=100 * table["difference"],
        y=rows,
        mode="markers",
        name="difference (filled: adjusted p < 0.05)",
        marker={
            "symbol": "diamond",
            "size": 9,
            "color": np.where(is_clear, INK, "#FFFFFF"),
            "line": {"width": 1.5, "color": INK},
        },
        customdata=table[["stratum", "p_bh", "n_images"]],
        hovertemplate=(
            "%{customdata[0]}: %{x:+.1f} %, adjusted p = %{customdata[1]:.2g}, "
            "%{customdata[2]} images<extra></extra>"
        ),
    )


def _ends(table: pd.DataFrame) -> dict[str, object]:
    """Return an axis whose two directions both read as positive numbers."""
    share = 100 * table[["first_only", "second_only"]].div(table["n_cells"], axis=0)
    left, right = share["second_only"].max(), share["first_only"].max()
    step = next(s for s in (0.5, 1, 2, 5, 10, 20, 25) if s * 8 >= left + right or s == 25)
    ticks = np.arange(-np.ceil(left / step), np.ceil(right / step) + 1) * step
    return {
        "tickvals": ticks,
        "ticktext": [f"{abs(tick):g}" for tick in ticks],
        "range": [ticks[0] - 0.3 * step, ticks[-1] + 0.3 * step],
        "zeroline": False,
        "gridcolor": translucent(SOFT, 0.2),
    }
