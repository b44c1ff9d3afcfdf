"""napari: failures walked, judged and corrected; mostly on a viewer without a window."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import imagecodecs
import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel
from napari.utils.key_bindings import KeymapHandler

from tests.viewers.conftest import run_of_real_images
from workbench.datasets import open_dataset, read_labels
from workbench.schema import OUTCOME_COLOURS, OUTCOMES, InputError
from workbench.store import read_verdicts, write_maps
from workbench.studies import FailureChoice, RunView, find_member, open_view, read_annotation
from workbench.viewers import Inspector, RunScenes, outcome_codes, picture_layers, show_layers
from workbench.viewers._layers import event_layer, focus_layer, outcome_layer, outline_layer
from workbench.viewers._plugin import record_layers


def press(viewer: ViewerModel, *keys: str) -> None:
    """Press keys as a window would hand them on: the active layer's come before the viewer's."""
    for key in keys:
        handler = KeymapHandler()
        active = viewer.layers.selection.active
        handler.keymap_providers = [viewer] if active is None else [active, viewer]
        assert handler.press_key(key), key


def inspector_of(view: RunView, **options: object) -> Inspector:
    return Inspector(ViewerModel(), view, view.members[0], **options)


# Layers


def test_predicted_parts_lie_over_a_lost_cell_and_a_swallowed_cell_over_the_predicted_one() -> None:
    boundary, merge, matched = (OUTCOMES.index(one) + 1 for one in ("boundary", "merge", "matched"))
    whole, parts = np.ones((4, 8), np.uint32), np.zeros((4, 8), np.uint32)
    parts[0] = 3
    codes = outcome_codes(whole, parts, {1: "boundary"}, {3: "boundary"})
    assert codes.tolist() == [[boundary] * 8] * 4
    two = np.repeat([[1, 1, 1, 1, 1, 1, 2, 2]], 4, axis=0)
    codes = outcome_codes(two, whole, {1: "matched", 2: "merge"}, {1: "matched"})
    assert codes[0].tolist() == [matched] * 6 + [merge] * 2


def test_ids_far_apart_are_coloured_like_small_ones() -> None:
    labels = np.array([[0, 5, 7]])
    far = np.array([[0, 4_000_000_000, 7]])
    small = outcome_codes(labels, labels, {}, {5: "split", 7: "matched"})
    assert (outcome_codes(far, far, {}, {4_000_000_000: "split", 7: "matched"}) == small).all()


def test_each_outcome_has_its_colour_and_each_cell_of_an_outline_the_same() -> None:
    viewer = ViewerModel()
    codes = np.arange(len(OUTCOMES) + 1, dtype=np.uint8)[None]
    cells = np.array([[0, 1, 2, 70_000]])
    show_layers(viewer, [outcome_layer(codes), outline_layer("reference", cells, "#00A676")])
    for code, outcome in enumerate(OUTCOMES, start=1):
        colour = OUTCOME_COLOURS[outcome]
        wanted = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        assert np.allclose(viewer.layers["outcomes"].get_color(code)[:3], wanted, atol=0.01)
    outline = viewer.layers["reference"]
    assert len({tuple(outline.get_color(cell)) for cell in (1, 2, 70_000)}) == 1


def test_three_unnamed_channels_of_bytes_are_colours_and_others_a_layer_each() -> None:
    def names(shape: tuple[int, ...], dtype: str, channels: tuple[str, ...] = ()) -> list[str]:
        return [spec.name for spec in picture_layers(np.zeros(shape, dtype), channels)]

    assert names((4, 5, 3), "uint8") == ["image"]
    assert names((4, 5, 3), "uint16") == ["channel 1", "channel 2", "channel 3"]
    assert names((4, 5, 3), "uint8", ("DAPI", "GFP", "RFP")) == ["DAPI", "GFP", "RFP"]
    assert names((4, 5, 1), "uint16", ("DAPI",)) == ["image"]


def test_layers_are_swapped_not_rebuilt_and_those_of_others_stay() -> None:
    viewer = ViewerModel()
    viewer.add_points([(1, 1)], name="mine")
    first = [*picture_layers(np.zeros((8, 9, 1))), focus_layer((1, 2, 3, 4))]
    show_layers(viewer, first)
    image = viewer.layers["image"]
    image.opacity = 0.5
    show_layers(viewer, [*picture_layers(np.full((4, 5, 1), 7.0)), focus_layer(None)])
    assert viewer.layers["image"] is image
    assert (image.data.shape, image.opacity) == ((4, 5), 0.5)
    assert image.contrast_limits[0] == 7
    assert len(viewer.layers["this failure"].data) == 0
    show_layers(viewer, picture_layers(np.zeros((8, 9, 3), np.uint8)))
    assert viewer.layers["image"] is not image, "a grey layer can't show colours"
    assert [layer.name for layer in viewer.layers] == ["image", "mine"]


def test_a_hidden_layer_gets_its_data_when_it_is_looked_at() -> None:
    viewer = ViewerModel()
    show_layers(viewer, picture_layers(np.zeros((4, 5, 1))))
    layer = viewer.layers["image"]
    layer.visible = False
    show_layers(viewer, picture_layers(np.ones((6, 7, 1))))
    assert layer.data.shape == (4, 5)
    layer.visible = True
    assert layer.data.shape == (6, 7)


def test_events_are_rings_in_the_colour_of_their_type() -> None:
    box = {"top_px": [0, 4], "left_px": [0, 4], "bottom_px": [5, 9], "right_px": [3, 9]}
    rows = pd.DataFrame({"error": ["merge", "missed"], "event": [1, 2], **box})
    viewer = ViewerModel()
    show_layers(viewer, [event_layer(rows)])
    points = viewer.layers["failures"]
    assert points.data.tolist() == [[2, 1], [6, 6]]
    for colour, error in zip(points.border_color, rows["error"], strict=True):
        wanted = [int(OUTCOME_COLOURS[error][at : at + 2], 16) / 255 for at in (1, 3, 5)]
        assert np.allclose(colour[:3], wanted, atol=0.01)
    show_layers(viewer, [event_layer(rows.head(0))])
    assert len(points.data) == 0


# A walk on real images


def test_the_first_failure_is_in_the_middle_of_the_canvas(real_view: RunView) -> None:
    inspector = inspector_of(real_view)
    row = inspector.row
    assert row is not None
    gains = inspector.rows["gain"]
    assert row["gain"] == gains.max()
    middle = (
        (row["top_px"] + row["bottom_px"] - 1) / 2,
        (row["left_px"] + row["right_px"] - 1) / 2,
    )
    assert inspector.viewer.scene.camera.center[-2:] == pytest.approx(middle)
    shown = min(inspector.viewer.canvas.size) / inspector.viewer.scene.camera.zoom
    side = max(row["bottom_px"] - row["top_px"], row["right_px"] - row["left_px"])
    assert shown == pytest.approx(max(3 * side, 48))
    names = [layer.name for layer in inspector.viewer.layers]
    assert names == [
        "image", "outcomes", "second-0", "reference", "otsu-0", "failures", "this failure",
    ]  # fmt: skip
    codes = inspector.viewer.layers["outcomes"].data
    predicted = inspector.viewer.layers["otsu-0"].data
    for cell in row["wrong_predicted"]:
        assert (codes[predicted == cell] == OUTCOMES.index(row["error"]) + 1).all()


def test_keys_walk_through_failures_and_models(real_view: RunView) -> None:
    inspector = inspector_of(real_view)
    viewer = inspector.viewer
    press(viewer, "n", "n")
    assert inspector.place == 2
    press(viewer, "Shift-n")
    assert inspector.place == 1
    assert "2 of" in viewer.canvas.overlays.text.text
    inspector.go(0)
    inspector.previous_failure()
    assert inspector.place == len(inspector.rows) - 1, "before the first comes the last"
    image_id = inspector.image_id
    press(viewer, "t")
    assert (inspector.member.name, inspector.image_id) == ("second-0", image_id)
    assert viewer.layers["second-0"].visible
    assert not viewer.layers["otsu-0"].visible
    press(viewer, "h")
    assert viewer.layers["second-0"].contour == 0
    press(viewer, "h", "k")
    assert viewer.layers.selection.active is viewer.layers["reference"]
    before = inspector.place
    press(viewer, "n")
    assert inspector.place != before, "keys of the list work while the brush is in hand"


def test_two_models_lie_side_by_side_under_one_camera(real_view: RunView) -> None:
    inspector = inspector_of(real_view)
    viewer, grid = inspector.viewer, inspector.viewer.canvas.grid
    press(viewer, "d")
    names = [layer.name for layer in viewer.layers]
    assert grid.actual_shape(viewer.layers) == (1, 2)
    left, right = (grid.contents_at((0, at), viewer.layers) for at in (0, 1))
    assert {names[at].split(" | ")[1] for at in left} == {"otsu-0"}
    assert {names[at].split(" | ")[1] for at in right} == {"second-0"}
    assert len(left) == len(right)
    image = viewer.layers[names[0]]
    press(viewer, "n")
    assert viewer.layers[names[0]] is image or image.rgb
    press(viewer, "d")
    assert not grid.enabled
    with pytest.raises(InputError, match="otsu-0 is shown already"):
        inspector.compare_with("otsu")


def test_a_verdict_is_read_back_on_each_wrong_cell(real_view: RunView) -> None:
    inspector = inspector_of(real_view, choice=FailureChoice(error="merge"), reviewer="Ada")
    row = inspector.row
    assert row is not None
    inspector.note = "two nuclei"
    press(inspector.viewer, "w")
    said = read_verdicts(real_view.run.verdicts_file)
    cells = {(one.side, one.cell_id) for one in said.itertuples()}
    wanted = {("reference", cell) for cell in row["wrong_reference"]}
    wanted |= {("predicted", cell) for cell in row["wrong_predicted"]}
    assert cells == wanted
    assert set(said["judgement"]) == {"annotation error"}
    assert set(said["note"]) == {"two nuclei"}
    assert set(said["reviewer"]) == {"Ada"}
    assert inspector.rows["judgement"].iloc[0] == "annotation error"
    press(inspector.viewer, "r")
    assert inspector.rows["judgement"].iloc[0] == "ambiguous", "the last verdict counts"
    assert inspector_of(real_view).rows["judgement"].eq("ambiguous").any(), "the next day, too"


def test_a_painted_cell_is_saved_as_a_version_and_scored(real_view: RunView) -> None:
    inspector = inspector_of(real_view, choice=FailureChoice(error="missed"))
    row, image_id = inspector.row, inspector.image_id
    assert row is not None
    own = read_annotation(real_view, image_id, 0)
    press(inspector.viewer, "k")
    layer = inspector.viewer.layers["reference"]
    assert (layer.mode, layer.selected_label) == ("paint", row["cell_id"])
    # The annotation was wrong: there is no cell. Fill it with background.
    at = tuple(np.argwhere(layer.data == row["cell_id"])[0])
    layer.fill(at, 0)
    assert inspector.has_edits
    press(inspector.viewer, "n")
    if inspector.image_id != image_id:
        pytest.fail("an image with edits was left")
    press(inspector.viewer, "Shift-k")
    assert f"{image_id} version 1: 1 removed. F1: otsu-0" in inspector.notice
    stored = read_labels(real_view.run.annotation_file(image_id, 1))
    assert (stored == np.where(own == row["cell_id"], 0, own)).all()
    assert (read_annotation(real_view, image_id, 0) == own).all(), "the original is as it was"
    assert inspector.version == 1
    assert not inspector.has_edits
    codes = inspector.viewer.layers["outcomes"].data
    missed = OUTCOMES.index("missed") + 1
    assert not (codes[own == row["cell_id"]] == missed).any(), "it is no longer missed"


def test_the_models_cells_taken_over_make_its_error_a_match(real_view: RunView) -> None:
    inspector = inspector_of(real_view)
    row = inspector.row
    assert row is not None
    inspector.take_predicted()
    done = inspector.save_correction("as the model")
    assert done is not None
    scores = done.scores.set_index("member").loc["otsu-0"]
    assert scores["f1_after"] - scores["f1_before"] > 0
    assert done.version.note == "as the model"
    codes = inspector.viewer.layers["outcomes"].data
    predicted = inspector.viewer.layers["otsu-0"].data
    for cell in row["wrong_predicted"]:
        assert (codes[predicted == cell] == OUTCOMES.index("matched") + 1).all()
    assert inspector.save_correction() is None
    assert "no cell was changed; nothing is saved" in inspector.notice


def test_edits_are_neither_lost_nor_saved_by_walking(real_view: RunView) -> None:
    inspector = inspector_of(real_view)
    image_id = inspector.image_id
    inspector.viewer.layers["reference"].data[:4, :4] = 999
    other = int(np.flatnonzero(inspector.rows["image_id"] != image_id)[0])
    inspector.go(other)
    assert inspector.image_id == image_id
    assert "edits that are not saved" in inspector.notice
    same = np.flatnonzero(inspector.rows["image_id"] == image_id)
    inspector.go(int(same[-1]))
    assert (inspector.viewer.layers["reference"].data[:4, :4] == 999).all()
    inspector.compare_with("second")
    assert inspector.beside is None
    inspector.drop_edits()
    assert not inspector.has_edits
    inspector.go(other)
    assert inspector.image_id != image_id


def test_the_list_can_be_filtered_and_sorted(real_view: RunView) -> None:
    inspector = inspector_of(real_view)
    n_all = len(inspector.rows)
    here = inspector.rows.iloc[inspector.place][["image_id", "event"]].tolist()
    inspector.sort_by("n_cells", descending=True)
    assert inspector.rows["n_cells"].is_monotonic_decreasing
    assert inspector.row[["image_id", "event"]].tolist() == here
    inspector.choose(FailureChoice(worst=1))
    assert set(inspector.rows["image_id"]) == {inspector.image_id}
    assert 0 < len(inspector.rows) < n_all
    with pytest.raises(InputError, match="no such type of error"):
        inspector.choose(FailureChoice(error="merg"))
    assert inspector.choice == FailureChoice(worst=1), "a mistake changes nothing"


def test_maps_that_the_run_kept_are_layers(real_view: RunView) -> None:
    member = real_view.members[0]
    image_id = real_view.dataset.records[0].image_id
    shape = read_annotation(real_view, image_id).shape
    maps = np.zeros((*shape, 3), np.float32)
    maps[..., 1] = 0.25
    write_maps(real_view.run.prediction_folder(member) / "maps" / f"{image_id}.tif", maps)
    specs = RunScenes(real_view).layers(image_id, member, None)
    found = {spec.name: spec for spec in specs if spec.name.startswith("map: ")}
    assert list(found) == ["map: background", "map: interior", "map: boundary"]
    assert (found["map: interior"].data == 0.25).all()
    beside = RunScenes(real_view).side_by_side(image_id, real_view.members, None)
    assert len(beside) % 2 == 0
    half = len(beside) // 2
    assert [s.name.split(" | ")[0] for s in beside[:half]] == [
        s.name.split(" | ")[0] for s in beside[half:]
    ], "as many layers for each model, in one order"


def test_large_images_are_read_by_level(pyramid: Path) -> None:
    folder = pyramid.parent
    (folder / "manifest.csv").write_text(f"image_id,image\nlarge,{pyramid}\n")
    record = open_dataset(folder).records[0]
    from workbench.datasets import image_levels

    levels = image_levels(record, large_px=1000)
    assert levels is not None
    specs = picture_layers(None, levels.channel_names, levels=levels.levels)
    assert [spec.name for spec in specs] == ["a", "b"]
    viewer = ViewerModel()
    show_layers(viewer, specs)
    layer = viewer.layers["b"]
    assert layer.multiscale
    assert [level.shape for level in layer.data] == [(512, 640), (256, 320), (128, 160)]
    assert np.asarray(layer.data[0][10, 300:303]).tolist() == [300, 301, 302]
    assert image_levels(record) is None, "a small image is read whole"
    assert [spec.name for spec in record_layers(record)] == ["a", "b"]


# Windows


def test_without_a_display_the_message_says_how_to_proceed(monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench.viewers import require_display

    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InputError, match=r"no display: neither DISPLAY nor .* in a notebook"):
        require_display()
    monkeypatch.setenv("DISPLAY", ":987")
    with pytest.raises(InputError, match="no X server answers at DISPLAY=:987"):
        require_display()
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    with pytest.raises(InputError, match="QT_QPA_PLATFORM=offscreen has no OpenGL"):
        require_display()


@pytest.fixture
def needs_display() -> None:
    from workbench.viewers import require_display

    try:
        require_display()
    except InputError as error:
        pytest.skip(str(error))


@pytest.mark.display
def test_a_person_goes_from_the_list_to_a_corrected_cell(
    needs_display: None, real_view: RunView
) -> None:
    import napari
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    from workbench.viewers import add_dock

    viewer = napari.Viewer()
    try:
        inspector = Inspector(viewer, real_view, real_view.members[0])
        dock = add_dock(viewer, inspector)
        dock.error.setCurrentText("missed")
        dock.error.textActivated.emit("missed")
        assert set(inspector.rows["error"]) == {"missed"}
        assert dock.model.rowCount() == len(inspector.rows)
        dock.table.horizontalHeader().sectionClicked.emit(2)
        dock.table.sortByColumn(3, Qt.AscendingOrder)
        assert inspector.rows["gain"].is_monotonic_increasing
        dock.table.clicked.emit(dock.model.index(1, 0))
        assert inspector.place == 1
        QTest.keyClick(dock.table, Qt.Key_N)
        assert inspector.place == 2 % len(inspector.rows), "letters in the list are keys"
        dock.note.setText("debris")
        QTest.keyClick(viewer.window._qt_window, Qt.Key_W)
        said = read_verdicts(real_view.run.verdicts_file)
        assert said["note"].tolist() == ["debris"]
        assert dock.model.data(dock.model.index(inspector.place, 4)) == "annotation error"
        row, image_id = inspector.row, inspector.image_id
        assert row is not None
        QTest.keyClick(viewer.window._qt_window, Qt.Key_K)
        layer = viewer.layers["reference"]
        layer.fill(tuple(np.argwhere(layer.data == row["cell_id"])[0]), 0)
        QTest.keyClick(viewer.window._qt_window, Qt.Key_K, Qt.ShiftModifier)
        assert f"{image_id} version 1: 1 removed" in dock.notice.text()
        stored = read_labels(real_view.run.annotation_file(image_id, 1))
        assert row["cell_id"] not in stored
        QTest.keyClick(viewer.window._qt_window, Qt.Key_D)
        assert inspector.beside is not None
        assert dock.beside.currentText() == inspector.beside.name
    finally:
        viewer.close()


@pytest.mark.display
def test_a_window_shows_a_failure_with_every_colour(
    needs_display: None, real_data: Path, tmp_path: Path
) -> None:
    view = run_of_real_images(real_data, tmp_path)
    picture = tmp_path / "pictures" / "napari.png"
    subprocess.run(
        [sys.executable, "-c", "from workbench.cli import main; main()", "inspect", view.run.root,
         "--model", "otsu", "--worst", "1", "--screenshot", picture],
        check=True,
        timeout=180,
        env=os.environ,
    )  # fmt: skip
    pixels = imagecodecs.png_decode(picture.read_bytes())[..., :3].astype(int)
    assert pixels.shape[1] == 1366
    canvas = pixels[30:-30, 330:925]
    red, green, blue = (canvas[..., at] for at in range(3))
    for what, mask in {
        "outlines": (canvas > 200).all(axis=2),
        "reference": (green > 120) & (red < 80) & (blue < 160),
        "matched": (blue - red > 60) & (green > red),
        "frame": (red > 200) & (green > 180) & (blue < 90),
    }.items():
        assert mask.sum() > 50, what


# The plugin


def test_the_manifest_names_commands_that_are_there(disc_view: RunView) -> None:
    from npe2 import PluginManifest

    import workbench.viewers

    manifest = PluginManifest.from_file(Path(workbench.viewers.__file__).parent / "napari.yaml")
    commands = {one.id: one.python_name for one in manifest.contributions.commands}
    for python_name in commands.values():
        room, name = python_name.split(":")
        assert room == "workbench.viewers"
        assert callable(getattr(workbench.viewers, name))
    used = [one.command for one in manifest.contributions.readers]
    used += [one.command for one in manifest.contributions.widgets]
    used += [one.command for one in manifest.contributions.sample_data]
    assert set(used) == set(commands)


def test_napari_reads_runs_data_sets_and_samples(disc_view: RunView, tmp_path: Path) -> None:
    from workbench.viewers import get_reader, sample_nuclei, sample_tissue

    def kinds(path: Path) -> list[tuple[str, str]]:
        reader = get_reader(str(path))
        assert reader is not None
        viewer = ViewerModel()
        layers = [viewer._add_layer_from_data(*one) for one in reader(str(path))]
        return [(one[0].name, one[0]._type_string) for one in layers]

    of_run = kinds(disc_view.run.root)
    assert of_run == kinds(disc_view.run.study_file)
    assert of_run == [
        ("image", "image"), ("outcomes", "labels"), ("reference", "labels"),
        ("otsu_watershed-0", "labels"), ("failures", "points"),
    ]  # fmt: skip
    of_data = [("image", "image"), ("reference", "labels")]
    assert kinds(tmp_path / "discs") == kinds(tmp_path / "discs" / "manifest.csv") == of_data
    assert get_reader(str(tmp_path)) is None
    assert get_reader([str(tmp_path)]) is None
    for made in (sample_nuclei(), sample_tissue()):
        assert [kind for _, _, kind in made] == ["image", "labels"]
        assert made[1][0].max() > 5


def test_a_run_without_failures_shows_its_worst_image(disc_view: RunView) -> None:
    view = open_view(disc_view.run.root)
    inspector = Inspector(
        ViewerModel(), view, find_member(view), choice=FailureChoice(error="split")
    )
    assert (len(inspector.rows), inspector.place, inspector.row) == (0, -1, None)
    assert "has no such failure" in inspector.notice
    inspector.next_failure()
    assert "This list has no failure" in inspector.notice
    inspector.judge("ambiguous")
    assert not view.run.verdicts_file.exists()
