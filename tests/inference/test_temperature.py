"""Temperature: what it changes, what it never changes, and how it is found."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from workbench.inference import (
    ENCODINGS,
    PROBABILITY_CLASSES,
    ModelDescription,
    OfficialDecoder,
    PredictionConfig,
    class_probabilities,
    decode_maps,
    fit_temperature,
    reference_classes,
    tempered,
)
from workbench.schema import InputError


def maps_of(encoding: str, seed: int, temperature: float = 1.0) -> np.ndarray:
    """Return maps of random logits divided by a temperature, as the encoding activates them."""
    channels = ENCODINGS[encoding].channels
    logits = torch.from_numpy(np.random.default_rng(seed).normal(0, 2, (1, channels, 6, 7)))
    n_classes = 1 if encoding == "flows" else 3
    logits[:, :n_classes] /= temperature
    return ENCODINGS[encoding].activate(logits.float())[0].permute(1, 2, 0).numpy()


@given(st.sampled_from(sorted(PROBABILITY_CLASSES)), st.integers(0, 20), st.floats(0.3, 8))
def test_tempered_maps_are_those_of_divided_logits(
    encoding: str, seed: int, temperature: float
) -> None:
    changed = tempered(maps_of(encoding, seed), encoding, temperature)
    assert np.allclose(changed, maps_of(encoding, seed, temperature), atol=2e-4)


@given(st.sampled_from(sorted(PROBABILITY_CLASSES)), st.integers(0, 20), st.floats(0.1, 15))
def test_the_most_probable_class_stays_and_probabilities_sum_to_one(
    encoding: str, seed: int, temperature: float
) -> None:
    maps = maps_of(encoding, seed)
    before = class_probabilities(maps, encoding)
    after = class_probabilities(tempered(maps, encoding, temperature), encoding)
    # Two classes of nearly one probability may become equal.
    chosen = np.take_along_axis(after, before.argmax(-1)[..., None], -1)[..., 0]
    assert np.allclose(chosen, after.max(-1))
    assert np.allclose(after.sum(-1), 1)


def test_a_probability_of_nought_stays_nought_and_one_stays_one() -> None:
    maps = np.array([[[1.0, 0.0, 0.0]]], np.float32)
    for temperature in (0.05, 1, 20):
        assert tempered(maps, "three_class", temperature).tolist() == [[[1.0, 0.0, 0.0]]]


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_temperature_by_which_logits_were_divided_is_found(sharpness: float) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (40_000, 3))
    classes = (logits + rng.gumbel(0, 1, logits.shape)).argmax(-1)
    said = np.exp(sharpness * logits)
    found = fit_temperature(said / said.sum(-1, keepdims=True), classes)
    assert found == pytest.approx(sharpness, rel=0.03)


def test_no_other_temperature_is_likelier() -> None:
    rng = np.random.default_rng(1)
    probabilities = rng.dirichlet([1, 1, 1], 500)
    classes = rng.integers(0, 3, 500)
    found = fit_temperature(probabilities, classes)

    def nll(temperature: float) -> float:
        changed = tempered(probabilities[None].astype(np.float32), "three_class", temperature)
        return float(-np.log(changed[0][np.arange(500), classes]).mean())

    grid = np.geomspace(0.1, 20, 60)
    assert nll(found) <= min(nll(temperature) for temperature in grid) + 1e-5


def test_a_temperature_needs_pixels_and_is_above_nought() -> None:
    with pytest.raises(InputError, match="add validation images"):
        fit_temperature(np.empty((0, 3)), np.empty(0, int))
    with pytest.raises(InputError, match="above 0, got -1"):
        tempered(maps_of("three_class", 0), "three_class", -1)


def test_an_encoding_without_classes_is_refused() -> None:
    with pytest.raises(InputError, match="star_convex maps hold no class probabilities"):
        class_probabilities(np.zeros((2, 2, 33), np.float32), "star_convex")


@pytest.mark.parametrize("encoding", sorted(PROBABILITY_CLASSES))
def test_maps_without_error_give_every_pixel_its_class(encoding: str) -> None:
    labels = np.zeros((20, 20), np.int32)
    labels[3:10, 3:10], labels[3:10, 10:17] = 1, 2
    coder = ENCODINGS[encoding]
    perfect = class_probabilities(coder.perfect(coder.encode(labels)), encoding)
    assert np.array_equal(perfect.argmax(-1), reference_classes(labels, encoding))
    assert perfect.shape[-1] == len(PROBABILITY_CLASSES[encoding])


def test_temperature_changes_what_a_threshold_finds() -> None:
    maps = np.zeros((10, 10, 3), np.float32)
    maps[...] = 0.9, 0.05, 0.05
    maps[2:8, 2:8] = 0.3, 0.45, 0.25
    description = ModelDescription(architecture="unet", encoding="three_class")
    config = PredictionConfig(decoder=OfficialDecoder(min_area_px=0))

    def n_cells(temperature: float) -> int:
        changed = tempered(maps, "three_class", temperature)
        found = decode_maps(
            changed, description=description, config=config, size_px=(10, 10)
        ).labels
        return int(found.max())

    assert (n_cells(1), n_cells(0.5)) == (0, 1)
