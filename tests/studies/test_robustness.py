"""A run's model on images made worse."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from tests.studies.finished_runs import finished_run
from workbench.datasets import open_dataset
from workbench.schema import ERROR_TYPES, InputError, Member
from workbench.studies import (
    RobustnessJob,
    RunView,
    degraded_examples,
    find_member,
    open_view,
    robustness,
    stored_robustness,
)
from workbench.studies._robustness import _tasks

OTSU = Member("otsu_watershed", 0)


@pytest.fixture
def view(small_study: Callable[..., Path], tmp_path: Path) -> RunView:
    return finished_run(small_study(), tmp_path / "run")


def silent(text: str) -> None:
    pass


def test_clean_images_score_as_they_did_in_the_run(view: RunView) -> None:
    table = robustness(view, OTSU, kinds=["blur"], tell=silent)
    f1 = view.scores[(view.scores["metric"] == "f1") & (view.scores["threshold"] == 0.5)]
    clean = table[table["clean"]].set_index("image_id")["f1"]
    assert clean.to_dict() == pytest.approx(f1.set_index("image_id")["value"].to_dict())


def test_cells_and_errors_of_every_image_and_level_agree(view: RunView) -> None:
    table = robustness(view, OTSU, kinds=["gaussian_noise", "scale", "inversion"], tell=silent)
    assert len(table) == 3 * (5 + 5 + 2)
    assert (table["n_reference"] == 16).all()
    perfect = table["f1"] == 1
    assert (table.loc[perfect, list(ERROR_TYPES)] == 0).all(axis=None)
    assert (table.loc[~perfect, list(ERROR_TYPES)].sum(axis=1) > 0).all()


def test_much_noise_costs_more_than_none_and_an_inverted_image_is_found_by_otsu(
    view: RunView,
) -> None:
    table = robustness(
        view, OTSU, kinds=["gaussian_noise", "inversion"],
        levels={"gaussian_noise": [1.0]}, tell=silent,
    )  # fmt: skip
    f1 = table.groupby(["kind", "level"])["f1"].mean()
    assert f1["gaussian_noise", 1.0] < 0.8 * f1["gaussian_noise", 0.0]
    # The baseline takes the side where the commonest grey does not lie, dark or bright.
    assert f1["inversion", 1.0] == pytest.approx(f1["inversion", 0.0], abs=0.1)


def test_levels_stand_in_their_order_from_clean_to_hard(view: RunView) -> None:
    table = robustness(view, OTSU, kinds=["jpeg", "scale"], n_images=1, tell=silent)
    levels = {kind: list(dict.fromkeys(part["level"])) for kind, part in table.groupby("kind")}
    assert levels == {"jpeg": [100, 50, 25, 10, 5], "scale": [0.5, 0.7, 1, 1.4, 2]}
    assert list(dict.fromkeys(table["kind"])) == ["jpeg", "scale"]


def test_the_table_is_kept_with_the_run_and_equal_the_next_time(view: RunView) -> None:
    assert stored_robustness(view).empty
    first = robustness(view, OTSU, kinds=["poisson_noise"], tell=silent)
    pd.testing.assert_frame_equal(stored_robustness(view), first)
    second = robustness(view, OTSU, kinds=["poisson_noise"], tell=silent)
    pd.testing.assert_frame_equal(second, first)


def test_stains_need_stained_images(view: RunView) -> None:
    told: list[str] = []
    table = robustness(view, OTSU, kinds=["stain", "blur"], tell=told.append)
    assert set(table["kind"]) == {"blur"}
    assert "stain: left out" in told[-1]
    with pytest.raises(InputError, match="leave the kind 'stain' away"):
        robustness(view, OTSU, kinds=["stain"], tell=silent)


def test_stained_images_are_sought_beyond_the_sample(
    real_data: Path,
) -> None:
    records = open_dataset(real_data / "dsb2018").split("test")
    tasks = _tasks(records, {"blur": [0.0], "stain": [0.0]}, 3)
    assert sum("blur" in kinds for _, kinds in tasks) == 3
    assert sum("stain" in kinds for _, kinds in tasks) == 3
    assert all("purple" in r.metadata["modality"] for r, kinds in tasks if "stain" in kinds)


def test_predictions_from_elsewhere_can_not_be_run_again(
    view: RunView, small_study: Callable[..., Path], tmp_path: Path
) -> None:
    study = small_study(models=f"{{theirs: {{predictions: {view.run.prediction_folder(OTSU)}}}}}")
    other = finished_run(study, tmp_path / "other")
    with pytest.raises(InputError, match="come from"):
        robustness(other, Member("theirs", 0), tell=silent)


def test_a_vote_is_taken_again_of_the_cells_its_parts_find(
    small_study: Callable[..., Path], tmp_path: Path
) -> None:
    study = small_study(
        models="{otsu_watershed: {}, smooth: {architecture: otsu_watershed, settings: "
        "{smoothing_px: 2}}, vote: {ensemble: [otsu_watershed, smooth], fuse: labels}}"
    )
    view = finished_run(study, tmp_path / "run")
    table = robustness(view, Member("vote", 0), kinds=["blur"], tell=silent)
    f1 = view.scores[
        (view.scores["metric"] == "f1")
        & (view.scores["threshold"] == 0.5)
        & (view.scores["model"] == "vote")
    ]
    clean = table[table["clean"]].set_index("image_id")["f1"]
    assert clean.to_dict() == pytest.approx(f1.set_index("image_id")["value"].to_dict())


def test_examples_are_the_clean_image_and_the_hardest_level_of_each_kind(view: RunView) -> None:
    job = RobustnessJob(run=view.run.root, kinds=("jpeg", "scale", "stain"))
    clean, jpeg, scale = degraded_examples(view, job)
    assert [s.image_id for s in (clean, jpeg, scale)] == ["clean", "JPEG 5", "Scale 2"]
    assert scale.image.shape[0] == 2 * clean.image.shape[0]
    assert (jpeg.image != clean.image).any()


def test_a_job_refuses_what_makes_no_sense() -> None:
    for wrong, message in (
        ({"kinds": ["fog"]}, "kinds"),
        ({"levels": {"jpeg": [0]}}, "from 1 to 100"),
        ({"kinds": ["blur"], "levels": {"jpeg": [50]}}, "not among kinds"),
        ({"n_images": 0}, "n_images"),
        ({"level": {}}, "level"),
    ):
        with pytest.raises(ValidationError, match=message):
            RobustnessJob(run="runs/demo", **wrong)


@pytest.mark.slow
def test_a_network_that_reads_again_what_it_read_finds_the_same(demo_run: Path) -> None:
    view = open_view(demo_run)
    member = find_member(view, "unet")
    table = robustness(view, member, kinds=["blur"], levels={"blur": [8]}, n_images=3, tell=silent)
    scores = view.scores[
        (view.scores["metric"] == "f1")
        & (view.scores["threshold"] == 0.5)
        & (view.scores["model"] == "unet")
    ].set_index("image_id")["value"]
    clean = table[table["clean"]].set_index("image_id")["f1"]
    assert clean.to_dict() == pytest.approx(scores.reindex(clean.index).to_dict(), abs=0.02)
    assert table.loc[~table["clean"], "f1"].mean() < clean.mean()
    assert np.isfinite(table["f1"]).all()
