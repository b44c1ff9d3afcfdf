"""Studies to jobs, and what their keys depend on."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from tests.conftest import run_workbench
from workbench.datasets import open_dataset
from workbench.schema import InputError
from workbench.store import FileHashes, Run
from workbench.studies import plan_jobs, read_study

MODELS = "{otsu_watershed: {}, unet: {}, wide: {architecture: unet}}"


def keys(study: Path, *overrides: str, run: Path | None = None) -> dict[str, str]:
    config = read_study(study, overrides)
    dataset = open_dataset(config.dataset.path)
    jobs = plan_jobs(config, Run(run or study.parent / "run"), dataset, FileHashes())
    return {job.name: job.key for job in jobs}


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in before if before[name] != after.get(name)}


def of_unet() -> set[str]:
    return {"train/unet-0", "predict/unet-0", "evaluate/unet-0", "compare", "errors"}


def test_jobs_come_after_those_they_need(small_study: Callable[..., Path]) -> None:
    config = read_study(small_study(models=MODELS))
    jobs = plan_jobs(config, Run(Path("run")), open_dataset(config.dataset.path), FileHashes())
    seen: set[str] = set()
    for job in jobs:
        assert seen.issuperset(job.needs)
        seen.add(job.name)
    assert len(jobs) == 1 + 2 + 3 + 3 + 2
    assert next(job for job in jobs if job.name == "compare").needs == (
        "evaluate/otsu_watershed-0", "evaluate/unet-0", "evaluate/wide-0",
    )  # fmt: skip


def test_a_method_without_training_runs_once_whatever_the_seeds(
    small_study: Callable[..., Path],
) -> None:
    names = keys(small_study("seeds: [0, 1, 2]", models=MODELS))
    assert sum("otsu" in name for name in names) == 2
    assert sum("unet" in name for name in names) == 9


def test_equal_studies_have_equal_keys_wherever_they_lie(
    small_study: Callable[..., Path], tmp_path: Path
) -> None:
    study = small_study(models=MODELS)
    before = keys(study)
    moved = (tmp_path / "discs").rename(tmp_path / "elsewhere")
    assert keys(study, f"dataset.path={moved}", run=tmp_path / "other") == before


def test_keys_are_the_same_in_every_process(
    small_study: Callable[..., Path], tmp_path: Path
) -> None:
    study = small_study()
    manifest = tmp_path / "discs" / "manifest.csv"
    lines = manifest.read_text().splitlines()
    columns = [",stain,lens,plate,operator", *[",dapi,20x,p1,ab"] * (len(lines) - 1)]
    manifest.write_text("\n".join(a + b for a, b in zip(lines, columns, strict=True)) + "\n")
    shown = {
        run_workbench("run", study, "--dry-run", "--out", tmp_path / "run", hash_seed=seed).stdout
        for seed in ("1", "2", "3")
    }
    assert len(shown) == 1, "what runs would depend on the order of a set"


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("models.unet.training.epochs=7", of_unet()),
        ("models.unet.settings={residual_units: 1}", of_unet()),
        ("models.unet.prediction.overlap=0.5", of_unet() - {"train/unet-0"}),
        (
            "iou_thresholds=[0.5]",
            {
                "evaluate/otsu_watershed-0",
                "evaluate/unet-0",
                "evaluate/wide-0",
                "compare",
                "errors",
            },
        ),
    ],
)
def test_a_changed_parameter_changes_what_depends_on_it_alone(
    small_study: Callable[..., Path], override: str, expected: set[str]
) -> None:
    study = small_study(models=MODELS)
    assert changed(keys(study), keys(study, override)) == expected


def test_a_changed_test_label_changes_scores_but_no_training(
    small_study: Callable[..., Path], tmp_path: Path
) -> None:
    study = small_study(models=MODELS)
    before = keys(study)
    tifffile.imwrite(tmp_path / "discs" / "labels" / "im2.tif", np.ones((96, 96), np.uint16))
    assert changed(before, keys(study)) == {
        "explore", "evaluate/otsu_watershed-0", "evaluate/unet-0", "evaluate/wide-0", "compare",
        "errors",
    }  # fmt: skip


def test_a_changed_training_image_changes_no_prediction_without_training(
    small_study: Callable[..., Path], tmp_path: Path
) -> None:
    study = small_study(models=MODELS)
    before = keys(study)
    tifffile.imwrite(tmp_path / "discs" / "images" / "im0.tif", np.ones((96, 96), np.uint8))
    unchanged = set(before) - changed(before, keys(study))
    assert unchanged == {"predict/otsu_watershed-0", "evaluate/otsu_watershed-0"}


def test_only_the_chosen_stages_are_planned(small_study: Callable[..., Path]) -> None:
    names = keys(small_study("stages: [predict, evaluate]"))
    assert set(names) == {"predict/otsu_watershed-0", "evaluate/otsu_watershed-0"}


def test_a_split_that_a_stage_needs_is_missed_before_anything_starts(
    small_study: Callable[..., Path], tmp_path: Path
) -> None:
    study = small_study(models=MODELS)
    manifest = tmp_path / "discs" / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("val", "train"))
    with pytest.raises(InputError, match="no images in split 'val', only test"):
        keys(study)


def test_test_images_without_labels_are_refused_before_anything_starts(
    small_study: Callable[..., Path], tmp_path: Path
) -> None:
    study = small_study()
    manifest = tmp_path / "discs" / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("labels/im3.tif", ""))
    with pytest.raises(InputError, match="image 'im3' has no labels to score against"):
        keys(study)
