"""The models by several measures at once."""

from typing import Final

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from workbench.figures._rows import interval_texts, row_height_px, row_looks, show_rows, wrapped
from workbench.figures._theme import metric_at, metric_range, styled

PANELS_PER_ROW: Final = 4
BETWEEN_PX: Final = 90


def metric_comparison(table: pd.DataFrame) -> go.Figure:
    """Show the mean of every measure for every model with its interval, a panel per measure.

    Parameters
    ----------
    table
        A row per measure and model: ``metric``, ``threshold`` (NaN without one), ``model``, ``n``,
        ``mean``, ``ci_low`` and ``ci_high`` (NaN for no bar), as
        :func:`workbench.analysis.describe_models` gives them for each measure.

    Returns
    -------
    go.Figure
        Models are rows, in the order of the table.
    """
    models = list(dict.fromkeys(table["model"]))
    names = [wrapped(model) for model in models]
    measure = [metric_at(*key) for key in zip(table["metric"], table["threshold"], strict=True)]
    titles = list(dict.fromkeys(measure))
    columns = min(PANELS_PER_ROW, len(titles))
    panel_rows = -(-len(titles) // columns)
    panel_px = row_height_px(names) * len(models) + 12
    figure = make_subplots(
        panel_rows,
        columns,
        subplot_titles=[wrapped(title, width=28) for title in titles],
        shared_yaxes=True,
        horizontal_spacing=0.03,
        vertical_spacing=BETWEEN_PX / (panel_rows * (panel_px + BETWEEN_PX)),
    )
    for place, title in enumerate(titles):
        at = {"row": place // columns + 1, "col": place % columns + 1}
        part = table[[name == title for name in measure]]
        _add_dots(figure, part, models, title, at)
        show_rows(figure, names, **at)
        figure.update_xaxes(range=metric_range(part["metric"].iloc[0]), nticks=5, **at)
    figure.update_xaxes(title="Mean over images", title_font={"size": 12}, row=panel_rows)
    for place in range(len(titles), panel_rows * columns):
        empty = {"row": place // columns + 1, "col": place % columns + 1}
        figure.update_xaxes(visible=False, **empty)
        figure.update_yaxes(visible=False, **empty)
    styled(figure, height_px=panel_rows * (panel_px + BETWEEN_PX) + 10, legend=False)
    figure.update_annotations(font_size=13)
    figure.update_layout(margin={"t": 44, "b": 52})
    return figure


def _add_dots(
    figure: go.Figure, part: pd.DataFrame, models: list[str], title: str, at: dict[str, int]
) -> None:
    colours, symbols = row_looks(models)
    place = {model: row for row, model in enumerate(models)}
    figure.add_trace(
        go.Scatter(
            x=part["mean"],
            y=part["model"].map(place),
            mode="markers",
            error_x={
                "type": "data",
                "symmetric": False,
                "array": part["ci_high"] - part["mean"],
                "arrayminus": part["mean"] - part["ci_low"],
                "color": "#555",
                "thickness": 1.5,
                "width": 4,
            },
            marker={
                "color": part["model"].map(colours),
                "symbol": part["model"].map(symbols),
                "size": 9,
                "line": {"width": 1, "color": "#333"},
            },
            customdata=part[["model", "n"]].assign(
                interval=interval_texts(part["ci_low"], part["ci_high"])
            ),
            hovertemplate=(
                "%{customdata[0]}<br>%{x:.3f} %{customdata[2]}, "
                f"%{{customdata[1]}} images<extra>{title}</extra>"
            ),
        ),
        **at,
    )
