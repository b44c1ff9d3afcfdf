"""How firm a ranking is: over draws of images, and over the choices of whoever ranks."""

from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from workbench.figures._rows import INK, colour_bar, row_height_px, show_rows, wrapped
from workbench.figures._theme import metric_name, styled

MOST_WITH_NUMBERS: Final = 15
SHARES: Final = [[0, "#FFFFFF"], [0.5, "#7FB8DA"], [1, "#00507F"]]
RANKS: Final = [[0, "#00507F"], [0.35, "#7FB8DA"], [1, "#FFFFFF"]]
"""Dark is good; both print in grey."""


def rank_distribution(
    table: pd.DataFrame, distribution: pd.DataFrame, *, drawn: str = "images"
) -> go.Figure:
    """Show how often each model takes each rank when the images, or weights, are drawn again.

    Parameters
    ----------
    table, distribution
        Of :class:`workbench.analysis.RankStability` or
        :class:`workbench.analysis.SchemeStability`: ``model``, ``rank``, ``rank_low`` and
        ``rank_high``, best first; and models x ranks, shares of the draws.
    drawn
        What is drawn, for the scale: "images" or "weights".

    Returns
    -------
    go.Figure
        A row per model, a column per rank. The diamond is the rank without drawing, the bar
        its 95 % interval. Up to 15 models have their percentages written in.
    """
    models = [str(model) for model in table["model"]]
    names = [wrapped(model) for model in models]
    shares = distribution.loc[table["model"]].to_numpy(float)
    n_models = len(models)
    texts = [[_percent(share) for share in row] for row in shares]
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=list(range(1, n_models + 1)),
            y=list(range(n_models)),
            zmin=0,
            zmax=1,
            colorscale=SHARES,
            text=texts,
            texttemplate="%{text}" if n_models <= MOST_WITH_NUMBERS else None,
            textfont={"size": 11},
            customdata=[[model] * n_models for model in models],
            hovertemplate="%{customdata}: rank %{x} in %{z:.1%} of draws<extra></extra>",
            xgap=1,
            ygap=1,
            colorbar=colour_bar(f"Share of draws of {drawn}", tickformat=".0%"),
        )
    )
    # Beneath the percentages.
    rows = np.arange(n_models) + 0.36
    figure.add_trace(
        go.Scatter(
            x=table["rank"],
            y=rows,
            mode="markers",
            marker={
                "color": INK,
                "size": 8,
                "symbol": "diamond",
                "line": {"color": "#FFF", "width": 1},
            },
            error_x={
                "type": "data",
                "symmetric": False,
                "array": table["rank_high"] - table["rank"],
                "arrayminus": table["rank"] - table["rank_low"],
                "color": INK,
                "thickness": 2,
                "width": 4,
            },
            customdata=table[["model", "rank_low", "rank_high"]],
            hovertemplate=(
                "%{customdata[0]}: rank %{x:g}, 95 %% interval %{customdata[1]:g} to "
                "%{customdata[2]:g}<extra></extra>"
            ).replace("%%", "%"),
        )
    )
    styled(
        figure,
        height_px=110
        + row_height_px(names, least_px=42 if n_models <= MOST_WITH_NUMBERS else 24) * n_models,
        legend=False,
    )
    show_rows(figure, names)
    figure.update_yaxes(showgrid=False)
    figure.update_xaxes(
        title_font={"size": 13},
        title="Rank (1 is best; diamond: without drawing, bar: 95 % of draws)",
        dtick=1 if n_models <= 20 else 5,
        range=[0.5, n_models + 0.5],
        showgrid=False,
    )
    return figure


def rank_multiverse(universes: pd.DataFrame) -> go.Figure:
    """Show the rank of each model under every choice of measure, threshold and aggregation.

    Parameters
    ----------
    universes
        From :func:`workbench.analysis.multiverse`; models are shown in the order of their mean
        rank.

    Returns
    -------
    go.Figure
        A row per model, a column per choice; lines part the measures. A row of one shade is a
        model whose rank does not hang on the choice.
    """
    choices = list(
        dict.fromkeys(
            zip(
                universes["metric"],
                universes["threshold"].map("{:g}".format),
                universes["aggregation"],
                strict=True,
            )
        )
    )
    choice = universes.groupby(["metric", "threshold", "aggregation"], sort=False, dropna=False)
    ranks = universes.assign(choice=choice.ngroup()).pivot_table(
        index="model", columns="choice", values="rank"
    )
    ranks = ranks.loc[ranks.mean(axis=1).sort_values(kind="stable").index]
    models = [str(model) for model in ranks.index]
    names = [wrapped(model) for model in models]
    n_models, n_choices = ranks.shape
    has_numbers = n_models <= MOST_WITH_NUMBERS and n_choices <= 3 * MOST_WITH_NUMBERS
    figure = go.Figure(
        go.Heatmap(
            z=ranks.to_numpy(float),
            zmin=1,
            zmax=max(n_models, 2),
            colorscale=RANKS,
            text=[[f"{rank:g}" for rank in row] for row in ranks.to_numpy(float)],
            texttemplate="%{text}" if has_numbers else None,
            textfont={"size": 11},
            customdata=[[(model, *choice) for choice in choices] for model in models],
            hovertemplate=(
                "%{customdata[0]}: rank %{z:.3g}<br>%{customdata[1]}, IoU %{customdata[2]}, "
                "%{customdata[3]}<extra></extra>"
            ),
            xgap=1,
            ygap=1,
            colorbar=colour_bar("Rank", tick0=1, dtick=max(1, n_models // 6)),
        )
    )
    styled(figure, height_px=230 + row_height_px(names, least_px=26) * n_models, legend=False)
    show_rows(figure, names)
    figure.update_yaxes(showgrid=False)
    figure.update_xaxes(
        tickvals=list(range(n_choices)),
        ticktext=[how if at == "nan" else f"{how}, {at}" for _, at, how in choices],
        tickangle=-90,
        tickfont={"size": 11},
        range=[-0.5, n_choices - 0.5],
        title_font={"size": 13},
        title="How the images are summed up, and the IoU that a match needs",
        automargin=True,
        showgrid=False,
    )
    _name_measures(figure, [metric for metric, _, _ in choices])
    figure.update_layout(margin={"t": 48})
    return figure


def _name_measures(figure: go.Figure, metrics: list[str]) -> None:
    """Write each measure above its columns, and part it from the next."""
    for metric in dict.fromkeys(metrics):
        places = [place for place, name in enumerate(metrics) if name == metric]
        figure.add_annotation(
            x=(places[0] + places[-1]) / 2,
            y=1,
            yref="paper",
            yanchor="bottom",
            text=metric_name(metric).replace(" (", "<br>("),
            showarrow=False,
            font={"size": 12},
        )
        if places[0]:
            figure.add_vline(x=places[0] - 0.5, line={"color": INK, "width": 2})


def _percent(share: float) -> str:
    """Return a share for a small field: nothing for 0, and never 100 or 0 unless it is."""
    if share == 0:
        return ""
    if share < 0.01:
        return "< 1"
    return "> 99" if 0.99 < share < 1 else f"{100 * share:.0f}"
