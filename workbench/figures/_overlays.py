"""Predictions over images: what became of each cell, by colour and line."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from workbench.figures._pictures import picture_trace, show_as_image
from workbench.figures._rows import wrapped
from workbench.figures._theme import styled
from workbench.schema import OUTCOME_COLOURS, OUTCOMES, LabelImage, Outcome, Overlay
from workbench.transforms import Outline, label_outlines

FloatArray = npt.NDArray[np.float32]
DASHES: Final[Mapping[Outcome, str]] = {
    "matched": "solid",
    "boundary": "solid",
    "missed": "dash",
    "spurious": "dot",
    "split": "5px,2px,1px,2px",
    "merge": "9px,2px",
    "catastrophe": "9px,2px,1px,2px",
    "ignored": "dot",
}
MEANINGS: Final[Mapping[Outcome, str]] = {
    "matched": "matched (as predicted)",
    "boundary": "boundary off",
    "missed": "missed (reference)",
    "spurious": "spurious (predicted)",
    "split": "split",
    "merge": "merged",
    "catastrophe": "catastrophe",
    "ignored": "left out",
}
ALWAYS_NAMED: Final = ("matched", "missed", "spurious")
THIN: Final = 0.75  # lines of lost reference cells beside those of predicted ones
REFERENCE_COLOUR: Final = "#00A676"
PANELS_PX: Final = 940
"""Width of a row of panels on paper; on a wider screen they are a little smaller than they could
be."""
MOST_TALL: Final = 1.5
"""Height of a panel as a share of its width; taller images are shown narrower."""
LARGEST_PX: Final = 320
"""Height of a panel that has a row for itself."""
TITLE_PX: Final = 36
LEGEND_PX: Final = 34
TITLE_WIDTH: Final = 22
"""Longest line of a panel's title, in characters."""


def overlay_figure(overlay: Overlay, *, height_px: int = 620) -> go.Figure:
    """Show one image with its cells outlined by outcome, and the reference on request.

    Predicted cells have bold lines; reference cells that are not matched have thin ones of the same
    colour.

    Parameters
    ----------
    overlay
        Image, labels and outcomes.
    height_px
        Height of the figure.

    Returns
    -------
    go.Figure
        The legend counts the cells of each outcome, and switches their outlines on and off;
        pointing at a cell tells its outcome.
    """
    figure = go.Figure(picture_trace(overlay.sample.image))
    for trace in outcome_traces(overlay, line_width_px=2.0):
        figure.add_trace(trace)
    figure.add_trace(_reference_trace(overlay, visible="legendonly"))
    for trace in _hover_traces(overlay):
        figure.add_trace(trace)
    show_as_image(figure, overlay.sample.image)
    styled(figure, height_px=height_px, title=_title(overlay))
    figure.update_layout(
        legend={"y": 0, "yanchor": "top", "x": 0.5, "xanchor": "center"},
        margin={"l": 8, "r": 8, "t": 40, "b": 48},
    )
    return figure


