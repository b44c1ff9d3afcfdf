"""A study of three methods without training: our runner against a plain loop over papermill.

Both execute the same notebooks with the same parameters in this one run; what counts is the ratio.
"""

import tempfile
import time
from pathlib import Path

import papermill
from page import markdown_table, write_section
from rich.console import Console

from workbench.store import Run
from workbench.studies import (
    NOTEBOOKS,
    make_run_folder,
    notebook_folder,
    plan_study,
    read_study,
    run_plan,
    show_progress,
)

STUDY = """
name: bench
dataset: {path: data, synthetic: {n_images: 24, size_px: 128}}
models:
  narrow: {architecture: otsu_watershed, settings: {min_distance_px: 3}}
  middle: {architecture: otsu_watershed}
  wide: {architecture: otsu_watershed, settings: {min_distance_px: 9}}
"""


def main() -> None:
    """Write both times and their ratio."""
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        (root / "study.yaml").write_text(STUDY, encoding="utf-8")
        study = read_study(root / "study.yaml")
        make_run_folder(Run(root / "ours"))
        plan = plan_study(study, root / "ours")
        started = time.perf_counter()
        with show_progress([job.name for job in plan.jobs], Console(quiet=True)) as listener:
            result = run_plan(plan, workers=2, listener=listener)
        ours = time.perf_counter() - started
        assert not result.failures
        assert len(result.executed) == len(plan.jobs)

        started = time.perf_counter()
        _plain_loop(plan.jobs, root)
        plain = time.perf_counter() - started

        started = time.perf_counter()
        again = run_plan(plan_study(study, root / "ours"), workers=2, listener=listener)
        nothing = time.perf_counter() - started
        assert not again.executed
    rows = [
        ["plain loop over papermill", f"{plain:.1f}", f"{plain / ours:.2f}"],
        ["our runner", f"{ours:.1f}", ""],
        ["our runner, all done before", f"{nothing:.1f}", ""],
    ]
    write_section(
        "A study",
        f"{len(plan.jobs)} notebooks of a study of three methods without training, two workers:\n\n"
        + markdown_table(["", "s", "times ours"], rows),
    )


def _plain_loop(jobs: tuple, root: Path) -> None:
    for job in jobs:
        places = {name: str(path).replace("ours", "plain") for name, path in job.places.items()}
        if job.stage in ("compare", "errors"):
            places["run"] = str(root / "ours")  # the loop has no step that joins the scores
        output = {"output": str(job.output).replace("ours", "plain")} if job.output else {}
        papermill.execute_notebook(
            notebook_folder() / NOTEBOOKS[job.stage],
            root / "plain.ipynb",
            parameters={**job.parameters, **places, **output},
            progress_bar=False,
        )


if __name__ == "__main__":
    main()
