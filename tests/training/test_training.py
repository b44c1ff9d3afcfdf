"""Training of a small network on discs."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from workbench.analysis import DataFingerprint
from workbench.datasets import open_dataset, read_sample
from workbench.inference import ModelCard, ModelDescription, load_network
from workbench.schema import InputError, Sample
from workbench.studies import (
    TrainJob,
    settled,
    train,
    training_fingerprint,
    training_samples,
)
from workbench.training import HISTORY_COLUMNS, TrainingConfig, read_history, train_network
from workbench.training._data import training_examples
from workbench.transforms import Preparation, prepare_image, to_three_channels

UNET = ModelCard(
    description=ModelDescription(
        architecture="unet", settings={"channels": [8, 16, 32], "residual_units": 1}
    )
)
QUICK = TrainingConfig(
    epochs=6,
    batch_size=4,
    crop_px=64,
    views_per_image=2,
    validate_every=2,
    learning_rate=2e-3,
)


@pytest.fixture
def samples(small_dataset: Callable[..., Path]) -> tuple[list[Sample], list[Sample]]:
    dataset = open_dataset(small_dataset(splits=("train",) * 4 + ("val",)))
    return (
        [read_sample(record) for record in dataset.split("train")],
        [read_sample(record) for record in dataset.split("val")],
    )


def weights(folder: Path, checkpoint: str = "best") -> np.ndarray:
    network, _ = load_network(folder, weights=checkpoint)  # type: ignore[arg-type]
    return np.concatenate([p.detach().numpy().ravel() for p in network.parameters()])


def fit(samples: tuple, folder: Path, config: TrainingConfig = QUICK, **options: object) -> None:
    train_network(UNET, *samples, config=config, seed=3, folder=folder, **options)


class KilledError(Exception):
    pass


def stop_after(epoch: int) -> Callable[[str], None]:
    def tell(text: str) -> None:
        if f"epoch {epoch:3d} of" in text:
            raise KilledError

    return tell


def test_training_learns_and_leaves_its_files(samples: tuple, tmp_path: Path) -> None:
    told: list[str] = []
    fit(samples, tmp_path, QUICK.model_copy(update={"epochs": 12}), on_epoch=told.append)

    history = read_history(tmp_path)
    assert list(history.columns) == list(HISTORY_COLUMNS)
    assert history["epoch"].tolist() == list(range(1, 13))
    assert history["validation_f1"].notna().tolist() == [False, True] * 6
    assert history["train_loss"].iloc[-1] < 0.8 * history["train_loss"].iloc[0]
    assert history["validation_f1"].max() > 0.5
    assert len(told) == 12
    assert list((tmp_path / "tensorboard").glob("events*"))


def test_equal_trainings_give_equal_weights(samples: tuple, tmp_path: Path) -> None:
    fit(samples, tmp_path / "first")
    fit(samples, tmp_path / "second")
    assert np.array_equal(weights(tmp_path / "first"), weights(tmp_path / "second"))


def test_an_interrupted_training_ends_like_an_undisturbed_one(
    samples: tuple, tmp_path: Path
) -> None:
    fit(samples, tmp_path / "undisturbed")
    with pytest.raises(KilledError):
        fit(samples, tmp_path / "disturbed", on_epoch=stop_after(5))
    epochs: list[str] = []
    fit(samples, tmp_path / "disturbed", on_epoch=epochs.append)

    assert [text.split(" of ")[0] for text in epochs] == ["epoch   5", "epoch   6"]
    for checkpoint in ("best", "last"):
        assert np.array_equal(
            weights(tmp_path / "undisturbed", checkpoint),
            weights(tmp_path / "disturbed", checkpoint),
        )
    undisturbed = read_history(tmp_path / "undisturbed").drop(columns="elapsed_s")
    disturbed = read_history(tmp_path / "disturbed").drop(columns="elapsed_s")
    assert undisturbed.equals(disturbed)


def test_a_checkpoint_cut_short_is_not_used(samples: tuple, tmp_path: Path) -> None:
    with pytest.raises(KilledError):
        fit(samples, tmp_path, on_epoch=stop_after(3))
    whole = (tmp_path / "last.ckpt").read_bytes()
    (tmp_path / "last.ckpt").write_bytes(whole[: len(whole) // 2])
    epochs: list[str] = []
    fit(samples, tmp_path, on_epoch=epochs.append)
    assert len(epochs) == 6


def test_a_training_that_has_ended_is_not_run_on(samples: tuple, tmp_path: Path) -> None:
    fit(samples, tmp_path)
    epochs: list[str] = []
    fit(samples, tmp_path, on_epoch=epochs.append)
    assert epochs == []


def test_training_stops_early_when_validation_does_not_improve(
    samples: tuple, tmp_path: Path
) -> None:
    stuck = TrainingConfig(
        epochs=30, batch_size=4, crop_px=64, validate_every=1, patience=2, learning_rate=1e-9
    )
    fit(samples, tmp_path, stuck)
    assert len(read_history(tmp_path)) == 3


def test_samples_without_labels_are_refused(samples: tuple, tmp_path: Path) -> None:
    bare = [Sample("bare", samples[0][0].image)]
    with pytest.raises(InputError, match="image 'bare' has no labels"):
        train_network(UNET, bare, samples[1], config=QUICK, seed=0, folder=tmp_path)


@pytest.mark.parametrize("preparation", [Preparation(), Preparation(equalise=True)])
def test_training_sees_images_prepared_and_prediction_sees_them_likewise(
    samples: tuple, tmp_path: Path, preparation: Preparation
) -> None:
    image, labels = training_examples(samples[0], preparation)[0]
    assert np.array_equal(image, to_three_channels(prepare_image(samples[0][0].image, preparation)))
    assert np.array_equal(labels > 0, samples[0][0].reference > 0)

    quick = QUICK.model_copy(update={"epochs": 1, "validate_every": 1, "preparation": preparation})
    fit(samples, tmp_path, quick)
    _, description = load_network(tmp_path)
    assert description.preparation == preparation


def test_another_preparation_trains_another_network(samples: tuple, tmp_path: Path) -> None:
    quick = QUICK.model_copy(update={"epochs": 1, "validate_every": 1})
    fit(samples, tmp_path / "plain", quick)
    equalised = quick.model_copy(update={"preparation": Preparation(equalise=True)})
    fit(samples, tmp_path / "equalised", equalised)
    assert not np.array_equal(weights(tmp_path / "plain"), weights(tmp_path / "equalised"))


def test_images_and_labels_are_brought_to_one_pixel_size(
    samples: tuple, caplog: pytest.LogCaptureFixture
) -> None:
    sample = samples[0][0]
    speck = sample.reference.copy()
    speck[0, 0] = 99  # one pixel, in no centre of a pixel four times as wide
    known = Sample("known", sample.image, speck, pixel_size_um=0.5)
    coarse = Preparation(pixel_size_um=2)
    ((image, labels),) = training_examples([known], coarse)
    assert image.shape == (24, 24, 3)
    assert labels.shape == (24, 24)
    assert labels.max() == len(np.unique(labels)) - 1
    assert "image known: 1 cells are too small for 2 um per pixel" in caplog.text
    with pytest.raises(InputError, match="give the manifest a column pixel_size_um"):
        training_examples([sample], coarse)


def test_the_fingerprint_of_the_training_images_is_kept_and_settles_the_crop(
    small_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    job = TrainJob(
        dataset=small_dataset(splits=("train",) * 2 + ("val",)),
        model="unet",
        architecture="unet",
        settings={"channels": (8, 16), "residual_units": 1},
        training={"epochs": 1, "crop_px": "auto", "validate_every": 1},
        output=tmp_path / "unet-0",
    )
    samples = training_samples(job)
    train(job, samples, on_epoch=str)
    kept = (tmp_path / "unet-0" / "fingerprint.json").read_text()
    found = DataFingerprint.model_validate_json(kept)
    assert (found.n_images, found.n_cells) == (2, 32)
    # Discs of 10 to 18 px: eight across are more than the image's 96 px.
    assert settled(job, training_fingerprint(samples[0])).training.view_px == 96
    with pytest.raises(InputError, match="crop_px is 'auto'"):
        assert job.training.view_px
