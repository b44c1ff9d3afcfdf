"""Figures show what their tables hold."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from workbench import figures
from workbench.schema import OUTCOME_COLOURS, Member, Overlay, Sample
from workbench.studies import make_overlay


@pytest.fixture
def overlay() -> Overlay:
    reference = np.zeros((40, 60), np.uint32)
    reference[5:15, 5:15], reference[20:30, 30:50] = 1, 2
    predicted = np.zeros((40, 60), np.uint32)
    predicted[5:15, 5:16], predicted[32:38, 5:12] = 7, 8
    image = np.random.default_rng(0).integers(0, 255, (40, 60, 1)).astype(np.uint8)
    return make_overlay(Sample("cells", image, reference), Member("unet", 0), predicted)


def named(figure: go.Figure, text: str) -> list[go.Scatter]:
    return [trace for trace in figure.data if text in (trace.name or "")]


def test_an_overlay_tells_matched_missed_and_spurious_cells_apart(overlay: Overlay) -> None:
    figure = figures.overlay_figure(overlay)
    (matched,) = named(figure, "1 matched")
    (missed,) = named(figure, "1 missed")
    (spurious,) = named(figure, "1 spurious")
    assert (np.nanmin(matched.x), np.nanmax(matched.x)) == (4.5, 15.5)
    assert (np.nanmin(missed.x), np.nanmax(missed.x)) == (29.5, 49.5)
    assert (np.nanmin(spurious.y), np.nanmax(spurious.y)) == (31.5, 37.5)
    looks = [(trace.line.color, trace.line.dash) for trace in (matched, missed, spurious)]
    assert [colour for colour, _ in looks] == [
        OUTCOME_COLOURS[outcome] for outcome in ("matched", "missed", "spurious")
    ]
    assert len({dash for _, dash in looks}) == 3, "line styles must differ too"
    assert "F1 0.50" in figure.layout.title.text


def test_a_merge_shows_the_lost_cells_of_the_reference_beside_the_predicted_one() -> None:
    reference, predicted = np.zeros((2, 20, 30), np.uint32)
    reference[5:15, 2:8], reference[5:15, 10:16], predicted[5:15, 2:16] = 1, 2, 3
    image = np.zeros((20, 30, 1), np.uint8)
    merged = make_overlay(Sample("m", image, reference), Member("unet", 0), predicted)
    bold, thin = named(figures.overlay_figure(merged), "merged: 1 predicted, 2 reference")
    assert bold.line.color == thin.line.color == OUTCOME_COLOURS["merge"]
    assert bold.line.width > thin.line.width
    assert (np.nanmin(thin.x), np.nanmax(thin.x)) == (1.5, 15.5)
    assert [bold.showlegend, thin.showlegend] == [None, False]
    texts = [text for trace in figures.overlay_figure(merged).data for text in trace.text or ()]
    assert "predicted cell 3: merge (fused)" in texts
    assert named(figures.overlay_row([merged]), "merged")[-1].showlegend is None


MACHADO_2009 = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}  # fmt: skip


@pytest.mark.parametrize("vision", MACHADO_2009)
def test_colours_of_outcomes_differ_under_every_colour_blindness(vision: str) -> None:
    """As Machado et al., IEEE TVCG 15:1291, 2009, simulate it; 10 is told apart at a glance."""
    from skimage.color import deltaE_ciede2000, rgb2lab

    rgb = np.array([
        [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        for colour in OUTCOME_COLOURS.values()
    ])  # fmt: skip
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.asarray(MACHADO_2009[vision]).T, 0, 1)
    lab = rgb2lab(np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055))
    first, second = np.triu_indices(len(lab), 1)
    assert deltaE_ciede2000(lab[first], lab[second]).min() > 12


def test_an_overlay_is_framed_by_its_image_with_row_0_on_top(overlay: Overlay) -> None:
    figure = figures.overlay_figure(overlay)
    assert figure.layout.xaxis.range == (-0.5, 59.5)
    assert figure.layout.yaxis.range == (39.5, -0.5)
    assert figure.layout.yaxis.scaleanchor == "x"


def test_pointing_at_a_cell_names_it(overlay: Overlay) -> None:
    texts = [text for trace in figures.overlay_figure(overlay).data for text in trace.text or ()]
    assert "predicted cell 8: spurious (background)" in texts
    assert "reference cell 2: missed (clean)" in texts
    assert "predicted cell 7: matched" in texts


def test_a_large_image_is_shown_smaller_in_its_own_coordinates(overlay: Overlay) -> None:
    image = np.zeros((2500, 1300, 3), np.uint16)
    labels = np.zeros((2500, 1300), np.uint32)
    large = make_overlay(Sample("large", image, labels), Member("m", 0), labels)
    picture = figures.overlay_figure(large).data[0]
    assert (picture.dx, picture.x0) == (3, 1)
    assert len(picture.source) < 200_000


def test_a_row_has_a_panel_per_overlay_and_one_legend(overlay: Overlay) -> None:
    figure = figures.overlay_row([overlay, overlay], with_reference=True)
    pictures = [trace for trace in figure.data if isinstance(trace, go.Image)]
    assert len(pictures) == 4
    titles = [annotation.text for annotation in figure.layout.annotations]
    assert titles == ["image cells", "reference", "unet-0 · F1 0.50", "unet-0 · F1 0.50"]
    lines = [trace for trace in figure.data if isinstance(trace, go.Scatter)]
    assert [line.name for line in lines if line.showlegend is not False] == [
        "matched (as predicted)", "missed (reference)", "spurious (predicted)",
    ]  # fmt: skip


def test_a_curve_per_model_with_its_band() -> None:
    table = pd.DataFrame(
        {
            "model": ["a", "a", "b", "b"],
            "threshold": [0.5, 0.9, 0.5, 0.9],
            "mean": [0.8, 0.2, 0.7, 0.3],
            "ci_low": [0.7, 0.1, 0.6, 0.2],
            "ci_high": [0.9, 0.3, 0.8, 0.4],
            "n": [9] * 4,
        }
    )
    figure = figures.score_by_threshold(table)
    curves = [trace for trace in figure.data if trace.name]
    assert [list(trace.y) for trace in curves] == [[0.8, 0.2], [0.7, 0.3]]
    assert len({(trace.line.color, trace.line.dash) for trace in curves}) == 2
    assert figure.layout.xaxis.title.text == "IoU threshold"
    assert "F1" in figure.layout.yaxis.title.text
    assert list(figure.data[0].y) == [0.9, 0.3, 0.1, 0.7]


def test_every_image_is_a_point_of_its_model() -> None:
    paired = pd.DataFrame({"a": [0.1, 0.5], "b": [0.2, 0.9]}, index=["im0", "im1"])
    figure = figures.score_distributions(paired)
    assert [list(box.y) for box in figure.data] == [[0.1, 0.5], [0.2, 0.9]]
    assert list(figure.data[0].text) == ["im0", "im1"]


def test_epochs_without_a_validation_are_not_drawn_and_the_best_has_a_star() -> None:
    history = pd.DataFrame(
        {
            "epoch": [1, 2, 3, 4], "train_loss": [2.0, 1.5, 1.2, 1.0],
            "validation_loss": [np.nan, 1.6, np.nan, 1.7],
            "validation_f1": [np.nan, 0.7, np.nan, 0.6],
        }
    )  # fmt: skip
    train, validation, f1 = figures.training_curves({"unet-0": history}).data
    assert list(train.x) == [1, 2, 3, 4]
    assert list(validation.x) == [2, 4]
    assert list(f1.marker.symbol) == ["star", "circle"]


def test_a_single_epoch_shows_and_many_networks_are_told_apart() -> None:
    history = pd.DataFrame(
        {"epoch": [1], "train_loss": [2.0], "validation_loss": [1.6], "validation_f1": [0.0]}
    )
    figure = figures.training_curves({f"m{place}": history for place in range(9)})
    assert {trace.mode for trace in figure.data[::3]} == {"markers"}
    looks = {(trace.line.color, trace.marker.symbol) for trace in figure.data[1::3]}
    assert len(looks) == 9
    assert figure.layout.yaxis2.range[0] < 0, "a star at 0 is cut"


def test_sizes_of_cells_are_shares_of_their_group() -> None:
    cells = pd.DataFrame(
        {"image_id": ["a"] * 3 + ["b"], "cell_id": [1, 2, 3, 1], "diameter_px": [5.0, 5, 20, 9]}
    )
    images = pd.DataFrame({"image_id": ["a", "b"], "split": ["train", "test"]})
    train, test = figures.cell_facts(cells, images, ["diameter_px", "absent"], by="split").data
    assert sum(train.y) == pytest.approx(100)
    assert max(train.y) == pytest.approx(200 / 3)
    assert train.name == "train (3 cells)"
    assert max(test.y) == 100


def test_facts_of_images_are_boxes_by_group_on_axes_with_units() -> None:
    images = pd.DataFrame(
        {
            "image_id": list("abcd"), "split": ["train", "train", "test", "test"],
            "density_per_mpx": [1.0, 10, 100, 1000], "focus": [0.1, 0.2, 0.3, 0.4],
            "contrast": [np.nan] * 4,
        }
    )  # fmt: skip
    figure = figures.image_facts(images, ["density_per_mpx", "focus", "contrast"], by="split")
    assert [trace.name for trace in figure.data] == ["train", "test"] * 2  # none of contrast
    assert figure.layout.yaxis.title.text == "Density, per million px"
    assert (figure.layout.yaxis.type, figure.layout.yaxis2.type) == ("log", None)
    assert list(figure.data[3].y) == [0.3, 0.4]


def test_a_gallery_outlines_the_labels_once_in_the_legend(overlay: Overlay) -> None:
    figure = figures.image_gallery([overlay.sample, overlay.sample])
    assert [trace.showlegend for trace in figure.data if isinstance(trace, go.Scatter)] == [
        True, False,
    ]  # fmt: skip


def test_counts_are_drawn_against_the_line_of_agreement() -> None:
    overview = pd.DataFrame(
        {"model": ["m"], "image_id": ["a"], "n_reference": [10], "n_predicted": [7], "value": [0.5]}
    )
    line, points = figures.count_agreement(overview).data
    assert list(line.x) == list(line.y)
    assert (list(points.x), list(points.y)) == ([10], [7])
    (scatter,) = figures.score_by_cell_count(overview).data
    assert (list(scatter.x), list(scatter.y)) == ([10], [0.5])


def test_classes_are_drawn_beside_the_image() -> None:
    classes = np.array([[0, 1], [2, 1]], np.uint8)
    _, heat = figures.class_map(np.zeros((2, 2, 1), np.uint8), classes).data
    assert np.array_equal(heat.z, classes)
    assert list(heat.colorbar.ticktext) == ["background", "interior", "boundary"]
