"""The waterfall of a run."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile

from tests.studies.finished_runs import finished_run
from workbench.datasets import read_reference
from workbench.inference import DistanceDecoder, PredictionConfig
from workbench.schema import InputError, Member
from workbench.store import Run
from workbench.studies import RunView, find_member, open_view, waterfall
from workbench.studies._applied import AppliedNetwork, write_applied

OTSU = Member("otsu_watershed", 0)


@pytest.fixture
def view(small_study: Callable[..., Path], tmp_path: Path) -> RunView:
    return finished_run(small_study(), tmp_path / "run")


def silent(text: str) -> None:
    pass


def pretend_network(run: Run, **settings: object) -> None:
    """Say that the predictions were a network's, read by a decoder with these settings."""
    network = AppliedNetwork(
        "unet-0", "", "unet", "three_class_distance",
        DistanceDecoder(**settings).model_dump(mode="json"), "study", 1, 1, 1, 1.0, 1.0,
    )  # fmt: skip
    write_applied(run.prediction_folder(OTSU), [network])


def test_a_method_without_training_has_outlines_and_itself_alone(view: RunView) -> None:
    fall = waterfall(view, OTSU, tell=silent)
    assert fall.steps["step"].tolist() == ["outlines", "network"]
    f1 = view.scores[(view.scores["metric"] == "f1") & (view.scores["threshold"] == 0.5)]
    assert 1 - fall.steps["loss"].sum() == pytest.approx(f1["value"].mean())
    assert fall.baseline_f1 == pytest.approx(f1["value"].mean())
    assert "paints no maps" in fall.left_out[0]


def test_further_moved_outlines_score_less(view: RunView) -> None:
    noise = waterfall(view, OTSU, iou_threshold=0.8, tell=silent).noise.set_index("amplitude_px")
    assert noise.index.tolist() == [0.5, 1.0, 2.0]
    assert noise["f1"].is_monotonic_decreasing
    assert noise["f1"].iloc[0] > noise["f1"].iloc[-1]


def test_a_decoder_that_drops_all_cells_takes_what_is_left(view: RunView) -> None:
    pretend_network(view.run, min_area_px=100_000)
    fall = waterfall(view, OTSU, tiling=False, tell=silent)
    losses = fall.steps.set_index("step")["loss"]
    assert losses.index.tolist() == ["outlines", "encoding", "decoder", "network"]
    assert losses["decoder"] == pytest.approx(1 - losses["outlines"] - losses["encoding"])
    assert losses["network"] < 0
    assert "min_area_px 100000" in fall.steps.set_index("step").loc["decoder", "measured_on"]


def test_default_settings_cost_nothing_as_a_step(view: RunView) -> None:
    pretend_network(view.run)
    losses = waterfall(view, OTSU, tiling=False, tell=silent).steps.set_index("step")["loss"]
    assert losses["decoder"] == 0


def test_a_second_annotator_takes_the_place_of_moved_outlines(
    view: RunView, tmp_path: Path
) -> None:
    folder = tmp_path / "second"
    folder.mkdir()
    for record in view.dataset.split("test"):
        labels = read_reference(record)
        tifffile.imwrite(folder / f"{record.image_id}.tif", np.where(labels == 1, 0, labels))
    fall = waterfall(view, OTSU, second_labels=folder, tell=silent)
    # One of sixteen cells is lacking: 2 * 15 / (16 + 15).
    assert fall.steps["step"].iloc[0] == "second annotator"
    assert fall.steps["after"].iloc[0] == pytest.approx(30 / 31)
    assert fall.noise.empty


def test_a_second_annotator_of_another_size_is_refused(view: RunView, tmp_path: Path) -> None:
    for record in view.dataset.split("test"):
        tifffile.imwrite(tmp_path / f"{record.image_id}.tif", np.zeros((5, 5), np.uint8))
    with pytest.raises(InputError, match="size of the reference"):
        waterfall(view, OTSU, second_labels=tmp_path, tell=silent)


def test_a_threshold_that_was_not_scored_is_refused(view: RunView) -> None:
    with pytest.raises(InputError, match=r"F1 was scored at 0\.5, 0\.55"):
        waterfall(view, OTSU, iou_threshold=0.42, tell=silent)


@pytest.mark.slow
def test_a_network_runs_again_on_whole_images_and_all_steps_add_up(demo_run: Path) -> None:
    view = open_view(demo_run)
    member = find_member(view, "unet")
    fall = waterfall(view, member, n_images=4, tell=silent)
    assert "Tiling costs nothing" in fall.left_out[0]
    # As if the window were half of the images.
    small = PredictionConfig(window_px=128)
    model = view.study.models["unet"].model_copy(update={"prediction": small})
    study = view.study.model_copy(update={"models": {**view.study.models, "unet": model}})
    fall = waterfall(replace(view, study=study), member, n_images=4, tell=silent)
    assert "tiling" in fall.steps["step"].tolist()
    # The stored predictions were made in one window, so there is nothing to lose.
    assert fall.steps.set_index("step").loc["tiling", "loss"] == pytest.approx(0, abs=0.02)
