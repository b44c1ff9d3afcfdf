"""What an audit found, on the images: boxed, named and from near."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from workbench.datasets import CHECKS, SEVERITIES, Box, Severity
from workbench.figures._overlays import REFERENCE_COLOUR, joined_outlines
from workbench.figures._pictures import picture_trace, show_as_image
from workbench.figures._theme import styled
from workbench.schema import ImageArray, LabelImage, Sample
from workbench.transforms import label_outlines

Place: TypeAlias = dict[str, int]
"""Row and column of a panel."""

SEVERITY_COLOURS: Final[dict[Severity, str]] = {
    "error": "#D55E00",
    "warning": "#E69F00",
    "note": "#56B4E9",
}
SEVERITY_LINES: Final[dict[Severity, tuple[float, str]]] = {
    "error": (3, "solid"),
    "warning": (1.8, "solid"),
    "note": (1.8, "dot"),
}
"""Width and style: dashes would leave a box of a few pixels in pieces."""

OVERVIEW_PX: Final = 512
"""Longest side of a whole image as stored in the figure."""

MANY_CELLS: Final = 400
"""So many outlines hide an image unless they are thin."""

CLOSEUP_PX: Final = 72
"""Shortest side of a close-up in pixels of the image."""

LEAST_BOX_PX: Final = 5
"""Side of the smallest box drawn in a close-up, so that the pixel within is seen."""

WIDE_SHARE: Final = 0.1
"""A box that covers more of the image would hide it: the cells themselves are outlined instead."""

LOCAL_SHARE: Final = 0.5
"""Findings whose box covers more of the image concern it as a whole, not a place."""


def audit_gallery(
    samples: Sequence[Sample],
    findings: pd.DataFrame,
    *,
    closeups: int = 3,
    row_height_px: int = 260,
) -> go.Figure:
    """Show images with the outlines of their labels, what was found boxed, and close-ups of it.

    Parameters
    ----------
    samples
        At least one.
    findings
        From :func:`workbench.studies.audit_dataset`; those of other images are passed over.
    closeups
        Panels beside each image, at least one of each kind found, gravest first, as far as they
        go.
    row_height_px
        Height of each image's row.

    Returns
    -------
    go.Figure
        One row per image. The legend switches outlines and boxes off; pointing at a corner of a
        box tells what was found there.
    """
    columns = 1 + closeups
    chosen = [_closeup_rows(sample, findings, closeups) for sample in samples]
    titles = []
    for sample, shown in zip(samples, chosen, strict=True):
        names = [f"{letter} · {_short(row)}" for letter, row in shown.items()]
        titles += [sample.image_id[:28], *names, *[""] * (closeups - len(names))]
    figure = make_subplots(
        len(samples),
        columns,
        subplot_titles=titles,
        horizontal_spacing=0.012,
        vertical_spacing=0.12 / len(samples),
    )
    for place, (sample, shown) in enumerate(zip(samples, chosen, strict=True), start=1):
        rows = findings[findings["image_id"] == sample.image_id]
        _add_overview(figure, sample, rows, shown, {"row": place, "col": 1})
        for column in range(2, columns + 1):
            letter = chr(ord("A") + column - 2)
            if letter in shown:
                _add_closeup(figure, sample, shown[letter], {"row": place, "col": column})
            else:
                figure.update_xaxes(visible=False, row=place, col=column)
                figure.update_yaxes(visible=False, row=place, col=column)
    _add_legend(figure, findings[findings["image_id"].isin([s.image_id for s in samples])])
    styled(figure, height_px=len(samples) * row_height_px + 60)
    figure.update_annotations(font_size=11)
    figure.update_layout(
        margin={"l": 8, "r": 8, "t": 32, "b": 36},
        legend={"y": 0, "yanchor": "top", "x": 0.5, "xanchor": "center"},
    )
    return figure


def _closeup_rows(sample: Sample, findings: pd.DataFrame, n: int) -> dict[str, pd.Series]:
    """Return the findings to show from near, by letter: each kind once, then the others."""
    rows = findings[findings["image_id"] == sample.image_id]
    local = rows[_share_of_image(rows, sample.image) <= LOCAL_SHARE]
    rank = local["code"].map({code: place for place, code in enumerate(CHECKS)})
    turn = local.groupby("code").cumcount() > 0
    order = np.lexsort((rank, turn))[:n]
    return {chr(ord("A") + place): local.iloc[at] for place, at in enumerate(order)}


def _short(row: pd.Series) -> str:
    cells = row["cell_ids"].split()
    named = f": {', '.join(cells[:2])}{' ...' if len(cells) > 2 else ''}" if cells else ""
    return f"{CHECKS[row['code']].title}{named}"


def _add_overview(
    figure: go.Figure, sample: Sample, rows: pd.DataFrame, shown: dict[str, pd.Series], at: Place
) -> None:
    step = -(-max(sample.image.shape[:2]) // OVERVIEW_PX)
    image = sample.image[::step, ::step]
    _add_picture(figure, image, at)
    if sample.reference is not None:
        _add_outlines(figure, sample.reference[::step, ::step], at)
    least = max(image.shape[:2]) / 25
    wide = _share_of_image(rows, sample.image) > WIDE_SHARE
    for severity in SEVERITIES:
        of_severity = rows["severity"] == severity
        if sample.reference is not None and (wide & of_severity).any():
            named = _named_cells(rows[wide & of_severity], sample.reference)
            _add_outlines(figure, named[::step, ::step], at, severity)
        part = rows[of_severity & ~wide]
        boxes = [_edges(box, step, least) for box in _boxes(part)]
        _add_boxes(figure, boxes, list(part["text"]), severity, at)
    for letter, row in shown.items():
        top, left, _, _ = _edges(_box(row), step, least)
        figure.add_annotation(
            x=left,
            y=top,
            text=f"<b>{letter}</b>",
            showarrow=False,
            xanchor="right",
            yanchor="bottom",
            bgcolor="rgba(255,255,255,0.75)",
            borderpad=1,
            **at,
        )


def _add_closeup(figure: go.Figure, sample: Sample, row: pd.Series, at: Place) -> None:
    """Show the surroundings of one finding, the outlines of its cells in its colour."""
    top, left, bottom, right = _window(_box(row), sample.image.shape[:2])
    _add_picture(figure, sample.image[top:bottom, left:right], at)
    if sample.reference is not None:
        labels = sample.reference[top:bottom, left:right]
        _add_outlines(figure, labels, at)
        _add_outlines(figure, _named_cells(row.to_frame().T, labels), at, row["severity"])
    first, second, third, fourth = _box(row)
    box = _edges((first - top, second - left, third - top, fourth - left), 1, LEAST_BOX_PX)
    _add_boxes(figure, [box], [row["text"]], row["severity"], at)


def _share_of_image(rows: pd.DataFrame, image: ImageArray) -> pd.Series:
    """Return the share of the image that the box of each finding covers."""
    areas = (rows["bottom"] - rows["top"]) * (rows["right"] - rows["left"])
    return areas / (image.shape[0] * image.shape[1])


def _named_cells(rows: pd.DataFrame, labels: LabelImage) -> LabelImage:
    """Return the labels of the cells that findings name, the others cleared."""
    ids = [int(cell) for cells in rows["cell_ids"] for cell in cells.split()]
    return np.where(np.isin(labels, ids), labels, 0)


def _add_picture(figure: go.Figure, image: ImageArray, at: Place) -> None:
    shown = image if image.ndim == 3 else image[..., np.newaxis]
    figure.add_trace(picture_trace(shown), **at)
    show_as_image(figure, shown, **at)


def _add_outlines(
    figure: go.Figure, labels: LabelImage, at: Place, severity: Severity | None = None
) -> None:
    """Outline cells: all in green, or those that a finding names in its colour."""
    outlines = label_outlines(labels)
    x, y = joined_outlines(outlines)
    green = {"color": REFERENCE_COLOUR, "width": 1.2 if len(outlines) < MANY_CELLS else 0.5}
    figure.add_trace(
        go.Scatter(
            x=x,
            y=y,
            mode="lines",
            line=_line(severity) if severity else green,
            legendgroup=severity or "labels",
            showlegend=False,
            hoverinfo="skip",
        ),
        **at,
    )


def _add_boxes(
    figure: go.Figure,
    boxes: Sequence[tuple[float, float, float, float]],
    texts: Sequence[str],
    severity: Severity,
    at: Place,
) -> None:
    """Draw boxes of one severity; each corner tells the text."""
    x: list[float | None] = []
    y: list[float | None] = []
    for top, left, bottom, right in boxes:
        x += [left, right, right, left, left, None]
        y += [top, top, bottom, bottom, top, None]
    if boxes:
        figure.add_trace(
            go.Scatter(
                x=x,
                y=y,
                mode="lines",
                line=_line(severity),
                text=[text for text in texts for _ in range(6)],
                hoverinfo="text",
                legendgroup=severity,
                showlegend=False,
            ),
            **at,
        )


def _add_legend(figure: go.Figure, findings: pd.DataFrame) -> None:
    entries = [("labels", "labels", {"color": REFERENCE_COLOUR, "width": 2})]
    for severity in SEVERITIES:
        n = np.count_nonzero(findings["severity"] == severity)
        if n:
            name = f"{n:,} {severity}{'s' if n > 1 else ''}"
            entries.append((severity, name, _line(severity)))
    for group, name, line in entries:  # lines without points: the legend alone
        figure.add_trace(
            go.Scatter(
                x=[None],
                y=[None],
                mode="lines",
                line=line,
                name=name,
                legendgroup=group,
            )
        )


def _line(severity: Severity) -> dict[str, Any]:
    width, dash = SEVERITY_LINES[severity]
    return {"color": SEVERITY_COLOURS[severity], "width": width, "dash": dash}


def _box(row: pd.Series) -> Box:
    return int(row["top"]), int(row["left"]), int(row["bottom"]), int(row["right"])


def _boxes(rows: pd.DataFrame) -> list[Box]:
    return [_box(row) for _, row in rows.iterrows()]


def _edges(box: Box, step: int, least: float) -> tuple[float, float, float, float]:
    """Return the outer edges of a box on a picture reduced by a step, at least so large."""
    top, left, bottom, right = (edge / step - 0.5 for edge in box)
    more_rows, more_columns = max(0.0, least - bottom + top) / 2, max(0.0, least - right + left) / 2
    return top - more_rows, left - more_columns, bottom + more_rows, right + more_columns


def _window(box: Box, shape: tuple[int, ...]) -> Box:
    """Return a square around a box with something to see beside it, within the image."""
    top, left, bottom, right = box
    side = max(CLOSEUP_PX, 2 * (bottom - top), 2 * (right - left))
    starts = []
    sizes = []
    for middle, size in (((top + bottom) // 2, shape[0]), ((left + right) // 2, shape[1])):
        sizes.append(min(side, size))
        starts.append(min(max(0, middle - side // 2), size - sizes[-1]))
    return starts[0], starts[1], starts[0] + sizes[0], starts[1] + sizes[1]
