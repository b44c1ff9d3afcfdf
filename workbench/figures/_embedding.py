"""Two sets of images or cells, laid over each other."""

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from workbench.figures._theme import model_colours, model_symbols, styled

MAX_SVG_POINTS: Final = 4000


def component_scatter(
    scores: pd.DataFrame,
    *,
    by: str,
    explained: Sequence[float] = (),
    components: tuple[int, int] = (1, 2),
) -> go.Figure:
    """Show where images or cells lie along two principal components, a colour and marker per set.

    Parameters
    ----------
    scores
        A row per image or cell: pc1, pc2, ... of
        :class:`workbench.analysis.PrincipalComponents`, the column ``by``, and image_id and
        cell_id where there are any, which are shown where the pointer rests. Rows without a score
        are left out and counted in the legend.
    by
        Column that names the sets. The largest set is drawn first, so that it does not hide the
        others.
    explained
        Share of the variance along each component, for the axes.
    components
        Which two to show, counted from 1.
    """
    across, up = (f"pc{number}" for number in components)
    shown = scores.dropna(subset=[across, up])
    sets = list(dict.fromkeys(scores[by]))
    colours, symbols = model_colours(sets), model_symbols(sets)
    points = go.Scattergl if len(shown) > MAX_SVG_POINTS else go.Scatter
    look = {"size": 4, "opacity": 0.5} if len(shown) > 1000 else {"size": 7, "opacity": 0.7}
    figure = go.Figure()
    for name in shown[by].value_counts().index:
        part = shown[shown[by] == name]
        n_left_out = int((scores[by] == name).sum()) - len(part)
        left_out = f", {n_left_out:,} without score" if n_left_out else ""
        figure.add_trace(
            points(
                x=part[across],
                y=part[up],
                mode="markers",
                name=f"{name} ({len(part):,}{left_out})",
                marker={"color": colours[name], "symbol": symbols[name], **look},
                text=_names(part),
                hovertemplate="%{text}<br>%{x:.2f}, %{y:.2f}<extra>" + str(name) + "</extra>",
            )
        )
    figure.update_xaxes(title=_axis(components[0], explained), zerolinecolor="#DDD")
    figure.update_yaxes(title=_axis(components[1], explained), zerolinecolor="#DDD")
    figure.update_layout(legend={"itemsizing": "constant"})
    return styled(figure, height_px=520)


def _names(part: pd.DataFrame) -> list[str]:
    columns: dict[str, Any] = {"image_id": "", "cell_id": "cell "}
    texts = [
        [f"{prefix}{value}" for value in part[name]]
        for name, prefix in columns.items()
        if name in part
    ]
    return [", ".join(text) for text in zip(*texts, strict=True)] if texts else [""] * len(part)


def _axis(component: int, explained: Sequence[float]) -> str:
    if component > len(explained):
        return f"PC {component}"
    return f"PC {component} ({100 * explained[component - 1]:.0f} % of the variance)"
