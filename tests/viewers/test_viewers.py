"""napari: layers without a window, and one window under an X server."""

import os
import subprocess
import sys
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from napari.components import ViewerModel

from workbench.schema import OUTCOME_COLOURS, OUTCOMES, InputError, Member, Sample
from workbench.studies import images_worst_first, make_overlay, open_view
from workbench.viewers import RunInspector, require_display, show_overlay
from workbench.viewers._layers import outcome_codes


def overlay(channels: int = 1):
    reference = np.zeros((20, 30), np.uint32)
    reference[2:8, 2:8], reference[10:18, 10:18] = 1, 2
    predicted = np.zeros((20, 30), np.uint32)
    predicted[2:8, 2:8], predicted[12:18, 22:28] = 5, 6
    image = np.zeros((20, 30, channels), np.uint8)
    return make_overlay(Sample("s", image, reference), Member("m", 0), predicted)


@pytest.mark.parametrize(("channels", "rgb"), [(1, False), (2, True), (3, True)])
def test_an_overlay_becomes_an_image_outcomes_and_two_outlines(channels: int, rgb: bool) -> None:
    viewer = ViewerModel()
    show_overlay(viewer, overlay(channels))
    assert [layer.name for layer in viewer.layers] == [
        "image", "outcomes", "reference", "predicted",
    ]  # fmt: skip
    assert viewer.layers["image"].rgb == rgb
    assert viewer.layers["reference"].contour == viewer.layers["predicted"].contour == 1


def test_cells_are_coloured_by_what_became_of_them() -> None:
    viewer = ViewerModel()
    show_overlay(viewer, overlay())
    codes = viewer.layers["outcomes"].data
    matched, missed, spurious = (
        OUTCOMES.index(name) + 1 for name in ("matched", "missed", "spurious")
    )
    assert (codes[4, 4], codes[14, 14], codes[15, 25]) == (matched, missed, spurious)
    assert codes[0, 0] == 0
    colours = viewer.layers["outcomes"].colormap.color_dict
    for code, colour in enumerate(OUTCOME_COLOURS.values(), start=1):
        expected = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        assert np.allclose(colours[code][:3], expected, atol=0.01)


def test_showing_another_overlay_replaces_the_first() -> None:
    viewer = ViewerModel()
    show_overlay(viewer, overlay())
    show_overlay(viewer, overlay())
    assert len(viewer.layers) == 4


def test_predicted_parts_lie_over_a_lost_cell_and_a_swallowed_cell_over_the_predicted_one() -> None:
    image = np.zeros((4, 8, 1))
    whole, parts = np.ones((4, 8), np.uint32), np.zeros((4, 8), np.uint32)
    parts[0] = 3
    codes = outcome_codes(make_overlay(Sample("s", image, whole), Member("m", 0), parts))
    boundary = OUTCOMES.index("boundary") + 1
    assert codes.tolist() == [[boundary] * 8] * 4
    two = np.repeat([[1, 1, 1, 1, 1, 1, 2, 2]], 4, axis=0)
    codes = outcome_codes(make_overlay(Sample("s", image, two), Member("m", 0), whole))
    matched, merge = OUTCOMES.index("matched") + 1, OUTCOMES.index("merge") + 1
    assert codes[0].tolist() == [matched] * 6 + [merge] * 2


@pytest.mark.slow
def test_keys_step_through_images_and_models(demo_run: Path) -> None:
    view = open_view(demo_run)
    viewer = ViewerModel()
    inspector = RunInspector(viewer, view, view.members[0])
    ranked = images_worst_first(view, view.members[0])["image_id"].tolist()
    assert inspector.image_id == ranked[0]
    assert f"1 of {len(ranked)}" in viewer.canvas.overlays.text.text

    for key in ("n", "p", "m"):
        assert any(key == str(binding).lower() for binding in viewer.keymap)
    inspector.next_image()
    assert inspector.image_id == ranked[1]
    inspector.next_model()
    assert inspector.member == view.members[1]
    assert inspector.image_id == ranked[1], "the same image as the next model sees it"
    assert view.members[1].name in viewer.canvas.overlays.text.text
    inspector.member, inspector.place = view.members[0], 0
    inspector.previous_image()
    assert inspector.place == len(ranked) - 1, "before the worst comes the best"


def test_without_a_display_the_message_says_how_to_proceed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InputError, match=r"no display: neither DISPLAY nor .* notebook 06"):
        require_display()
    monkeypatch.setenv("DISPLAY", ":987")
    with pytest.raises(InputError, match="no X server answers at DISPLAY=:987"):
        require_display()
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    with pytest.raises(InputError, match="QT_QPA_PLATFORM=offscreen has no OpenGL"):
        require_display()


@pytest.mark.display
@pytest.mark.slow
def test_a_window_shows_the_worst_image_with_every_colour(demo_run: Path, tmp_path: Path) -> None:
    try:
        require_display()
    except InputError as error:
        pytest.skip(str(error))
    picture = tmp_path / "pictures" / "napari.png"
    subprocess.run(
        [sys.executable, "-c", "from workbench.cli import main; main()", "inspect", demo_run,
         "--model", "unet_small", "--screenshot", picture],
        check=True,
        timeout=180,
        env=os.environ,
    )  # fmt: skip
    pixels = imagecodecs.png_decode(picture.read_bytes())[..., :3].astype(int)
    assert pixels.shape[1] > 1000
    canvas = pixels[:, pixels.shape[1] // 3 :]
    white = (canvas > 200).all(axis=2)
    green = (canvas[..., 1] > 120) & (canvas[..., 0] < 80) & (canvas[..., 2] < 160)
    blue = (canvas[..., 2] - canvas[..., 0] > 60) & (canvas[..., 1] > canvas[..., 0])
    pink = (canvas[..., 0] - canvas[..., 1] > 40) & (canvas[..., 2] - canvas[..., 1] > 20)
    for what, mask in {
        "outlines": white,
        "reference": green,
        "matched": blue,
        "spurious": pink,
    }.items():
        assert mask.sum() > 100, what
