"""How trainings are getting on, read from files that another process writes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.inference import ModelCard, ModelDescription, write_card
from workbench.schema import Member
from workbench.store import LedgerEntry, Run, append_entries, lock_run, write_text
from workbench.studies import TrainingProgress, training_files, training_progress
from workbench.training import HISTORY_COLUMNS

UNET = Member("unet", 0)


def history(n_epochs: int) -> pd.DataFrame:
    """Ten seconds an epoch, a validation every second one, each better than the last."""
    epochs = np.arange(1, n_epochs + 1)
    columns = {
        "epoch": epochs,
        "train_loss": 1 / epochs,
        "validation_loss": np.where(epochs % 2, np.nan, 1.1 / epochs),
        "validation_f1": np.where(epochs % 2, np.nan, epochs / 20),
        "validation_dice": epochs / 20,
        "learning_rate": 1e-3,
        "elapsed_s": epochs * 10.0,
    }
    return pd.DataFrame(columns).astype(HISTORY_COLUMNS)


def write_training(folder: Path, *, n_epochs: int, planned: int = 8) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    card = ModelCard(
        description=ModelDescription(architecture="unet"), training={"epochs": planned}
    )
    write_card(folder, card)
    history(n_epochs).to_csv(folder / "history.csv", index=False)


@pytest.fixture
def run(small_study: Callable[..., Path], tmp_path: Path) -> Run:
    """A run of a method without training and a network, before anything has begun."""
    run = Run(tmp_path / "run")
    write_text(run.study_file, small_study(models="[otsu_watershed, unet]").read_text())
    return run


def enter(run: Run, state: str, detail: str = "") -> None:
    append_entries(run.ledger_file, [LedgerEntry("train/unet-0", "abc", state, detail=detail)])


def told(run: Run) -> str:
    (progress,) = training_progress(run.root)
    assert progress.name == "unet-0"
    return progress.sentence


def test_before_it_begins_there_is_no_training_yet(run: Run) -> None:
    assert told(run) == "no training yet"
    enter(run, "pending")
    assert told(run) == "no training yet"


def test_a_running_training_is_read_where_it_writes(run: Run) -> None:
    enter(run, "running")
    with lock_run(run.root):
        assert told(run) == "running, its first epoch has not ended"
        write_training(run.staging / "train-unet-0-abc" / "output", n_epochs=5)
        assert told(run) == (
            "running, epoch 5 of 8, best validation F1 0.200 in epoch 4, at most 30 s left"
        )


def test_a_training_whose_process_is_gone_is_not_called_running(run: Run) -> None:
    enter(run, "running")
    assert told(run).startswith("stopped before its end; `workbench run` goes on from there")


def test_a_failure_says_why_and_keeps_its_curves(run: Run) -> None:
    write_training(run.staging / "train-unet-0-abc" / "output", n_epochs=3)
    enter(run, "failed", "InputError: the loss stays not finite")
    assert told(run).startswith("failed: InputError: the loss stays not finite, epoch 3 of 8")
    assert len(training_progress(run.root)[0].history) == 3


def test_a_blocked_training_names_what_failed(run: Run) -> None:
    enter(run, "blocked", "explore")
    assert told(run) == "not trained, since explore failed"


def test_a_finished_training_is_read_in_its_place(run: Run) -> None:
    enter(run, "done")
    write_training(run.model_folder(UNET), n_epochs=8)
    (progress,) = training_progress(run.root)
    assert (progress.state, progress.best) == ("done", (8, pytest.approx(0.4)))
    assert np.isnan(progress.left_s)


def test_a_training_by_hand_is_followed_without_a_run(tmp_path: Path) -> None:
    folder = tmp_path / "unet-3"
    (progress,) = training_progress(folder)
    assert (progress.name, progress.sentence) == ("unet-3", "no training yet")
    write_training(folder, n_epochs=1)
    assert training_progress(folder)[0].sentence == "running, epoch 1 of 8, at most 70 s left"
    (folder / "best.safetensors").touch()
    assert training_progress(folder)[0].state == "done"


def test_nothing_is_new_until_a_file_changes(run: Run) -> None:
    enter(run, "running")
    seen = training_files(run.root)
    assert training_files(run.root) == seen
    write_training(run.staging / "train-unet-0-abc" / "output", n_epochs=1)
    later = training_files(run.root)
    assert later != seen
    write_training(run.staging / "train-unet-0-abc" / "output", n_epochs=2)
    assert training_files(run.root) != later


def test_without_a_known_end_no_time_is_promised() -> None:
    progress = TrainingProgress("unet-0", "running", history(3))
    assert progress.sentence == "running, epoch 3, best validation F1 0.100 in epoch 2"
