"""Samples to batches: every view is drawn from (seed, epoch, place), so that runs repeat."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import Dataset, Sampler

from workbench.inference import Encoding
from workbench.schema import FloatImage, InputError, Sample
from workbench.training._config import TrainingConfig
from workbench.transforms import (
    Preparation,
    prepare_image,
    prepare_labels,
    random_view,
    to_three_channels,
)

logger = logging.getLogger(__name__)

Example = tuple[FloatImage, npt.NDArray[np.int32]]


def training_examples(samples: Sequence[Sample], preparation: Preparation) -> list[Example]:
    """Return prepared three-channel images with labels of their size, numbered from 1.

    Raises
    ------
    InputError
        If a sample has no reference labels, or the preparation resamples and the sample's metadata
        have no pixel size.
    """
    examples = []
    for sample in samples:
        if sample.reference is None:
            msg = (
                f"image {sample.image_id!r} has no labels; training needs some for every image "
                "of the splits train and val."
            )
            raise InputError(msg)
        size_um = sample.pixel_size_um
        image = to_three_channels(prepare_image(sample.image, preparation, pixel_size_um=size_um))
        reference = prepare_labels(sample.reference, preparation, pixel_size_um=size_um)
        if reference.vanished:
            logger.warning(
                "image %s: %d cells are too small for %g um per pixel and are not learned from",
                sample.image_id,
                len(reference.vanished),
                preparation.pixel_size_um,
            )
        # Resizing carries labels as float32, exact only for numbers below 2**24.
        _, ranks = np.unique(np.append(0, reference.labels), return_inverse=True)
        labels = ranks[1:].reshape(reference.labels.shape).astype(np.int32)
        examples.append((image, labels))
    return examples


class RandomViews(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """Random views of examples, addressed by (epoch, place)."""

    def __init__(
        self, examples: Sequence[Example], encoding: Encoding, config: TrainingConfig, seed: int
    ) -> None:
        self.examples = examples
        self.encoding = encoding
        self.config = config
        self.seed = seed

    def __len__(self) -> int:
        """Return the number of views per epoch."""
        return len(self.examples) * self.config.views_per_image

    def __getitem__(self, address: tuple[int, int]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return an image (3, crop, crop) and its target (target channels, crop, crop)."""
        epoch, place = address
        image, labels = self.examples[place % len(self.examples)]
        view, view_labels = random_view(
            image,
            labels,
            size_px=self.config.view_px,
            config=self.config.augmentation,
            rng=np.random.default_rng([self.seed, epoch, place]),
        )
        return (
            torch.from_numpy(np.ascontiguousarray(view.transpose(2, 0, 1))),
            torch.from_numpy(
                np.ascontiguousarray(self.encoding.encode(view_labels).transpose(2, 0, 1))
            ),
        )


class EpochSampler(Sampler[tuple[int, int]]):
    """Shuffled addresses; Lightning tells the epoch, also after a resume."""

    def __init__(self, length: int, seed: int) -> None:
        self.length = length
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order comes next."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Return the number of addresses per epoch."""
        return self.length

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Yield (epoch, place) in an order that depends on seed and epoch alone."""
        order = np.random.default_rng([self.seed, self.epoch]).permutation(self.length)
        return ((self.epoch, int(place)) for place in order)
