"""Steps that are not finite, running means of weights, loading processes, two devices."""

import math
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import REPOSITORY
from tests.training.test_training import (
    QUICK,
    UNET,
    KilledError,
    fit,
    samples,
    stop_after,
    weights,
)
from workbench.inference import ENCODINGS, load_network, read_card
from workbench.schema import InputError, Sample
from workbench.training import TrainingConfig, read_history, train_network
from workbench.training import _module as module
from workbench.training._data import EpochSampler

__all__ = ["samples"]  # a fixture

# AdamW would make steps out of the rounding errors of weights that have no gradient.
EXACT = QUICK.model_copy(update={"precision": "fp32", "optimizer": "sgd", "learning_rate": 0.01})


def spoil_losses(monkeypatch: pytest.MonkeyPatch, *, first: int, last: float) -> None:
    """Make the losses of the training steps from first to last, counted from 1, NaN."""
    whole, steps = module.supervised_loss, 0

    def spoilt(loss, outputs, target):
        nonlocal steps
        value = whole(loss, outputs, target)
        if not value.requires_grad:
            return value
        steps += 1
        return value * math.nan if first <= steps <= last else value

    monkeypatch.setattr(module, "supervised_loss", spoilt)


def test_steps_whose_loss_is_not_finite_are_left_out(
    samples: tuple, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil_losses(monkeypatch, first=2, last=5)
    fit(samples, tmp_path)
    assert np.isfinite(weights(tmp_path, "last")).all()
    losses = read_history(tmp_path)["train_loss"]
    # Two steps an epoch: the second epoch had none.
    assert losses.isna().tolist() == [False, True, False, False, False, False]


def test_a_loss_that_stays_not_finite_ends_training_with_advice_and_the_best_weights(
    samples: tuple, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil_losses(monkeypatch, first=7, last=math.inf)
    long = QUICK.model_copy(update={"epochs": 40})
    with pytest.raises(InputError, match=r"epoch 13; lower learning_rate \(it is 0.002\).* fp32"):
        fit(samples, tmp_path, long)
    network, _ = load_network(tmp_path)
    assert all(weight.isfinite().all() for weight in network.parameters())


def test_a_running_mean_of_weights_is_kept_and_survives_an_interruption(
    samples: tuple, tmp_path: Path
) -> None:
    mean = QUICK.model_copy(update={"weight_average": 0.8})
    fit(samples, tmp_path / "plain")
    fit(samples, tmp_path / "undisturbed", mean)
    with pytest.raises(KilledError):
        fit(samples, tmp_path / "disturbed", mean, on_epoch=stop_after(5))
    fit(samples, tmp_path / "disturbed", mean)
    for checkpoint in ("best", "last"):
        averaged = weights(tmp_path / "undisturbed", checkpoint)
        assert np.array_equal(averaged, weights(tmp_path / "disturbed", checkpoint))
        assert not np.array_equal(averaged, weights(tmp_path / "plain", checkpoint))


def test_processes_that_prepare_views_change_nothing(samples: tuple, tmp_path: Path) -> None:
    fit(samples, tmp_path / "alone")
    fit(samples, tmp_path / "helped", QUICK.model_copy(update={"loader_workers": 2}))
    assert np.array_equal(weights(tmp_path / "alone"), weights(tmp_path / "helped"))


TWO_DEVICES = """
import pickle, sys
from pathlib import Path
from tests.training.test_training import fit
samples, folder, config = pickle.loads(Path(sys.argv[1]).read_bytes())
fit(samples, folder, config)
"""


@pytest.mark.slow
def test_two_devices_learn_what_one_does_from_batches_twice_the_size(
    samples: tuple, tmp_path: Path
) -> None:
    fit(samples, tmp_path / "one", EXACT.model_copy(update={"batch_size": 4}))
    two = EXACT.model_copy(update={"batch_size": 2, "devices": 2, "accelerator": "cpu"})
    # Devices are forked processes, and this one may hold threads of all that was tested before.
    given = tmp_path / "given.pickle"
    given.write_bytes(pickle.dumps(((samples[0], samples[1] * 2), tmp_path / "two", two)))
    command = [sys.executable, "-c", TWO_DEVICES, str(given)]
    subprocess.run(command, cwd=REPOSITORY, check=True, timeout=300)
    assert np.allclose(
        weights(tmp_path / "one", "last"), weights(tmp_path / "two", "last"), atol=1e-4
    )
    histories = [read_history(tmp_path / name) for name in ("one", "two")]
    for name in ("train_loss", "validation_loss"):
        assert np.allclose(*(history[name] for history in histories), rtol=1e-3, equal_nan=True)
    assert read_card(tmp_path / "two").metrics["batch_size"] == 4


@pytest.mark.parametrize("length", [7, 8])
def test_devices_share_an_epoch(length: int) -> None:
    shares = []
    for rank in range(2):
        sampler = EpochSampler(length, 5, rank=rank, devices=2)
        sampler.set_epoch(3)
        shares.append(list(sampler))
        assert len(shares[-1]) == len(sampler) == 4
    assert {place for share in shares for _, place in share} == set(range(length))
    assert {epoch for share in shares for epoch, _ in share} == {3}


def test_images_without_any_cell_are_refused(samples: tuple, tmp_path: Path) -> None:
    bare = [without_cells(samples[1][0])]
    with pytest.raises(InputError, match="no validation image has a cell"):
        fit((samples[0], bare), tmp_path)
    for nothing in (bare, []):
        with pytest.raises(InputError, match="no training image has a cell"):
            fit((nothing, samples[1]), tmp_path)


def without_cells(sample: Sample) -> Sample:
    return Sample("bare", sample.image, np.zeros_like(sample.reference))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_one_small_image_with_cells_and_one_without_are_enough(
    samples: tuple, tmp_path: Path, encoding: str
) -> None:
    whole = samples[0][0]
    small = Sample("small", whole.image[:40, :50], whole.reference[:40, :50])
    network = UNET.description.model_copy(update={"encoding": encoding})
    large_views = QUICK.model_copy(update={"epochs": 1, "crop_px": 128, "tune_decoder": False})
    history = train_network(
        UNET.model_copy(update={"description": network}),
        [small, without_cells(small)],
        [small, without_cells(small)],
        config=large_views,
        seed=0,
        folder=tmp_path,
    )
    assert np.isfinite(history["train_loss"]).all()
    assert np.isfinite(history["validation_loss"]).all()


def test_the_options_of_the_benchmark_study_are_understood() -> None:
    study = {"batch_size": 4, "max_epochs": 30, "initial_lr": 1e-3, "val_interval": 3}
    config = TrainingConfig.model_validate(study | {"input_size": 128, "epoch_tolerance": 5})
    assert (config.epochs, config.learning_rate, config.validate_every) == (30, 1e-3, 3)
    assert (config.crop_px, config.patience) == (128, 5)
    plain = TrainingConfig()
    assert (plain.optimizer, plain.learning_rate, plain.crop_px) == ("adamw", 6e-4, 256)
    assert (plain.patience, plain.validate_every, plain.batch_size) == (10, 2, 8)
