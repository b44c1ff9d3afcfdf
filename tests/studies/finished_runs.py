"""Runs made in this process: methods without training only, in a second."""

import shutil
from pathlib import Path

from workbench.store import Run, join_tables
from workbench.studies import (
    EvaluateJob,
    PredictJob,
    RunView,
    draft_jobs,
    evaluate,
    open_view,
    predict,
    read_study,
    study_yaml,
)


def finished_run(study_file: Path, folder: Path) -> RunView:
    """Predict and score all members of a study, and open what came out."""
    study, run = read_study(study_file), Run(folder)
    folder.mkdir(parents=True)
    run.study_file.write_text(study_yaml(study))
    for job in draft_jobs(study, run):
        if job.stage == "predict":
            predict(PredictJob(**job.parameters, **job.places, output=job.output), tell=_silent)
    return scored_again(folder)


def scored_again(folder: Path) -> RunView:
    """Score the predictions of a run as they are now."""
    run = Run(folder)
    study = read_study(run.study_file)
    jobs = [job for job in draft_jobs(study, run) if job.stage == "evaluate"]
    for job in jobs:
        shutil.rmtree(job.output, ignore_errors=True)
        evaluate(EvaluateJob(**job.parameters, **job.places, output=job.output), tell=_silent)
    for name in ("images", "cells", "errors", "pixel_errors"):
        parts = [job.output / f"{name}.parquet" for job in jobs]
        join_tables(parts, run.root / "scores" / f"{name}.parquet")
    return open_view(folder)


def _silent(text: str) -> None:
    pass
