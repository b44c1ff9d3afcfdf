"""What a regression found, and whether its residuals look as it assumes."""

from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from workbench.figures._rows import INK, ONE_COLOUR, SOFT, row_height_px, show_rows, wrapped
from workbench.figures._theme import styled
from workbench.schema import column_label

MOST_POINTS: Final = 2_000
END_POINTS: Final = 250


def regression_coefficients(
    table: pd.DataFrame, *, outcome: str = "score", comparable: bool = True
) -> go.Figure:
    """Show the coefficient of each predictor for each model, with its interval.

    Parameters
    ----------
    table
        From :func:`workbench.analysis.regress_scores`.
    outcome
        What is explained, for the axis.
    comparable
        Whether the predictors were scaled, so that all panels have the same axis.

    Returns
    -------
    go.Figure
        A panel per predictor, a row per model; filled where p < 0.05.
    """
    models = list(dict.fromkeys(table["model"]))
    predictors = list(dict.fromkeys(table["predictor"]))
    names = [wrapped(model) for model in models]
    place = {model: row for row, model in enumerate(models)}
    figure = make_subplots(
        1,
        len(predictors),
        subplot_titles=[wrapped(column_label(name), width=28) for name in predictors],
        shared_yaxes=True,
        shared_xaxes="all" if comparable else False,
        horizontal_spacing=0.04,
    )
    for column, predictor in enumerate(predictors, start=1):
        part = table[table["predictor"] == predictor]
        figure.add_trace(
            go.Scatter(
                x=part["coefficient"],
                y=part["model"].map(place),
                mode="markers",
                marker={
                    "size": 9,
                    "color": np.where(part["p"] < 0.05, ONE_COLOUR, "#FFFFFF"),
                    "line": {"color": ONE_COLOUR, "width": 2},
                },
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "array": part["ci_high"] - part["coefficient"],
                    "arrayminus": part["coefficient"] - part["ci_low"],
                    "color": SOFT,
                    "thickness": 1.6,
                },
                customdata=part[["model", "p", "n", "r_squared"]],
                hovertemplate=(
                    "%{customdata[0]}<br>%{x:+.3f}, p = %{customdata[1]:.2g}, "
                    "n = %{customdata[2]}, R² = %{customdata[3]:.2f}<extra></extra>"
                ),
            ),
            row=1,
            col=column,
        )
        show_rows(figure, names, row=1, col=column)
        figure.add_vline(x=0, line={"color": SOFT, "dash": "dash", "width": 1}, row=1, col=column)
        figure.update_xaxes(nticks=5, row=1, col=column)
    figure.update_xaxes(
        title=f"Coefficient, change in {outcome}<br><sub>filled: p < 0.05</sub>",
        title_font={"size": 12},
    )
    styled(figure, height_px=150 + row_height_px(names) * len(models), legend=False)
    figure.update_annotations(font_size=13)
    figure.update_layout(margin={"t": 48, "b": 72})
    return figure


def residual_quantiles(residuals: pd.DataFrame) -> go.Figure:
    """Show residuals against those that a normal distribution would give (Q-Q).

    Parameters
    ----------
    residuals
        From :func:`workbench.analysis.model_residuals`.

    Returns
    -------
    go.Figure
        Points on the line mean normal residuals, with the residuals' own standard deviation. Of
        more than 2,000 residuals both ends are drawn, and every so many between.
    """
    ends = residuals["theoretical"].iloc[[0, -1]]
    drawn = _thinned(residuals)
    figure = go.Figure(
        go.Scatter(
            x=drawn["theoretical"],
            y=drawn["residual"],
            mode="markers",
            name="residuals",
            marker={"color": ONE_COLOUR, "size": 6, "opacity": 0.6},
            customdata=drawn["image_id"],
            text=drawn["model"],
            hovertemplate="%{text}, %{customdata}<br>%{y:+.3f}<extra></extra>",
        )
    )
    figure.add_trace(
        go.Scatter(
            x=ends,
            y=ends * residuals["residual"].std(),
            mode="lines",
            name="a normal distribution",
            line={"color": INK, "dash": "dash", "width": 1.5},
            hoverinfo="skip",
        )
    )
    figure.update_xaxes(title="Expected of a normal distribution, SD", zerolinecolor="#DDD")
    figure.update_yaxes(title="Residual: score − image − model", zerolinecolor="#DDD")
    return styled(figure)


def _thinned(residuals: pd.DataFrame) -> pd.DataFrame:
    """Return both ends of many sorted residuals, and so many between that a page can hold them."""
    n = len(residuals)
    if n <= MOST_POINTS:
        return residuals
    between = np.linspace(END_POINTS, n - END_POINTS - 1, MOST_POINTS - 2 * END_POINTS)
    return residuals.iloc[[*range(END_POINTS), *between.astype(int), *range(n - END_POINTS, n)]]
