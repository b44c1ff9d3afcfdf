"""Methods against two experts who annotated the same images."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from workbench.figures._overlays import joined_outlines
from workbench.figures._pictures import picture_trace, show_as_image
from workbench.figures._rows import INK, SOFT, row_height_px, show_rows, wrapped
from workbench.figures._theme import MODEL_COLOURS, styled
from workbench.schema import ERROR_TYPES, OUTCOME_COLOURS, ImageArray, LabelImage
from workbench.transforms import label_outlines

LOOKS: Final = (("circle", MODEL_COLOURS[0]), ("diamond", MODEL_COLOURS[1]))

Line = npt.NDArray[Any]
Backing = Literal["both", "one", "neither"]
BACKINGS: Final[Mapping[Backing, tuple[str, str, str]]] = {
    "both": ("drawn by both experts", OUTCOME_COLOURS["matched"], "solid"),
    "one": ("by one of them", OUTCOME_COLOURS["missed"], "dash"),
    "neither": ("by neither", OUTCOME_COLOURS["spurious"], "dot"),
}
"""How a cell reads, its colour and its line, by how many experts drew it."""
CROP_COLUMNS: Final = 3
PANELS_PX: Final = 940
TITLE_PX: Final = 30
LEGEND_PX: Final = 34


@dataclass(frozen=True, eq=False)
class BackedCells:
    """Cells of an expert or a method, and who of the experts drew them.

    Attributes
    ----------
    name
        Whose.
    labels
        Label image.
    backing
        By cell id.
    """

    name: str
    labels: LabelImage
    backing: Mapping[int, Backing]


def expert_scores(scores: pd.DataFrame, *, ceiling: float) -> go.Figure:
    """Show the F1 of every method against either expert, and the experts' own agreement.

    Parameters
    ----------
    scores
        ``method``, ``against`` and ``f1``: a row per method and expert, the method in the order in
        which it is shown.
    ceiling
        F1 of the experts against each other; no line for NaN.

    Returns
    -------
    go.Figure
        A row per method with a mark for each expert.
    """
    methods = list(dict.fromkeys(scores["method"]))
    place = {method: number for number, method in enumerate(methods)}
    figure = go.Figure()
    for (symbol, colour), expert in zip(LOOKS, dict.fromkeys(scores["against"]), strict=False):
        part = scores[scores["against"] == expert]
        figure.add_trace(
            go.Scatter(
                x=part["f1"],
                y=part["method"].map(place),
                mode="markers",
                name=f"against {expert}",
                marker={"size": 11, "symbol": symbol, "color": colour},
                customdata=part["method"],
                hovertemplate=f"%{{customdata}} against {expert}: %{{x:.3f}}<extra></extra>",
            )
        )
    if np.isfinite(ceiling):
        figure.add_vline(
            x=ceiling,
            line={"color": INK, "dash": "dash", "width": 1.5},
            annotation={"text": f"the experts: {ceiling:.2f}", "font": {"size": 12}},
            annotation_position="bottom right",
        )
    figure.update_xaxes(title="F1, all images together", range=[-0.02, 1.02])
    labels = [wrapped(method) for method in methods]
    styled(figure, height_px=120 + row_height_px(labels, least_px=30) * len(labels))
    show_rows(figure, labels)
    return figure


def expert_disagreement(outcomes: pd.DataFrame) -> go.Figure:
    """Show the errors of every method against either expert, disputed ones hatched.

    Parameters
    ----------
    outcomes
        ``method``, ``against``, ``outcome``, ``n_cells`` and ``n_disputed``, summed over both
        sides; methods in the order in which they are shown.

    Returns
    -------
    go.Figure
        A panel per expert, a bar per method: cells of either side in an error, by its type. The
        hatched part of each colour are those that the other expert sees as the method does.
    """
    methods = list(dict.fromkeys(outcomes["method"]))
    experts = list(dict.fromkeys(outcomes["against"]))
    place = {method: number for number, method in enumerate(methods)}
    figure = make_subplots(
        cols=max(1, len(experts)),
        subplot_titles=[f"against {expert}" for expert in experts],
        shared_yaxes=True,
        shared_xaxes="all",
        horizontal_spacing=0.04,
    )
    for error in ERROR_TYPES:
        for column, expert in enumerate(experts, start=1):
            part = outcomes[(outcomes["against"] == expert) & (outcomes["outcome"] == error)]
            clear = part["n_cells"] - part["n_disputed"]
            for counts, pattern, name in (
                (clear, "", "only the method"),
                (part["n_disputed"], "/", "disputed"),
            ):
                figure.add_trace(
                    go.Bar(
                        x=counts,
                        y=part["method"].map(place),
                        orientation="h",
                        name=error,
                        legendgroup=error,
                        showlegend=column == 1 and not pattern,
                        marker={
                            "color": OUTCOME_COLOURS[error],
                            "line": {"color": "#FFFFFF", "width": 0.5},
                            "pattern": {"shape": pattern, "fgcolor": INK, "size": 5},
                        },
                        hovertemplate=f"{error}, {name}: %{{x}} cells<extra></extra>",
                    ),
                    row=1,
                    col=column,
                )
        figure.update_xaxes(title="Cells in errors (hatched: disputed)")
    labels = [wrapped(method) for method in methods]
    styled(figure, height_px=170 + row_height_px(labels, least_px=30) * len(labels))
    for column in range(1, len(experts) + 1):
        show_rows(figure, labels, row=1, col=column)
    figure.update_layout(
        barmode="stack", bargap=0.3, margin={"t": 80}, legend={"y": 1.06, "traceorder": "normal"}
    )
    figure.update_yaxes(linecolor=SOFT)
    return figure


def expert_crop(image: ImageArray | None, panels: Sequence[BackedCells]) -> go.Figure:
    """Show a part of an image as the experts and methods see it.

    Parameters
    ----------
    image
        Shape (height, width, channels); None to draw cells on black.
    panels
        At least one: cells of the same part, a panel each beside the bare image.

    Returns
    -------
    go.Figure
        Three panels a row with one pan and zoom; colour and line say who drew a cell.
    """
    shape = panels[0].labels.shape
    ground = np.zeros((*shape, 1), np.uint8) if image is None else image
    shown = [*([] if image is None else [None]), *panels]
    names = [panel.name if panel else "image" for panel in shown]
    n_rows = -(-len(names) // CROP_COLUMNS)
    panel_px = PANELS_PX / CROP_COLUMNS * min(1.0, shape[0] / shape[1])
    figure = make_subplots(
        n_rows,
        CROP_COLUMNS,
        subplot_titles=[wrapped(name, width=40, most_lines=1) for name in names],
        horizontal_spacing=0.012,
        vertical_spacing=TITLE_PX / (n_rows * (panel_px + TITLE_PX)),
        shared_xaxes="all",
        shared_yaxes="all",
    )
    for number, panel in enumerate(shown):
        place = {"row": number // CROP_COLUMNS + 1, "col": number % CROP_COLUMNS + 1}
        figure.add_trace(picture_trace(ground), **place)
        for trace in _backed_outlines(panel) if panel else ():
            figure.add_trace(trace, **place)
        show_as_image(figure, ground, **place)
        figure.update_yaxes(constraintoward="top", **place)
    nothing = np.array([None])
    for backing in BACKINGS:  # lines without points: the legend alone
        figure.add_trace(_backed(backing, nothing, nothing))
    styled(figure, height_px=round(n_rows * (panel_px + TITLE_PX)) + LEGEND_PX)
    figure.update_annotations(font_size=12)
    figure.update_layout(
        legend={"y": 0, "yanchor": "top", "x": 0.5, "xanchor": "center"},
        margin={"l": 8, "r": 8, "t": TITLE_PX, "b": LEGEND_PX},
    )
    return figure


def _backed_outlines(panel: BackedCells) -> Iterator[go.Scatter]:
    outlines = label_outlines(panel.labels)
    for backing in BACKINGS:
        chosen = [line for line in outlines if panel.backing.get(line.cell_id) == backing]
        columns, rows = joined_outlines(chosen)
        yield _backed(backing, columns, rows).update(showlegend=False)


def _backed(backing: Backing, columns: Line, rows: Line) -> go.Scatter:
    name, colour, dash = BACKINGS[backing]
    return go.Scatter(
        x=columns,
        y=rows,
        mode="lines",
        line={"color": colour, "width": 1.6, "dash": dash},
        name=name,
        legendgroup=backing,
        hoverinfo="skip",
    )
