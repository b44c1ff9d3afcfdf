"""What is validated, written and kept."""

from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.training.test_training import QUICK, KilledError, fit, samples, weights
from workbench.inference import (
    PredictionConfig,
    find_encoding,
    load_network,
    predict_maps,
    read_card,
)
from workbench.training import _fit as fitting
from workbench.training import encoding_loss, read_history
from workbench.training._data import central_view, single_pieces, training_examples

__all__ = ["samples"]  # a fixture


def test_scores_and_loss_are_those_of_the_weights_that_are_kept(
    samples: tuple, tmp_path: Path
) -> None:
    import torch

    exact = QUICK.model_copy(update={"precision": "fp32", "tune_decoder": False})
    fit(samples, tmp_path, exact)
    network, description = load_network(tmp_path)
    ((image, labels),) = training_examples(samples[1], description.preparation)
    history = read_history(tmp_path)
    best = history.loc[history["validation_f1"].idxmax()]
    encoding = find_encoding(description.encoding)

    place = np.s_[16:80, 16:80]  # the middle of 96 px
    with torch.inference_mode():
        logits = network(torch.from_numpy(image[place].transpose(2, 0, 1).copy())[None]).logits
    target = torch.from_numpy(encoding.encode(labels[place]).transpose(2, 0, 1).copy())[None]
    loss = encoding_loss(description.encoding)(logits, target).item()
    assert best["validation_loss"] == pytest.approx(loss, rel=1e-3)

    maps = predict_maps(network, image, encoding, PredictionConfig(window_px=64))
    found = encoding.decode(maps, encoding.decoders[0]()) > 0
    dice = 2 * np.count_nonzero(found & (labels > 0)) / (found.sum() + (labels > 0).sum())
    # Maps are painted in bfloat16 where the hardware has it.
    assert best["validation_dice"] == pytest.approx(dice, abs=0.01)


def test_the_card_tells_what_was_trained_how_and_at_which_cost(
    samples: tuple, tmp_path: Path
) -> None:
    rows: list[pd.DataFrame] = []
    fit(samples, tmp_path, on_row=rows.append)
    history = read_history(tmp_path)
    assert [len(row) for row in rows] == list(range(1, 7))
    pd.testing.assert_frame_equal(rows[-1], history)

    card = read_card(tmp_path)
    assert card.metrics["validation_f1"] == history["validation_f1"].max()
    assert card.metrics["epochs"] == 6
    assert card.metrics["best_epoch"] in {2, 4, 6}
    assert card.metrics["training_s"] == history["elapsed_s"].iloc[-1]
    assert card.metrics["views_per_epoch"] == 8
    assert card.metrics["batch_size"] == 4
    assert 50e6 < card.metrics["peak_memory_bytes"] < 50e9
    assert card.versions["torch"] == version("torch")
    assert set(card.versions) == {"workbench", "torch", "monai", "lightning", "device"}
    assert card.training["learning_rate"] == 2e-3
    assert not (tmp_path / "best.ckpt").exists()


def test_the_decoder_is_chosen_by_the_validation_images_and_kept(
    samples: tuple, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workbench.inference import WatershedDecoder
    from workbench.training import Tuned, _tuning

    chosen = WatershedDecoder(foreground_threshold=0.37)
    asked = []

    def tune(maps, references, *, encoding):
        asked.append((maps, references, encoding))
        return Tuned(decoder=chosen, table=pd.DataFrame({"f1": [0.5]}))

    monkeypatch.setattr(_tuning, "tune_decoder", tune)
    fit(samples, tmp_path / "tuned")
    (((maps,), (reference,), encoding),) = asked
    assert maps.shape == (96, 96, 3)
    assert np.array_equal(reference > 0, samples[1][0].reference > 0)
    assert encoding == "three_class"
    assert read_card(tmp_path / "tuned").description.decoder == chosen
    assert pd.read_csv(tmp_path / "tuned" / "decoder_sweep.csv")["f1"].tolist() == [0.5]

    fit(samples, tmp_path / "plain", QUICK.model_copy(update={"tune_decoder": False}))
    assert read_card(tmp_path / "plain").description.decoder is None
    assert not (tmp_path / "plain" / "decoder_sweep.csv").exists()


def test_a_kill_between_the_last_epoch_and_the_weights_loses_nothing(
    samples: tuple, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KilledError

    fit(samples, tmp_path / "undisturbed")
    with monkeypatch.context() as patch:
        patch.setattr(fitting, "_keep_weights", killed)
        with pytest.raises(KilledError):
            fit(samples, tmp_path / "disturbed")
    epochs: list[str] = []
    fit(samples, tmp_path / "disturbed", on_epoch=epochs.append)
    assert epochs == []
    assert np.array_equal(weights(tmp_path / "undisturbed"), weights(tmp_path / "disturbed"))


def test_more_epochs_go_on_from_a_training_that_has_ended(samples: tuple, tmp_path: Path) -> None:
    fit(samples, tmp_path, QUICK)
    fit(samples, tmp_path, QUICK.model_copy(update={"epochs": 8}))
    assert read_history(tmp_path)["epoch"].tolist() == list(range(1, 9))
    assert np.isfinite(weights(tmp_path)).all()


@pytest.mark.parametrize("shape", [(9, 13), (9, 4), (3, 3)])
def test_a_central_view_is_the_middle_of_the_image(shape: tuple[int, int]) -> None:
    labels = np.arange(1, 1 + shape[0] * shape[1], dtype=np.int32).reshape(shape)
    image = np.repeat(labels[..., None], 3, axis=2).astype(np.float32)
    view, view_labels = central_view(image, labels, 5)
    assert view_labels.shape == (5, 5)
    assert np.array_equal(view[..., 0], view_labels)
    assert view_labels[2, 2] in labels[shape[0] // 2, (shape[1] - 1) // 2 : shape[1] // 2 + 1]


def test_a_cell_cut_in_two_is_two_pieces() -> None:
    labels = np.array([[7, 7, 0, 7], [0, 7, 3, 0]], np.int32)
    pieces = single_pieces(labels)
    assert pieces.dtype == np.int32
    assert pieces[0, 0] == pieces[0, 1] == pieces[1, 1] != pieces[0, 3] > 0
    assert len(np.unique(pieces)) == 4
