"""The teaching notebook's looks into a network, on networks whose insides are known."""

from pathlib import Path

import numpy as np
import pytest
import torch

from workbench.models import build_network, receptive_field_px
from workbench.schema import InputError, Sample
from workbench.studies import (
    TeachJob,
    before_and_after,
    central_place,
    feature_maps,
    network_input,
    pixel_influence,
    train,
    training_samples,
    untrained_network,
)


def shifting_network() -> torch.nn.Module:
    """Return a layer that shows the pixel to the right, or 0 where that is negative."""
    layer = torch.nn.Conv2d(1, 1, 3, padding=1, bias=False)
    with torch.no_grad():
        layer.weight.zero_()
        layer.weight[0, 0, 1, 2] = 1
    return torch.nn.Sequential(layer, torch.nn.ReLU(inplace=True))


def test_feature_maps_are_what_each_layer_gives_before_the_next_changes_it() -> None:
    image = np.array([[[0.0], [-3.0], [5.0]]], np.float32)
    network = shifting_network()
    maps = feature_maps(network, image, layers=["0", "1"])
    assert maps["0"][0, :, 0].tolist() == [-3, 5, 0]
    assert maps["1"][0, :, 0].tolist() == [0, 5, 0]
    assert list(feature_maps(network, image)) == ["1"]
    assert not network[0]._forward_hooks


def test_a_layer_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="no layer is called 'conv9'; there are 0, 1"):
        feature_maps(shifting_network(), np.zeros((2, 2, 1), np.float32), layers=["conv9"])


@pytest.mark.parametrize("name", ["tiny_cnn", "unet", "nnunet"])
def test_any_network_shows_its_activations(name: str) -> None:
    network = build_network(name, {}, in_channels=3, out_channels=3).eval()
    maps = feature_maps(network, np.random.default_rng(0).random((64, 64, 3), np.float32))
    assert len(maps) >= 4
    assert all(found.ndim == 3 and np.isfinite(found).all() for found in maps.values())


def test_influence_ends_where_the_receptive_field_does() -> None:
    job = TeachJob(dataset=Path(), output=Path())
    image = np.random.default_rng(0).random((61, 61, 3), np.float32)
    influence = pixel_influence(untrained_network(job), image, (30, 28))
    rows, columns = np.nonzero(influence)
    reach = receptive_field_px(job.network) // 2
    assert influence.max() == 1
    assert 30 - reach <= rows.min() < 30 < rows.max() <= 30 + reach
    assert 28 - reach <= columns.min() < 28 < columns.max() <= 28 + reach


def test_the_central_place_lies_on_the_cell_nearest_the_middle() -> None:
    labels = np.zeros((11, 21), np.int32)
    image = labels[..., None].astype(np.uint8)
    assert central_place(Sample("none", image, labels)) == (5, 10)
    labels[0:2, 0:2], labels[8:10, 12:14] = 1, 2
    assert central_place(Sample("two", image, labels)) == (8, 12)


def test_training_starts_from_the_network_that_is_shown_as_untrained(
    demo_data: Path, tmp_path: Path
) -> None:
    job = TeachJob(
        dataset=demo_data,
        settings={"channels": [4], "dilations": [1]},
        training={"epochs": 1, "crop_px": 32, "learning_rate": 1e-12, "weight_decay": 0},
        output=tmp_path / "tiny",
    )
    training, validation = training_samples(job)
    samples = (training[:2], validation[:1])
    train(job, samples, on_epoch=lambda _line: None)
    before, after = before_and_after(job, samples)
    assert (before.member.model, after.member.model) == ("untrained", "trained")
    assert before.predicted.any()
    assert np.array_equal(before.predicted, after.predicted)


def test_a_network_gets_three_prepared_channels(demo_data: Path) -> None:
    job = TeachJob(dataset=demo_data, output=Path())
    image = network_input(job, training_samples(job)[1][0])
    assert image.shape[2] == 3
    assert (image.min(), image.max()) == (0, 1)
