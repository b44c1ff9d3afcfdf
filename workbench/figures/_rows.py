"""One row per model: names that fit beside the axis, for two models or for sixty."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from workbench.figures._theme import (
    MODEL_COLOURS,
    distinct_symbols,
    model_colours,
)

NAME_WIDTH: Final = 26
"""Longest name on one line, in characters."""

CHARACTER_PX: Final = 7.2
"""About the width of a character of 12 px; names are laid out before any browser sees them."""

LINE_PX: Final = 15

INK: Final = "#333333"
SOFT: Final = "#777777"
ONE_COLOUR: Final = MODEL_COLOURS[0]


def wrapped(name: str, *, width: int = NAME_WIDTH, most_lines: int = 4) -> str:
    """Return a long name on several lines; what even they can't hold is left out of the last.

    Examples
    --------
    >>> wrapped("unet"), wrapped("unet_resnet50_fold_3", width=12)
    ('unet', 'unet_<br>resnet50_<br>fold_3')
    """
    lines: list[str] = []
    while len(name) > width and len(lines) < most_lines - 1:
        cut = max(name.rfind(mark, 0, width) for mark in " _-./") + 1
        cut = cut if cut > width // 3 else width
        lines.append(name[:cut])
        name = name[cut:]
    if len(name) > width:
        name = f"{name[: width // 2 - 1]}…{name[width // 2 - width :]}"
    return "<br>".join([*lines, name])


def row_height_px(texts: Iterable[str], *, least_px: int = 24) -> int:
    """Return how much room each row needs, for names of one line or of several."""
    most_lines = max((text.count("<br>") + 1 for text in texts), default=1)
    return max(least_px, LINE_PX * most_lines + 6)


def text_width_px(texts: Iterable[str]) -> int:
    """Return the room that the widest line takes."""
    lines = [line for text in texts for line in text.split("<br>")]
    return round(CHARACTER_PX * max(map(len, lines), default=0))


def interval_texts(low: pd.Series, high: pd.Series) -> list[str]:
    """Return intervals as the pointer shows them; NaN limits say that there are too few images."""
    return [
        f"[{a:.3f}, {b:.3f}]" if np.isfinite(a) and np.isfinite(b) else "(too few for an interval)"
        for a, b in zip(low, high, strict=True)
    ]


def show_rows(figure: go.Figure, texts: Sequence[str], **at: int) -> None:
    """Name the rows of an axis, the first on top; rows are numbered, so that no two names merge."""
    figure.update_yaxes(
        tickmode="array",
        tickvals=list(range(len(texts))),
        ticktext=list(texts),
        range=[len(texts) - 0.5, -0.5],
        automargin=True,
        tickfont={"size": 12},
        zeroline=False,
        **at,
    )


def row_looks(models: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return colour and marker of each model; one for all where there are more than colours."""
    if len(models) > len(MODEL_COLOURS):
        return dict.fromkeys(models, ONE_COLOUR), dict.fromkeys(models, "circle")
    return model_colours(models), distinct_symbols(models)


def colour_bar(title: str, **more: Any) -> dict[str, Any]:
    """Return a scale of the same size beside every heat map, however tall it is."""
    return {
        # Above the scale it would run into the uppermost number.
        "title": {"text": title, "font": {"size": 12}, "side": "right"},
        "thickness": 14,
        "lenmode": "pixels",
        "len": 190,
        "y": 1,
        "yanchor": "top",
        **more,
    }
