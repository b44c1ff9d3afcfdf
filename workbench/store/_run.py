"""The run folder: what lies where."""

from dataclasses import dataclass
from pathlib import Path

from workbench.schema import InputError, Member


@dataclass(frozen=True)
class Run:
    """Paths of a run folder; nothing is read or made by naming one.

    Examples
    --------
    >>> Run(Path("runs/demo")).prediction_file(Member("unet", 0), "cell_1").as_posix()
    'runs/demo/predictions/unet-0/cell_1.tif'
    """

    root: Path

    @property
    def study_file(self) -> Path:
        """The study as run."""
        return self.root / "study.yaml"

    @property
    def provenance_file(self) -> Path:
        """Versions, commit, machine and hashes of data and code."""
        return self.root / "provenance.json"

    @property
    def ledger_file(self) -> Path:
        """State of every job."""
        return self.root / "ledger.jsonl"

    @property
    def notebooks(self) -> Path:
        """Executed notebooks."""
        return self.root / "notebooks"

    @property
    def report(self) -> Path:
        """Folder of the report."""
        return self.root / "report"

    @property
    def explore_cache(self) -> Path:
        """Thumbnails of the data set."""
        return self.root / ".explore"

    @property
    def signatures_file(self) -> Path:
        """What the images of the data set are recognised by, kept so that they are read once."""
        return self.root / ".signatures.parquet"

    @property
    def staging(self) -> Path:
        """Where jobs write until they are done."""
        return self.root / ".staging"

    @property
    def superseded(self) -> Path:
        """Results of earlier parameters, taken back when the parameters return."""
        return self.root / ".superseded"

    @property
    def scores_file(self) -> Path:
        """Scores of every image and member."""
        return self.root / "scores" / "images.parquet"

    @property
    def cells_file(self) -> Path:
        """Cells of every image and member."""
        return self.root / "scores" / "cells.parquet"

    @property
    def errors_file(self) -> Path:
        """Errors of every image and member by type."""
        return self.root / "scores" / "errors.parquet"

    @property
    def pixel_errors_file(self) -> Path:
        """Wrong pixels of every image and member by kind."""
        return self.root / "scores" / "pixel_errors.parquet"

    @property
    def features_file(self) -> Path:
        """What is measured of every cell."""
        return self.root / "scores" / "features.parquet"

    def model_folder(self, member: Member) -> Path:
        """Checkpoints, description and history of one member."""
        return self.root / "models" / member.name

    def prediction_folder(self, member: Member) -> Path:
        """Label images that one member predicted."""
        return self.root / "predictions" / member.name

    def prediction_file(self, member: Member, image_id: str) -> Path:
        """Label image that one member predicted for one image."""
        return self.prediction_folder(member) / f"{image_id}.tif"

    def score_folder(self, member: Member) -> Path:
        """Scores and cells of one member, before they are joined."""
        return self.root / "scores" / member.name


def open_run(folder: Path) -> Run:
    """Return the run in an existing folder.

    Raises
    ------
    InputError
        If the folder is missing or holds no run.
    """
    run = Run(folder)
    if not run.study_file.is_file():
        what = "holds no run (no study.yaml)" if folder.is_dir() else "no such folder"
        msg = f"{folder}: {what}; give the folder that `workbench run` named at its end."
        raise InputError(msg)
    return run
