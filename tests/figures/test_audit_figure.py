"""Pictures of an audit show what its table holds."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from workbench import figures
from workbench.datasets import audit_labels
from workbench.figures._audit import SEVERITY_COLOURS
from workbench.schema import Sample


def labelled(image_id: str = "cells") -> Sample:
    """Return an image of four cells: one has a hole, one shares its number far away."""
    labels = np.zeros((300, 400), np.uint32)
    for place, (row, column) in enumerate([(20, 20), (20, 360), (260, 20), (260, 360)]):
        labels[row : row + 12, column : column + 12] = place + 1
    labels[26, 26] = 0
    labels[labels == 4] = 2
    image = np.random.default_rng(0).integers(0, 255, (300, 400, 1)).astype(np.uint8)
    return Sample(image_id, image, labels)


def table(*samples: Sample) -> pd.DataFrame:
    rows = [
        {
            "image_id": sample.image_id,
            "code": found.code,
            "severity": found.severity,
            "text": found.text,
            "cell_ids": " ".join(map(str, found.cell_ids)),
            **dict(zip(("top", "left", "bottom", "right"), found.box, strict=True)),
        }
        for sample in samples
        for found in audit_labels(sample.reference)
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def gallery() -> go.Figure:
    return figures.audit_gallery([labelled()], table(labelled()))


def lines(figure: go.Figure, group: str) -> list[go.Scatter]:
    return [
        trace
        for trace in figure.data
        if isinstance(trace, go.Scatter) and trace.legendgroup == group and trace.x[0] is not None
    ]


def test_each_finding_has_a_box_whose_corners_tell_what_it_is(gallery: go.Figure) -> None:
    (text,) = {trace.text[0] for trace in lines(gallery, "error") if trace.text}
    assert text == "number 2 stands for 2 cells far apart, of 144, 144 px"
    overview = next(t for t in lines(gallery, "error") if t.text and t.xaxis == "x")
    assert (min(overview.y[:5]), max(overview.y[:5])) == (19.5, 271.5)
    assert np.mean([min(overview.x[:5]), max(overview.x[:5])]) == 365.5


def test_a_box_of_one_pixel_is_drawn_large_enough_to_be_seen(gallery: go.Figure) -> None:
    overview = next(t for t in lines(gallery, "warning") if t.text and t.xaxis == "x")
    for edges in (overview.x, overview.y):
        assert max(edges[:5]) - min(edges[:5]) == pytest.approx(400 / 25)
    assert np.mean([min(overview.x[:5]), max(overview.x[:5])]) == 26


def test_close_ups_are_named_and_lettered_as_on_the_image(gallery: go.Figure) -> None:
    texts = [annotation.text for annotation in gallery.layout.annotations]
    assert texts[:3] == ["cells", "A · number used twice: 2", "B · holes in a cell: 1"]
    assert {"<b>A</b>", "<b>B</b>"} <= set(texts)


def test_a_close_up_shows_the_surroundings_in_full_resolution(gallery: go.Figure) -> None:
    axes = [gallery.layout[f"xaxis{i}"].range for i in ("", 2, 3)]
    assert axes[0] == (-0.5, 399.5)
    assert axes[2] == (-0.5, 71.5)
    cell = next(t for t in lines(gallery, "warning") if not t.text and t.xaxis == "x3")
    assert (np.nanmin(cell.x), np.nanmax(cell.x)) == (19.5, 31.5)


def test_every_kind_of_finding_comes_before_a_second_of_one_kind() -> None:
    sample = labelled()
    labels = sample.reference.copy()
    labels[266, 26] = 0
    labels[40, 120], labels[60, 120] = 1, 3
    shown = [Sample("many", sample.image, labels), labelled("few")]
    titles = [a.text for a in figures.audit_gallery(shown, table(*shown)).layout.annotations]
    assert titles[:6] == [
        "many", "A · number used twice: 2", "B · crumbs of a cell: 1", "C · holes in a cell: 1",
        "few", "A · number used twice: 2",
    ]  # fmt: skip


def test_a_finding_of_the_whole_image_has_no_close_up() -> None:
    sample = labelled()
    mask = Sample("mask", sample.image, (sample.reference > 0).astype(np.uint32))
    figure = figures.audit_gallery([mask], table(mask))
    titles = [annotation.text for annotation in figure.layout.annotations]
    assert titles[0] == "mask"
    assert not any(title.startswith("A ·") for title in titles)
    (outlines,) = lines(figure, "error")  # of all its cells, no box around the image
    assert (np.nanmin(outlines.x), np.nanmax(outlines.x)) == (19.5, 371.5)


def test_images_without_labels_and_many_images_are_shown() -> None:
    bare = Sample("bare", labelled().image)
    samples = [labelled("a"), bare, labelled("b")]
    figure = figures.audit_gallery(samples, table(labelled("a"), labelled("b")))
    assert len([trace for trace in figure.data if isinstance(trace, go.Image)]) == 3 + 2 * 2
    names = [t.name for t in figure.data if isinstance(t, go.Scatter) and t.name]
    assert names == ["labels", "2 errors", "2 warnings"]


def test_a_large_image_is_stored_small_and_its_boxes_move_with_it() -> None:
    image = np.random.default_rng(0).integers(0, 255, (1200, 2000, 1)).astype(np.uint8)
    labels = np.zeros((1200, 2000), np.uint32)
    labels[800:900, 1600:1700] = 1
    labels[850, 1650] = 0
    sample = Sample("large", image, labels)
    figure = figures.audit_gallery([sample], table(sample))
    assert figure.layout.xaxis.range == (-0.5, 499.5)
    box = next(t for t in lines(figure, "warning") if t.text and t.xaxis == "x")
    assert np.mean([min(box.x[:5]), max(box.x[:5])]) == pytest.approx(1650.5 / 4 - 0.5)


def test_the_overview_counts_images_and_places_gravest_first() -> None:
    findings = table(labelled("a"), labelled("b"))
    extra = findings[findings["code"] == "holes"].iloc[[0]]
    figure = figures.audit_overview(pd.concat([findings, extra]))
    errors, warnings = figure.data
    assert (list(errors.y), list(errors.x), list(errors.text)) == (
        ["number used twice"], [2], ["2 images"],
    )  # fmt: skip
    assert list(warnings.text) == ["2 images, 3 places"]
    assert [bar.marker.color for bar in figure.data] == [
        SEVERITY_COLOURS["error"], SEVERITY_COLOURS["warning"],
    ]  # fmt: skip
    assert figure.layout.yaxis.categoryarray == ("number used twice", "holes in a cell")


def test_an_overview_of_nothing_is_empty() -> None:
    nothing = table(labelled()).iloc[:0]
    assert len(figures.audit_overview(nothing).data) == 0
