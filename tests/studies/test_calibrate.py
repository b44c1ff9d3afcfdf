"""The stage calibrate: on which images, of which models, and what it leaves in the run."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from workbench.datasets import open_dataset
from workbench.inference import ModelCard, ModelDescription, write_card, write_weights
from workbench.report import ReportTable
from workbench.schema import InputError
from workbench.store import FileHashes, Run, write_table
from workbench.studies import (
    CalibrateJob,
    Calibration,
    EvaluateJob,
    PredictJob,
    RunView,
    bin_table,
    calibrate,
    calibration_folder,
    calibration_overview,
    cell_confidences,
    evaluate,
    f1_overview,
    images_of_bins,
    images_of_cell_bins,
    plan_jobs,
    predict,
    read_calibration,
    read_study,
    reliability_series,
    temperature_text,
)
from workbench.studies._report_calibration import calibration_sections

SETTINGS = {"channels": [8, 16], "residual_units": 1}
TOO_SURE = 40.0


def write_network(folder: Path, *, encoding: str = "three_class") -> Path:
    """Write a network with random weights and logits so large that it is always too sure."""
    description = ModelDescription(architecture="unet", settings=SETTINGS, encoding=encoding)
    torch.manual_seed(0)
    network = description.build()
    weights = [p for p in network.parameters() if p.ndim > 1]
    with torch.no_grad():
        weights[-1].mul_(TOO_SURE)
    folder.mkdir(parents=True)
    write_card(folder, ModelCard(description=description))
    write_weights(folder / "best.safetensors", network)
    return folder


@pytest.fixture
def job(small_dataset: Callable[..., Path], tmp_path: Path) -> CalibrateJob:
    """A network on the discs, its predictions scored."""
    data = small_dataset()
    places = {"dataset": data, "model": "unet"}
    network = write_network(tmp_path / "unet")
    quiet: Callable[[str], None] = lambda _: None  # noqa: E731
    predict(PredictJob(**places, networks=(network,), output=tmp_path / "predicted"), quiet)
    scores = EvaluateJob(**places, predictions=tmp_path / "predicted", output=tmp_path / "scores")
    evaluate(scores, quiet)
    return CalibrateJob(
        **places,
        networks=(network,),
        predictions=tmp_path / "predicted",
        scores=tmp_path / "scores",
        output=tmp_path / "calibration",
    )


def quietly(job: CalibrateJob, **changed: object) -> Calibration:
    return calibrate(job.model_copy(update=changed), lambda _: None)


def test_a_network_that_is_too_sure_gets_a_temperature_above_one(job: CalibrateJob) -> None:
    found = quietly(job)
    assert found.temperature > 1.5
    assert found.nll_after < found.nll_before
    assert (found.n_images, found.n_pixels) == (1, 96 * 96)
    means = found.measures.set_index(["variant", "region", "measure"])["value"]
    assert means["after", "all", "nll"] < means["before", "all", "nll"]
    assert means["after", "all", "ece"] < means["before", "all", "ece"]
    # The most probable class stays.
    assert means["after", "all", "accuracy"] == pytest.approx(means["before", "all", "accuracy"])


def test_before_temperature_f1_is_that_of_the_scores(job: CalibrateJob) -> None:
    found = quietly(job)
    scores = pd.read_parquet(job.scores / "images.parquet")
    stored = scores[scores["metric"] == "f1"].set_index(["image_id", "threshold"])["value"]
    before = found.f1[found.f1["variant"] == "before"].set_index(["image_id", "threshold"])["f1"]
    assert before.to_dict() == pytest.approx(stored.to_dict(), nan_ok=True)


def test_test_images_choose_no_temperature(job: CalibrateJob) -> None:
    """Labels of test images are changed, and the temperature is the same to the last digit."""
    import tifffile

    before = quietly(job)
    for place in (2, 3, 4):
        tifffile.imwrite(job.dataset / "labels" / f"im{place}.tif", np.ones((96, 96), np.uint16))
    after = quietly(job)
    assert after.temperature == before.temperature
    assert not after.measures.equals(before.measures)
    with pytest.raises(InputError, match="split of other images"):
        quietly(job, validation_split="test")


def test_what_was_measured_is_read_back_as_it_was(job: CalibrateJob) -> None:
    found = quietly(job)
    back = read_calibration(job.output)
    assert back is not None
    assert (back.temperature, back.problems, back.note) == (found.temperature, (), "")
    for name in ("images", "f1", "measures", "reliability"):
        pd.testing.assert_frame_equal(getattr(back, name), getattr(found, name))
    assert back.bins["count"].sum() == found.bins["count"].sum()
    assert read_calibration(job.output / "elsewhere") is None
    (job.output / "bins.parquet").unlink()
    with pytest.raises(InputError, match="run it again"):
        read_calibration(job.output)


def test_every_pixel_of_every_region_is_counted_for_each_target(job: CalibrateJob) -> None:
    found = quietly(job)
    keys = ["variant", "region", "image_id"]
    counted = found.bins.groupby([*keys, "target"], observed=True)["count"].sum()
    pixels = found.images.set_index(keys)["n_pixels"].sort_index()
    for (*image, _), count in counted.items():
        assert count == pixels[tuple(image)]
    assert set(found.bins["target"]) == {"top", "background", "interior", "boundary"}
    assert (pixels["before", "all"] == 96 * 96).all()
    assert (pixels["before", "band"] < pixels["before", "cells"]).all()


def test_an_image_that_cannot_be_read_is_listed_and_left_out(job: CalibrateJob) -> None:
    (job.dataset / "images" / "im3.tif").write_bytes(b"no image")
    found = quietly(job)
    assert [problem.split(":")[0] for problem in found.problems] == ["im3"]
    assert set(found.images["image_id"]) == {"im2", "im4"}
    assert "1 images could not be used" in temperature_text(found)


def test_a_model_without_networks_says_why_and_keeps_its_cells(job: CalibrateJob) -> None:
    found = quietly(job, networks=())
    assert "gives no probabilities of pixels" in found.note
    assert temperature_text(found) == found.note
    assert np.isnan(found.temperature)
    assert found.bins.empty
    assert calibration_overview(found).empty
    assert f1_overview(found).empty
    assert bin_table(reliability_series(found), of="Pixels", caption="").rows() == []
    back = read_calibration(job.output)
    assert back is not None
    assert back.note == found.note
    assert len(cell_confidences(job).measures) == 2


def test_star_convex_shapes_have_no_class_probabilities(job: CalibrateJob, tmp_path: Path) -> None:
    network = write_network(tmp_path / "star", encoding="star_convex")
    found = quietly(job, networks=(network,))
    assert "star_convex maps, which hold no class probabilities" in found.note


def test_an_ensemble_is_tempered_as_an_average(job: CalibrateJob) -> None:
    alone = quietly(job)
    twice = quietly(job, networks=job.networks * 2)
    assert twice.temperature == pytest.approx(alone.temperature, rel=1e-3)


def test_a_bin_leads_to_its_images(job: CalibrateJob) -> None:
    found = quietly(job)
    series = reliability_series(found, "cells")
    before = series[series["variant"] == "before"]
    table = bin_table(before, of="Pixels", caption="")
    queries = [row[table.header().index("Pixels")] for row in table.row_queries()]
    listed = [images_of_bins(found, region="cells")(query) for query in queries if query]
    counts = before.loc[before["n"] > 0].sort_values("low")["n"]
    assert [images["Pixels"].sum() for images in listed] == counts.tolist()
    with pytest.raises(InputError, match="only all, cells, band"):
        reliability_series(found, "rim")


def test_a_bin_of_cells_leads_to_their_numbers(job: CalibrateJob) -> None:
    cells = cell_confidences(job).cells
    predicted = cells[(cells["side"] == "predicted") & cells["confidence"].notna()]
    bins = bin_table(
        pd.DataFrame(
            {"low": [0.0], "high": [1.0], "n": [len(predicted)], "n_images": [3]}
            | {"confidence": [0.5], "accuracy": [0.5], "gap": [0.0], "ci_low": [0.4]}
            | {"ci_high": [0.6]}
        ),
        of="Cells",
        caption="",
    )
    (query,) = bins.bins
    listed = images_of_cell_bins(cells)(query)
    assert listed["Cells"].sum() == len(predicted)
    assert listed["False"].sum() == predicted["matched_iou"].isna().sum()


def view_of(job: CalibrateJob, run: Path) -> RunView:
    """Return the scores of the network, and below a method that says of nothing how sure it is."""
    scores = pd.read_parquet(job.scores / "images.parquet")
    cells = pd.read_parquet(job.scores / "cells.parquet")
    other = {"model": "otsu_watershed"}
    study = run / "study.yaml"
    run.mkdir(exist_ok=True)
    study.write_text(f"name: discs\ndataset: {job.dataset}\nmodels: [unet, otsu_watershed]\n")
    both = pd.concat([cells, cells.assign(**other, confidence=np.nan)], ignore_index=True)
    write_table(Run(run).cells_file, both)
    return RunView(
        run=Run(run),
        study=read_study(study),
        dataset=open_dataset(job.dataset),
        scores=pd.concat([scores, scores.assign(**other)], ignore_index=True),
    )


def test_the_report_measures_cells_always_and_pixels_where_the_stage_ran(
    job: CalibrateJob, tmp_path: Path
) -> None:
    view = view_of(job, tmp_path / "run")
    (cells,) = calibration_sections(view)
    assert cells.title == "Calibration"
    (table,) = (i.frame.set_index("Model") for i in cells.items if isinstance(i, ReportTable))
    assert table.loc["otsu_watershed-0", "Notice"] == "no confidences"
    quietly(job, output=calibration_folder(view.run, job.member))
    _, pixels = calibration_sections(view)
    before_after, bins = (item for item in pixels.items if isinstance(item, ReportTable))
    assert before_after.frame["Pixels"].tolist() == [
        "all pixels", "cells and boundary band", "boundary band",
    ]  # fmt: skip
    assert "Temperature" in pixels.items[1].caption
    for query in bins.queries["n"]:
        assert query is not None
        assert query.models == ("unet",)
        assert set(query.images or ()) <= {"im2", "im3", "im4"}


def test_the_report_says_nothing_where_no_model_is_sure(job: CalibrateJob, tmp_path: Path) -> None:
    view = view_of(job, tmp_path / "run")
    write_table(view.run.cells_file, view.cells.assign(confidence=np.nan))
    assert calibration_sections(replace(view)) == []


MODELS = "{otsu_watershed: {}, unet: {}, both: {ensemble: [unet, otsu_watershed], fuse: labels}}"
STAGES = "stages: [train, predict, evaluate, calibrate]"


def planned(study: Path, *overrides: str) -> dict[str, tuple[str, ...]]:
    config = read_study(study, overrides)
    run = Run(study.parent / "run")
    jobs = plan_jobs(config, run, open_dataset(config.dataset.path), FileHashes())
    return {job.name: job.needs for job in jobs}


def test_only_models_that_apply_networks_are_calibrated_when_asked(
    small_study: Callable[..., Path],
) -> None:
    study = small_study(STAGES, models=MODELS)
    jobs = planned(study)
    assert [name for name in jobs if "calibrate" in name] == ["calibrate/unet-0"]
    assert jobs["calibrate/unet-0"] == ("evaluate/unet-0", "train/unet-0")
    assert not [name for name in planned(small_study(models=MODELS)) if "calibrate" in name]


def test_a_study_without_validation_images_is_refused(
    small_study: Callable[..., Path], small_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    small_dataset(splits=("test", "test"))
    folder = write_network(tmp_path / "trained")
    study = small_study(
        "stages: [predict, evaluate, calibrate]", models=f"{{unet: {{checkpoint: {folder}}}}}"
    )
    with pytest.raises(InputError, match=r"stage calibrate: .*never on those that are scored"):
        planned(study)


def test_the_file_of_a_calibration_is_plain_json(job: CalibrateJob) -> None:
    quietly(job, networks=())
    summary = json.loads((job.output / "calibration.json").read_text())
    assert summary["temperature"] is None
    assert (summary["model"], summary["split"]) == ("unet", "test")