def overlay_row(
    overlays: Sequence[Overlay],
    *,
    columns: int = 6,
    with_reference: bool = False,
) -> go.Figure:
    """Show several overlays side by side, one legend for all.

    Parameters
    ----------
    overlays
        At least one.
    columns
        Per row.
    with_reference
        Whether the first two panels are the bare image and the reference of the first overlay;
        the others then share their pan and zoom.

    Returns
    -------
    go.Figure
        One panel per overlay, titled by image and score.
    """
    lead = 2 if with_reference else 0
    n_panels = lead + len(overlays)
    columns = min(columns, n_panels)
    rows = -(-n_panels // columns)
    first = overlays[0]
    titles = [
        *([f"{_one_line(first.sample.image_id)}<br>image", "<br>reference"] if lead else []),
        *(_panel_title(overlay, named=with_reference) for overlay in overlays),
    ]
    linked = "all" if with_reference else False
    panels_px = rows * (_panel_height_px(overlays, columns) + TITLE_PX) - TITLE_PX
    figure = make_subplots(
        rows,
        columns,
        subplot_titles=titles,
        horizontal_spacing=0.012,
        vertical_spacing=TITLE_PX / panels_px,
        shared_xaxes=linked,
        shared_yaxes=linked,
    )
    for panel in range(n_panels):
        place = {"row": panel // columns + 1, "col": panel % columns + 1}
        overlay = first if panel < lead else overlays[panel - lead]
        figure.add_trace(picture_trace(overlay.sample.image), **place)
        if panel == 1 and with_reference:
            figure.add_trace(_reference_trace(overlay, visible=True), **place)
        elif panel >= lead:
            for trace in outcome_traces(overlay, line_width_px=1.4):
                trace.showlegend = False
                figure.add_trace(trace, **place)
        show_as_image(figure, overlay.sample.image, **place)
        # Beneath its title, where it is flatter than others of its row.
        figure.update_yaxes(constraintoward="top", **place)
    nothing = np.array([None])
    for outcome in named_outcomes(overlays):  # lines without points: the legend alone
        figure.add_trace(outcome_line(outcome, nothing, nothing, MEANINGS[outcome], 2.0))
    styled(figure, height_px=round(panels_px) + TITLE_PX + LEGEND_PX)
    figure.update_annotations(font_size=11)
    figure.update_layout(
        legend={"y": 0, "yanchor": "top", "x": 0.5, "xanchor": "center"},
        margin={"l": 8, "r": 8, "t": TITLE_PX, "b": LEGEND_PX},
    )
    return figure


def _panel_height_px(overlays: Sequence[Overlay], columns: int) -> float:
    """Return the height at which the tallest image fills its column."""
    sizes = [overlay.sample.image.shape[:2] for overlay in overlays]
    tallest = max(height / width for height, width in sizes)
    return float(min(PANELS_PX / columns * min(tallest, MOST_TALL), LARGEST_PX))


def outcome_traces(overlay: Overlay, *, line_width_px: float) -> list[go.Scatter]:
    """Return the outlines of predicted cells and of reference cells that are not matched."""
    predicted = _outlines_by_outcome(overlay.predicted, overlay.predicted_outcomes)
    reference = _outlines_by_outcome(_reference(overlay), overlay.reference_outcomes)
    traces = []
    for outcome in named_outcomes([overlay]):
        ours = predicted.get(outcome, [])
        theirs = reference.get(outcome, []) if outcome != "matched" else []
        name = _legend(outcome, len(ours), len(theirs))
        if ours or not theirs:
            traces.append(outcome_line(outcome, *joined_outlines(ours), name, line_width_px))
        if theirs:
            width_px = line_width_px if outcome == "missed" else THIN * line_width_px
            traces.append(outcome_line(outcome, *joined_outlines(theirs), name, width_px))
            traces[-1].showlegend = not ours
    return traces


def named_outcomes(overlays: Sequence[Overlay]) -> list[Outcome]:
    """Return the outcomes that the legend names."""
    there = {
        outcome
        for overlay in overlays
        for side in (overlay.reference_outcomes, overlay.predicted_outcomes)
        for outcome in side.values()
    }
    return [outcome for outcome in OUTCOMES if outcome in there or outcome in ALWAYS_NAMED]


def _legend(outcome: Outcome, n_predicted: int, n_reference: int) -> str:
    if outcome in ALWAYS_NAMED:
        return f"{n_predicted + n_reference} {MEANINGS[outcome]}"
    return f"{MEANINGS[outcome]}: {n_predicted} predicted, {n_reference} reference"


def _reference_trace(overlay: Overlay, *, visible: bool | str) -> go.Scatter:
    outlines = label_outlines(_reference(overlay))
    columns, rows = joined_outlines(outlines)
    return go.Scatter(
        x=columns,
        y=rows,
        mode="lines",
        line={"color": REFERENCE_COLOUR, "width": 1.5},
        name=f"{len(outlines)} in the reference",
        visible=visible,
        showlegend=visible == "legendonly",
        hoverinfo="skip",
    )


def _hover_traces(overlay: Overlay) -> list[go.Scatter]:
    """Return an invisible point on each cell that names it."""
    sides = (
        ("predicted", overlay.predicted, overlay.predicted_outcomes, overlay.predicted_details),
        ("reference", _reference(overlay), overlay.reference_outcomes, overlay.reference_details),
    )
    traces = []
    for side, labels, outcomes, details in sides:
        outlines = label_outlines(labels)
        traces.append(
            go.Scatter(
                x=[float(np.nanmean(outline.columns)) for outline in outlines],
                y=[float(np.nanmean(outline.rows)) for outline in outlines],
                mode="markers",
                marker={"size": 12, "opacity": 0},
                text=[
                    f"{side} cell {cell}: {_told(outcomes.get(cell, ''), details.get(cell, ''))}"
                    for cell in (outline.cell_id for outline in outlines)
                ],
                hoverinfo="text",
                showlegend=False,
            )
        )
    return traces


def _told(outcome: str, detail: str) -> str:
    return f"{outcome} ({detail.replace('_', ' ')})" if detail else outcome


def _outlines_by_outcome(
    labels: LabelImage, outcomes: Mapping[int, Outcome]
) -> dict[Outcome, list[Outline]]:
    groups: dict[Outcome, list[Outline]] = {}
    for outline in label_outlines(labels):
        if outline.cell_id in outcomes:
            groups.setdefault(outcomes[outline.cell_id], []).append(outline)
    return groups


def joined_outlines(outlines: Sequence[Outline]) -> tuple[FloatArray, FloatArray]:
    """Return columns and rows of all outlines, NaN between them."""
    gap = np.array([np.nan], np.float32)
    columns = [part for outline in outlines for part in (outline.columns, gap)]
    rows = [part for outline in outlines for part in (outline.rows, gap)]
    return np.concatenate(columns or [gap]), np.concatenate(rows or [gap])


def outcome_line(
    outcome: Outcome,
    columns: npt.NDArray[Any],
    rows: npt.NDArray[Any],
    name: str,
    width_px: float,
) -> go.Scatter:
    return go.Scatter(
        x=columns,
        y=rows,
        mode="lines",
        line={"color": OUTCOME_COLOURS[outcome], "width": width_px, "dash": DASHES[outcome]},
        name=name,
        legendgroup=outcome,
        hoverinfo="skip",
    )


def _reference(overlay: Overlay) -> LabelImage:
    reference = overlay.sample.reference
    return np.zeros_like(overlay.predicted) if reference is None else reference


def _title(overlay: Overlay) -> str:
    return f"{overlay.member.name} on {overlay.sample.image_id} · F1 {_score(overlay)}"


def _panel_title(overlay: Overlay, *, named: bool) -> str:
    what = overlay.member.name if named else overlay.sample.image_id
    return f"{_one_line(what)}<br>F1 {_score(overlay)}"


def _one_line(name: str) -> str:
    return wrapped(name, width=TITLE_WIDTH, most_lines=1)


def _score(overlay: Overlay) -> str:
    value = overlay.scores.get("f1", float("nan"))
    return "undefined" if np.isnan(value) else f"{value:.2f}"
