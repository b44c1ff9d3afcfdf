"""A study from its file's values to a report, with its progress shown in the terminal."""

from pathlib import Path

from workbench.store import Run, lock_run
from workbench.studies._config import StudyConfig
from workbench.studies._progress import show_progress
from workbench.studies._report import update_report
from workbench.studies._runner import RunResult, make_run_folder, plan_study, run_plan
from workbench.studies._split import refuse_tested_copies
from workbench.studies._terminal import terminal


def run_study(
    study: StudyConfig, folder: Path, *, workers: int, scheduler: str | None = None
) -> RunResult:
    """Plan a study, execute what is not done yet, and bring the report up to date.

    Parameters
    ----------
    study
        From :func:`read_study`.
    folder
        Run folder; made if needed, and held against other runners meanwhile.
    workers
        Jobs side by side on this machine.
    scheduler
        Address of a running Dask scheduler to use instead.

    Returns
    -------
    RunResult
        What was executed, and what failed; a failing job raises nothing here.

    Raises
    ------
    InputError
        If the folder can't be written or is in use, the data set or a parameter can't be used, or
        the scheduler does not answer; or if a test image, or a near-duplicate of one, is also among
        those that models are to be trained on.
    """
    console = terminal()
    make_run_folder(Run(folder))
    with lock_run(folder):
        if study.dataset.synthetic and not study.dataset.path.exists():
            console.print(f"Making the data set {study.dataset.path} ...", soft_wrap=True)
        plan = plan_study(study, folder)
        if any(job.stage == "train" and job.name not in plan.done for job in plan.jobs):
            for note in refuse_tested_copies(study.dataset, cache=Run(folder).signatures_file):
                console.print(note, soft_wrap=True)
        with show_progress([job.name for job in plan.jobs], console) as listener:
            result = run_plan(plan, workers=workers, scheduler=scheduler, listener=listener)
        update_report(folder)
    return result
