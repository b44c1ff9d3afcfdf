"""Models of every kind in one study: trained, voted, averaged, shared, adopted, one per value."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from tests.conftest import run_workbench
from workbench.datasets import open_dataset, read_labels
from workbench.inference import (
    PredictionConfig,
    TrainedNetwork,
    load_network,
    read_card,
    segment_image,
)
from workbench.schema import InputError
from workbench.store import FileHashes, Run, join_tables, read_cells, read_scores
from workbench.studies import (
    EvaluateJob,
    PredictJob,
    StudyConfig,
    TrainJob,
    evaluate,
    open_view,
    plan_jobs,
    predict,
    read_study,
    settled,
    study_yaml,
    train,
    training_fingerprint,
    training_samples,
)
from workbench.studies._applied import read_applied
from workbench.studies._report_ceilings import ceilings_section
from workbench.studies._report_costs import cost_table, costs_section
from workbench.training import PLANNERS

UNET = (
    "architecture: unet, settings: {channels: [8, 16], residual_units: 1}, "
    "training: {epochs: 4, batch_size: 2, crop_px: 64, views_per_image: 4, validate_every: 2, "
    "learning_rate: 0.01}"
)
WINDOW = "prediction: {window_px: 64}"
SPLITS = ("train", "train", "train", "train", "val", "val", "test", "test", "test")


def run_stages(study_file: Path, *models: str) -> Run:
    """Train, predict and score in this process, without notebooks."""
    study = read_study(study_file)
    run = Run(study_file.parent / "run")
    for job in plan_jobs(study, run, open_dataset(study.dataset.path), FileHashes()):
        if models and (job.member is None or job.member.model not in models):
            continue
        places = {n: str(p) if isinstance(p, Path) else p for n, p in job.places.items()}
        values = {**job.parameters, **places, "output": job.output}
        if job.stage == "train":
            config = TrainJob.model_validate(values)
            train(config, training_samples(config), lambda _: None)
        elif job.stage == "predict":
            predict(PredictJob.model_validate(values), lambda _: None)
        elif job.stage == "evaluate":
            evaluate(EvaluateJob.model_validate(values), lambda _: None)
    return run


def finish(run: Run, study: StudyConfig) -> None:
    """Leave what a runner leaves beside the results: the study, and the tables of those scored."""
    folders = [f for member in study.members if (f := run.score_folder(member)).is_dir()]
    join_tables([folder / "images.parquet" for folder in folders], run.scores_file)
    join_tables([folder / "cells.parquet" for folder in folders], run.cells_file)
    run.study_file.write_text(study_yaml(study))


def with_column(root: Path, name: str, values: list[str]) -> None:
    manifest = root / "manifest.csv"
    lines = manifest.read_text().splitlines()
    joined = [f"{a},{b}" for a, b in zip(lines, [name, *values], strict=True)]
    manifest.write_text("\n".join(joined) + "\n")


@pytest.fixture
def two_unets(small_dataset: Callable[..., Path], small_study: Callable[..., Path]) -> Path:
    small_dataset(splits=SPLITS)
    return small_study(
        models=f"{{a: {{{UNET}, {WINDOW}}}, b: {{{UNET.replace('0.01', '0.02')}, {WINDOW}}}, "
        f"both: {{ensemble: [a, b], {WINDOW}, keep_maps: true}}, "
        "voted: {ensemble: [a, both, otsu_watershed], fuse: labels}, otsu_watershed: {}, "
        "official: {same_network_as: a, prediction: {window_px: 64, decoder: {kind: official}}}}"
    )


def test_an_ensemble_is_made_of_the_networks_and_votes_of_its_members(two_unets: Path) -> None:
    run = run_stages(two_unets)
    image = tifffile.imread(two_unets.parent / "discs" / "images" / "im6.tif")[..., np.newaxis]
    networks = [TrainedNetwork(*load_network(run.root / "models" / f"{m}-0")) for m in "ab"]
    expected = segment_image(
        image,
        networks=networks,
        description=networks[0].description,
        config=PredictionConfig(window_px=64),
        keep_maps=True,
    )
    both = run.root / "predictions" / "both-0"
    np.testing.assert_array_equal(read_labels(both / "im6.tif"), expected.labels)
    maps = tifffile.imread(both / "maps" / "im6.tif")
    assert maps.dtype == np.float16
    np.testing.assert_allclose(maps.transpose(1, 2, 0), expected.maps, atol=1e-3)

    confidences = pd.read_parquet(both / "confidences.parquet")
    of_image = confidences[confidences["image_id"] == "im6"]
    np.testing.assert_allclose(of_image["interior"], expected.confidences["interior"], atol=1e-6)
    cells = read_cells(run.root / "scores" / "both-0" / "cells.parquet")
    scored = cells[(cells["image_id"] == "im6") & (cells["side"] == "predicted")]
    np.testing.assert_allclose(scored["confidence"], of_image["interior"], atol=1e-6)

    votes = pd.read_parquet(run.root / "predictions" / "voted-0" / "confidences.parquet")
    assert set(votes["agreement"].round(4)) <= {0.6667, 1.0}
    images = pd.read_parquet(run.root / "predictions" / "voted-0" / "images.parquet")
    assert (images["seconds"] > 0).all()

    assert not (run.root / "models" / "official-0").exists(), "one network, trained twice"
    (official,) = read_applied(run.root / "predictions" / "official-0")
    assert (official.decoder["kind"], official.decoder_from) == ("official", "study")
    assert [n.model for n in read_applied(both)] == ["a-0", "b-0"]


def test_the_report_tells_what_models_cost_and_what_their_encodings_allow(two_unets: Path) -> None:
    run = run_stages(two_unets)
    finish(run, read_study(two_unets))
    view = open_view(run.root)

    table = cost_table(view).set_index("model")
    a, b, both, voted = (table.loc[f"{name}-0"] for name in ("a", "b", "both", "voted"))
    assert both["parameters"] == pytest.approx(a["parameters"] + b["parameters"])
    assert both["training_min"] == pytest.approx(a["training_min"] + b["training_min"])
    assert voted["training_min"] == pytest.approx(both["training_min"]), "a training counted twice"
    assert table.loc["official-0", "training_min"] == a["training_min"]
    assert math.isnan(table.loc["otsu_watershed-0", "parameters"])
    # 2 views a step, 4 views of each image in each of 4 epochs: 2 / 8 * 50 / 16.
    assert a["standardised_min"] == pytest.approx(a["training_min"] * 0.78125)
    costs = costs_section(view)
    assert [type(item).__name__ for item in costs.items] == ["ReportTable", "Figure", "Figure"]
    assert costs.items[0].rows()

    (ceilings,) = ceilings_section(view).items
    rows = ceilings.frame.set_index("Model")
    assert rows.index.tolist() == ["a-0", "b-0", "both-0", "official-0"]
    assert rows.loc["official-0", "Decoder"].startswith("official (interior_threshold 0.5")
    assert rows.loc["official-0", "Ceiling @ 0.9"] < rows.loc["a-0", "Ceiling @ 0.9"]
    assert rows.loc["a-0", "Chosen by"] == "validation images"


def test_a_planned_network_keeps_what_the_study_gives(
    small_dataset: Callable[..., Path], small_study: Callable[..., Path], tmp_path: Path
) -> None:
    small_dataset(splits=SPLITS)
    given = "settings: {deep_supervision: 1}, training: {batch_size: 5}"
    study = read_study(small_study(models=f"{{nnunet: {{{given}}}}}"))
    assert study.models["nnunet"].fixed == ("settings.deep_supervision", "training.batch_size")
    jobs = plan_jobs(study, Run(tmp_path), open_dataset(study.dataset.path), FileHashes())
    (job,) = (job for job in jobs if job.stage == "train")
    config = TrainJob.model_validate({**job.parameters, **job.places, "output": tmp_path})
    found = training_fingerprint(training_samples(config)[0])
    plan = PLANNERS["nnunet"](found)
    trained = settled(config, found)
    assert trained.settings == plan.settings | {"deep_supervision": 1}
    assert trained.training.batch_size == 5
    assert trained.training.crop_px == plan.training["crop_px"]


def test_a_ceiling_is_no_lower_than_what_its_network_scores(two_unets: Path) -> None:
    run = run_stages(two_unets, "a")
    folder = run.root / "scores" / "a-0"
    ceilings = pd.read_parquet(folder / "ceilings.parquet").set_index("threshold")["f1"]
    scores = read_scores(folder / "images.parquet")
    f1 = scores[scores["metric"] == "f1"].groupby("threshold")["value"].mean()
    assert (ceilings >= f1.reindex(ceilings.index)).all()
    assert ceilings[0.5] == 1


def test_a_card_tells_what_a_network_was_trained_on(two_unets: Path) -> None:
    run = run_stages(two_unets, "a")
    card = read_card(run.root / "models" / "a-0")
    assert card.data["name"] == "discs"
    assert card.data["n_images"] == {"train": 4, "validation": 2}
    assert card.data["n_cells"] == {"train": 64, "validation": 32}
    before = card.data["sha256"]
    path = two_unets.parent / "discs" / "images" / "im0.tif"
    tifffile.imwrite(path, tifffile.imread(path) // 2)
    again = run_stages(two_unets, "a")
    assert read_card(again.root / "models" / "a-0").data["sha256"] != before


def test_each_value_of_a_column_has_a_network_of_its_own(
    small_dataset: Callable[..., Path], small_study: Callable[..., Path]
) -> None:
    root = small_dataset(splits=SPLITS)
    with_column(root, "cell_type", ["A", "B", "A", "B", "A", "B", "A", "B", "C d"])
    study = small_study(models=f"{{typed: {{{UNET}, {WINDOW}, one_per: cell_type}}}}")
    run = run_stages(study)
    folder = run.root / "models" / "typed-0"
    assert json.loads((folder / "one_per.json").read_text())["folders"] == {"A": "A", "B": "B"}
    assert read_card(folder / "A").data["n_images"] == {"train": 2, "validation": 1}
    images = pd.read_parquet(run.root / "predictions" / "typed-0" / "images.parquet")
    assert images["n_cells"].tolist()[2] == -1
    assert "no network was trained for cell_type 'C d', only for A, B" in images["problem"][2]
    network = TrainedNetwork(*load_network(folder / "B"))
    expected = segment_image(
        tifffile.imread(root / "images" / "im7.tif")[..., np.newaxis],
        networks=[network],
        description=network.description,
        config=PredictionConfig(window_px=64),
    )
    found = read_labels(run.root / "predictions" / "typed-0" / "im7.tif")
    np.testing.assert_array_equal(found, expected.labels)


def test_a_value_without_validation_images_is_refused(
    small_dataset: Callable[..., Path], small_study: Callable[..., Path]
) -> None:
    root = small_dataset(splits=SPLITS)
    with_column(root, "cell_type", ["A", "B", "A", "B", "A", "A", "A", "B", "A"])
    study = small_study(models=f"{{typed: {{{UNET}, one_per: cell_type}}}}")
    with pytest.raises(InputError, match="cell_type B: no validation image has it"):
        run_stages(study)
    study = small_study(models=f"{{typed: {{{UNET}, one_per: celltype}}}}")
    with pytest.raises(InputError, match=r"has no 'celltype'; its metadata are: .*cell_type"):
        run_stages(study)


def test_every_image_validates_in_one_fold_and_groups_stay_together(
    small_dataset: Callable[..., Path], small_study: Callable[..., Path]
) -> None:
    root = small_dataset(splits=SPLITS)
    with_column(root, "group", ["p", "p", "q", "q", "r", "r", "", "", ""])
    study = read_study(small_study(models=f"{{crossed: {{{UNET}, folds: 3}}}}"))
    assert list(study.models) == ["crossed_fold0", "crossed_fold1", "crossed_fold2", "crossed"]
    assert study.models["crossed"].ensemble == tuple(study.models)[:3]
    jobs = plan_jobs(study, Run(root / "run"), open_dataset(root), FileHashes())
    held_out = []
    for job in (job for job in jobs if job.stage == "train"):
        values = {**job.parameters, **job.places, "output": root}
        training, validation = training_samples(TrainJob.model_validate(values))
        ids = [{sample.image_id for sample in part} for part in (training, validation)]
        assert not ids[0] & ids[1]
        assert {f"im{n}" for n in range(6)} == ids[0] | ids[1]
        assert len({sample.metadata["group"] for sample in validation}) == 1
        held_out += ids[1]
    assert sorted(held_out) == [f"im{n}" for n in range(6)]


def test_models_from_elsewhere_are_used_without_training(
    two_unets: Path, small_study: Callable[..., Path], tmp_path: Path
) -> None:
    run = run_stages(two_unets, "a")
    (run.root / "models" / "a-0").rename(tmp_path / "elsewhere")
    study = small_study(
        models=f"{{borrowed: {{checkpoint: elsewhere, {WINDOW}}}, "
        "outside: {predictions: discs/labels}, "
        f"mixed: {{ensemble: [borrowed], {WINDOW}}}}}"
    )
    before = (run.root / "predictions" / "a-0" / "im7.tif").read_bytes()
    run_stages(study)
    for model in ("borrowed-0", "mixed-0"):
        assert (run.root / "predictions" / model / "im7.tif").read_bytes() == before
    scores = read_scores(run.root / "scores" / "outside-0" / "images.parquet")
    assert (scores.loc[scores["metric"] == "f1", "value"] == 1).all()


def test_content_from_elsewhere_is_part_of_the_key(
    small_study: Callable[..., Path], tmp_path: Path
) -> None:
    study_file = small_study(models="{outside: {predictions: theirs}, otsu_watershed: {}}")
    with pytest.raises(InputError, match=r"models\.outside: .*theirs: no such folder"):
        keys(study_file)
    (tmp_path / "theirs").mkdir()
    np.save(tmp_path / "theirs" / "im2.npy", np.ones((96, 96), int))
    before = keys(study_file)
    np.save(tmp_path / "theirs" / "im2.npy", np.zeros((96, 96), int))
    after = keys(study_file)
    assert {name for name in before if before[name] != after[name]} == {
        "predict/outside-0", "evaluate/outside-0", "compare", "errors",
    }  # fmt: skip


OWN_NETWORK = """
from torch import nn

