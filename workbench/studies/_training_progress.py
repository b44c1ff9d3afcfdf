"""How the trainings of a run are getting on, read from its files while another process trains."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import pandas as pd

from workbench.inference import CARD_FILE, WEIGHTS_FILE, read_card
from workbench.schema import InputError, Member
from workbench.store import LedgerEntry, Run, is_locked, latest_entries
from workbench.studies._config import read_run_study
from workbench.studies._networks import open_model_folder
from workbench.training import read_history

TrainingState = Literal["waiting", "running", "stopped", "failed", "blocked", "done"]
SECONDS_PER_MINUTE: Final = 60
MINUTES_PER_HOUR: Final = 60


@dataclass(frozen=True, eq=False)
class TrainingProgress:
    """How the training of one network is getting on.

    Attributes
    ----------
    name
        Of the member, and what the network is for where a member has several.
    state
        "stopped" is what a training is whose process was ended from outside.
    detail
        Why it failed, or what it was blocked by; "" otherwise.
    history
        Columns :data:`workbench.training.HISTORY_COLUMNS`, a row per finished epoch.
    n_epochs
        How many there are to be at most; None where nobody has said yet.
    member
        Whose network it is.
    folder
        Where its training writes.
    """

    name: str
    state: TrainingState
    history: pd.DataFrame
    detail: str = ""
    n_epochs: int | None = None
    member: str = ""
    folder: Path | None = None

    @property
    def best(self) -> tuple[int, float] | None:
        """Epoch and value of the highest validation F1; None before the first validation."""
        validated = self.history.dropna(subset="validation_f1")
        if not len(validated):
            return None
        row = validated.loc[validated["validation_f1"].idxmax()]
        return int(row["epoch"]), float(row["validation_f1"])

    @property
    def left_s(self) -> float:
        """Seconds left if every epoch to come takes as long as those that were, on average.

        At most, for a training that does not get better ends early. NaN where nothing is going on
        or known.
        """
        if self.state != "running" or self.n_epochs is None or not len(self.history):
            return float("nan")
        last = self.history.iloc[-1]
        per_epoch = float(last["elapsed_s"]) / float(last["epoch"])
        return per_epoch * max(0.0, self.n_epochs - float(last["epoch"]))

    @property
    def sentence(self) -> str:
        """The state in words, with the best score so far and the time left."""
        epochs = "" if not len(self.history) else f"epoch {int(self.history['epoch'].iloc[-1])}"
        if epochs and self.n_epochs is not None:
            epochs += f" of {self.n_epochs}"
        said = {
            "waiting": "waiting to go on" if epochs else "no training yet",
            "running": "running" if epochs else "running, its first epoch has not ended",
            "stopped": "stopped before its end; `workbench run` goes on from there",
            "failed": f"failed: {self.detail or 'no reason was written down'}",
            "blocked": f"not trained, since {self.detail} failed",
            "done": "done",
        }[self.state]
        parts = [said, epochs]
        if self.best is not None:
            parts.append(f"best validation F1 {self.best[1]:.3f} in epoch {self.best[0]}")
        if np.isfinite(self.left_s):
            parts.append(f"at most {duration_text(self.left_s)} left")
        return ", ".join(part for part in parts if part)


def training_progress(folder: Path) -> tuple[TrainingProgress, ...]:
    """Read how the trainings in a folder are getting on.

    Parameters
    ----------
    folder
        Of a run, whose trainings are those of its study; or the one that a training writes to,
        such as ``runs/by_hand/models/unet-0``, which need not be there yet.

    Returns
    -------
    tuple of TrainingProgress
        One per network, none for a study without training.

    Raises
    ------
    InputError
        If the study of a run can't be read.
    """
    run = Run(folder)
    if not run.study_file.is_file():
        return tuple(_of_folder(folder, folder.name, _state_alone(folder), ""))
    study = read_run_study(run.study_file)
    ledger = latest_entries(run.ledger_file)
    found: list[TrainingProgress] = []
    for member in study.members:
        if study.models[member.model].is_trained_here:
            entry = ledger.get(f"train/{member.name}")
            detail = entry.detail if entry else ""
            place = _folder_of(run, member, entry)
            found += _of_folder(place, member.name, _state(run, entry), detail)
    return tuple(found)


def training_files(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Return name, time of change and size of the files that tell how trainings are getting on.

    They are equal as long as there is nothing new to read.
    """
    run = Run(folder)
    places = [run.ledger_file, folder / "history.csv", folder / WEIGHTS_FILE]
    places += folder.glob("models/*/history.csv")
    places += folder.glob("*/history.csv")
    places += run.staging.glob("train-*/output/**/history.csv")
    told = []
    for path in sorted(set(places)):
        try:
            about = path.stat()
        except OSError:
            continue  # not there yet, or moved this moment
        told.append((str(path), about.st_mtime_ns, about.st_size))
    return tuple(told)


def duration_text(seconds: float) -> str:
    """Return a duration as people say it.

    Examples
    --------
    >>> duration_text(40), duration_text(200), duration_text(7300)
    ('40 s', '3 min', '2 h 2 min')
    """
    minutes = round(seconds / SECONDS_PER_MINUTE)
    if seconds < 1.5 * SECONDS_PER_MINUTE:
        return f"{seconds:.0f} s"
    if minutes < MINUTES_PER_HOUR:
        return f"{minutes} min"
    return f"{minutes // MINUTES_PER_HOUR} h {minutes % MINUTES_PER_HOUR} min"


def _state(run: Run, entry: LedgerEntry | None) -> TrainingState:
    if entry is None or entry.state == "pending":
        return "waiting"
    if entry.state == "running" and not is_locked(run.root):
        return "stopped"
    return entry.state


def _state_alone(folder: Path) -> TrainingState:
    """Return the state of a training that no ledger tells about."""
    if (folder / WEIGHTS_FILE).is_file():
        return "done"
    return "running" if (folder / CARD_FILE).is_file() else "waiting"


def _folder_of(run: Run, member: Member, entry: LedgerEntry | None) -> Path:
    """Return where a training writes: beside the run's results until it is done."""
    if entry is not None and entry.state != "done":
        staged = run.staging / f"train-{member.name}-{entry.key}" / "output"
        if staged.is_dir():
            return staged
    return run.model_folder(member)


def _of_folder(
    folder: Path, name: str, state: TrainingState, detail: str
) -> list[TrainingProgress]:
    return [
        TrainingProgress(
            f"{name}, {value}" if value else name,
            state,
            read_history(place),
            detail=detail,
            n_epochs=_n_epochs(place),
            member=name,
            folder=place,
        )
        for value, place in open_model_folder(folder).folders.items()
    ]


def _n_epochs(folder: Path) -> int | None:
    try:
        told = read_card(folder).training.get("epochs")
    except InputError:
        return None  # a training writes its card when it begins
    return int(told) if told is not None else None
