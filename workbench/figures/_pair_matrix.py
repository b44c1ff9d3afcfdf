"""Every model against every other in one square."""

from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from workbench.figures._rows import colour_bar, row_height_px, show_rows, wrapped
from workbench.figures._theme import metric_name, metric_range, styled

SCALE: Final = [[0, "#D55E00"], [0.5, "#FFFFFF"], [1, "#0072B2"]]
MOST_WITH_NUMBERS: Final = 14


def pair_matrix(pairs: pd.DataFrame, *, metric: str = "f1", alpha: float = 0.05) -> go.Figure:
    """Show the mean difference of each pair, row minus column, and whether it is clear.

    Parameters
    ----------
    pairs
        From :func:`workbench.analysis.compare_pairs`.
    metric
        For the scale.
    alpha
        Pairs whose adjusted p lies below are marked.

    Returns
    -------
    go.Figure
        A triangle upwards marks a row that is clearly higher than its column, one downwards a row
        that is clearly lower, an equals sign models that are equivalent within the margin. Pairs
        that were not tested are left blank. Up to 14 models have their differences written in;
        of more, or with long names, the columns bear the numbers of the rows.
    """
    models = list(dict.fromkeys([*pairs["first"], *pairs["second"]]))
    place = {model: row for row, model in enumerate(models)}
    difference = np.full((len(models), len(models)), np.nan)
    texts = np.full(difference.shape, "", dtype=object)
    told = np.full(difference.shape, "", dtype=object)
    has_numbers = len(models) <= MOST_WITH_NUMBERS
    names = [wrapped(model) for model in models]
    columns = names
    if not has_numbers or any("<br>" in name for name in names):
        columns = [str(number) for number in range(1, len(models) + 1)]
        names = [f"{name} · {number}" for name, number in zip(names, columns, strict=True)]
    for row in pairs.itertuples():
        for first, second, sign in ((row.first, row.second, 1), (row.second, row.first, -1)):
            at = place[first], place[second]
            value = sign * row.mean_difference
            difference[at] = value
            mark = _mark(value, row.p_permutation_holm < alpha, bool(row.equivalent))
            texts[at] = f"{_signed(value)}<br>{mark}" if has_numbers else mark
            told[at] = (
                f"{first} − {second}: {_signed(value)}<br>adjusted p = {row.p_permutation_holm:.2g}"
            )
    largest = float(np.nanmax(np.abs(difference), initial=_least_span(metric))) or 1.0
    figure = go.Figure(
        go.Heatmap(
            z=difference,
            zmin=-largest,
            zmax=largest,
            colorscale=SCALE,
            text=texts,
            texttemplate="%{text}",
            textfont={"size": 11 if has_numbers else 9},
            hovertext=told,
            hovertemplate="%{hovertext}<extra></extra>",
            xgap=1,
            ygap=1,
            colorbar=colour_bar(f"{metric_name(metric)}<br>row − column"),
        )
    )
    height = row_height_px(names, least_px=40 if has_numbers else 18) * len(models)
    styled(figure, height_px=height + 220, legend=False)
    show_rows(figure, names)
    figure.update_yaxes(showgrid=False)
    figure.update_xaxes(
        title_font={"size": 13},
        title=f"▲ row clearly higher, ▼ clearly lower (adjusted p < {alpha:g}), = equivalent",
        tickvals=list(range(len(models))),
        ticktext=columns,
        tickangle=-60 if columns is names and len(models) > 4 else 0,
        range=[-0.5, len(models) - 0.5],
        automargin=True,
        showgrid=False,
        zeroline=False,
    )
    return figure


def _least_span(metric: str) -> float:
    """Return the least end of the scale, so that next to no difference looks like none."""
    ends = metric_range(metric)
    return 0.1 * (ends[1] - ends[0]) if ends else 0.0


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")


def _mark(value: float, is_clear: bool, is_equivalent: bool) -> str:
    arrow = ("▲" if value > 0 else "▼") if is_clear else ""
    return arrow + ("=" if is_equivalent else "")