def build(*, in_channels, out_channels, width: int = 4):
    return nn.Sequential(
        nn.Conv2d(in_channels, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, out_channels, 1)
    )
"""


def test_a_network_of_ones_own_lies_beside_the_study(
    small_dataset: Callable[..., Path],
    small_study: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small_dataset(splits=SPLITS)
    (tmp_path / "mine.py").write_text(OWN_NETWORK)
    training = "epochs: 1, batch_size: 2, crop_px: 64, tune_decoder: false"
    study_file = small_study(
        models="{mine: {architecture: mine.py, settings: {width: 2}, encoding: flows, "
        f"training: {{{training}}}, prediction: {{window_px: 64, decoder: {{min_area_px: 5}}}}}}, "
        "both: {ensemble: [mine]}, otsu_watershed: {}}"
    )
    monkeypatch.chdir(tmp_path.anchor)
    run = run_stages(study_file, "mine")
    finish(run, read_study(study_file))
    description = read_card(run.root / "models" / "mine-0").description
    assert description.architecture == str(tmp_path / "mine.py")
    assert (run.root / "predictions" / "mine-0" / "im8.tif").is_file()
    assert read_study(run.study_file) == read_study(study_file)

    before = keys(study_file)
    (tmp_path / "mine.py").write_text(OWN_NETWORK + "# faster\n")
    after = keys(study_file)
    same = {name for name in before if before[name] == after[name]}
    assert same == {"explore", "predict/otsu_watershed-0", "evaluate/otsu_watershed-0"}

    (tmp_path / "mine.py").unlink()
    with pytest.raises(InputError, match=r"study\.yaml: models\.mine: .*mine\.py: no such file"):
        read_study(study_file)
    # Looking at results runs nobody's file.
    assert [member.model for member in open_view(run.root).members] == ["mine"]


def test_predictions_depend_on_a_network_of_ones_own_where_none_is_trained(
    small_study: Callable[..., Path], tmp_path: Path
) -> None:
    study_file = small_study("stages: [predict]", models="{mine: {architecture: mine.py}}")
    (tmp_path / "mine.py").write_text(OWN_NETWORK)
    before = keys(study_file)
    (tmp_path / "mine.py").write_text(OWN_NETWORK + "# faster\n")
    assert keys(study_file) != before


def keys(study_file: Path) -> dict[str, str]:
    study = read_study(study_file)
    jobs = plan_jobs(study, Run(Path("run")), open_dataset(study.dataset.path), FileHashes())
    return {job.name: job.key for job in jobs}


@pytest.mark.parametrize("key", ["one_per: sort", "fold: 0, stratify_by: sort"])
def test_a_column_that_training_images_lack_is_told_before_anything_starts(
    small_study: Callable[..., Path], key: str, tmp_path: Path
) -> None:
    study = small_study(models=f"{{typed: {{{UNET}, {key}}}}}")
    result = run_workbench("run", study, "--out", tmp_path / "run", "--dry-run", check=False)
    assert result.returncode == 1
    assert "'im0' has no 'sort'; its metadata are: modality. Add the column" in result.stderr
