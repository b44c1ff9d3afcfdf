"""From a perfect score down to that of a model, a bar for each step."""

from typing import Final

import pandas as pd
import plotly.graph_objects as go

from workbench.figures._rows import INK, SOFT, row_height_px, show_rows, wrapped
from workbench.figures._theme import MODEL_COLOURS, styled

STEP_NAMES: Final = {
    "outlines": "Outlines of the reference",
    "second annotator": "Second annotator",
    "encoding": "Encoding",
    "decoder": "Decoder settings",
    "tiling": "Windows and tiles",
    "network": "The model itself, and all the rest",
}
LOST, WON, REST = MODEL_COLOURS[1], MODEL_COLOURS[2], MODEL_COLOURS[0]


def loss_waterfall(
    steps: pd.DataFrame, *, baseline: float = float("nan"), name: str = "", iou_threshold: float
) -> go.Figure:
    """Show what each step takes from a perfect score.

    Parameters
    ----------
    steps
        From :func:`workbench.analysis.waterfall_steps`.
    baseline
        Mean score of the trivial baseline; NaN for none.
    name
        Of the model.
    iou_threshold
        Of F1, for the axis.
    """
    rows = steps.reset_index(drop=True)
    score = float(rows["after"].iloc[-1])
    names = [wrapped(STEP_NAMES.get(step, step)) for step in rows["step"]]
    colours = [
        REST if place == len(rows) - 1 else (LOST if loss >= 0 else WON)
        for place, loss in enumerate(rows["loss"])
    ]
    figure = go.Figure(
        go.Bar(
            x=-rows["loss"],
            base=rows["before"],
            y=list(range(len(rows))),
            orientation="h",
            marker={"color": colours, "line": {"color": INK, "width": 1}},
            width=0.6,
            customdata=rows[["before", "after", "ci_low", "ci_high"]],
            hovertemplate=(
                "%{customdata[0]:.3f} to %{customdata[1]:.3f}<br>lost: %{customdata[2]:+.3f} to "
                "%{customdata[3]:+.3f} (95 %)<extra></extra>"
            ),
            showlegend=False,
        )
    )
    _join_steps(figure, rows)
    low = min([score, *rows["after"], *([baseline] if baseline >= 0 else [])])
    room = 0.02 + 0.15 * (1 - low)
    for place, row in rows.iterrows():
        figure.add_annotation(
            x=min(row["before"], row["after"]),
            y=place,
            text=f"{-row['loss']:+.3f}".replace("-", "−"),
            xanchor="right",
            xshift=-6,
            showarrow=False,
            font={"color": INK},
        )
    _mark(figure, score, f"{name or 'score'} {score:.3f}", "solid")
    if baseline >= 0:
        _mark(figure, baseline, f"Otsu and watershed {baseline:.3f}", "dash")
    show_rows(figure, names)
    figure.update_xaxes(title=f"Mean F1 at IoU {iou_threshold:g}", range=[max(0, low - room), 1.01])
    styled(figure, height_px=150 + max(38, row_height_px(names)) * len(rows))
    figure.update_layout(margin={"t": 56})
    return figure


def _join_steps(figure: go.Figure, rows: pd.DataFrame) -> None:
    """Draw where one step ends and the next begins."""
    for place in range(len(rows) - 1):
        level = rows["after"].iloc[place]
        figure.add_shape(
            type="line",
            x0=level,
            x1=level,
            y0=place - 0.3,
            y1=place + 1.3,
            line={"color": SOFT, "width": 1, "dash": "dot"},
        )


def _mark(figure: go.Figure, value: float, text: str, dash: str) -> None:
    """Draw a line down the whole figure, named in the legend."""
    figure.add_vline(x=value, line={"color": INK, "width": 1.5, "dash": dash})
    figure.add_trace(
        go.Scatter(
            x=[None],
            y=[None],
            mode="lines",
            line={"color": INK, "width": 1.5, "dash": dash},
            name=text,
        )
    )
