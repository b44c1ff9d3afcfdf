"""Samples to batches: every view is drawn from (seed, epoch, place), so that runs repeat."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from typing import Any

import lightning
import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

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
        return as_tensors(view, self.encoding.encode(single_pieces(view_labels)))


def single_pieces(labels: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Return labels whose every connected piece has a number of its own.

    A view can cut a cell in two or show it once more in the mirror; distances and flows within a
    cell make sense only where it is one piece.
    """
    from skimage.measure import label

    pieces: npt.NDArray[np.int32] = label(labels, connectivity=2).astype(np.int32)
    return pieces


def central_view(image: FloatImage, labels: npt.NDArray[np.int32], size_px: int) -> Example:
    """Return the square in the middle of an image; a smaller image is mirrored up to its size."""
    lacking = [max(0, size_px - length) for length in labels.shape]
    around = [(n // 2, n - n // 2) for n in lacking]
    image = np.pad(image, (*around, (0, 0)), mode="symmetric")
    labels = np.pad(labels, around, mode="symmetric")
    row, column = ((length - size_px) // 2 for length in labels.shape)
    place = np.s_[row : row + size_px, column : column + size_px]
    return image[place], labels[place]


def as_tensors(view: FloatImage, target: FloatImage) -> tuple[torch.Tensor, torch.Tensor]:
    """Return arrays (height, width, channels) as tensors (channels, height, width)."""
    return (
        torch.from_numpy(np.ascontiguousarray(view.transpose(2, 0, 1))),
        torch.from_numpy(np.ascontiguousarray(target.transpose(2, 0, 1))),
    )


class EpochSampler(Sampler[tuple[int, int]]):
    """Shuffled addresses; Lightning tells the epoch, also after a resume.

    Several devices take turns through one order; where it does not divide, some views come twice.
    """

    def __init__(self, length: int, seed: int, *, rank: int = 0, devices: int = 1) -> None:
        self.length = length
        self.seed = seed
        self.rank = rank
        self.devices = devices
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order comes next."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Return the number of addresses per epoch and device."""
        return math.ceil(self.length / self.devices)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Yield (epoch, place) in an order that depends on seed and epoch alone."""
        order = np.random.default_rng([self.seed, self.epoch]).permutation(self.length)
        every = np.resize(order, len(self) * self.devices)
        return ((self.epoch, int(place)) for place in every[self.rank :: self.devices])


class TrainingData(lightning.LightningDataModule):
    """Random views to learn from, and whole images to validate on."""

    def __init__(
        self, views: RandomViews, validation: Sequence[Example], *, loader_workers: int
    ) -> None:
        super().__init__()
        self.views = views
        self.validation = validation
        self.loader_workers = loader_workers

    def train_dataloader(self) -> DataLoader[Any]:
        """Return batches of views, prepared ahead of the network where there are workers."""
        trainer: Any = self.trainer
        views = self.views
        busy = self.loader_workers > 0
        return DataLoader(
            views,
            batch_size=views.config.batch_size,
            sampler=EpochSampler(
                len(views), views.seed, rank=trainer.global_rank, devices=trainer.world_size
            ),
            num_workers=self.loader_workers,
            persistent_workers=busy,
            prefetch_factor=4 if busy else None,
            pin_memory=trainer.strategy.root_device.type == "cuda",
        )

    def val_dataloader(self) -> DataLoader[Any]:
        """Return one whole image with its labels at a time, this device's share of them."""
        trainer: Any = self.trainer
        share: Any = self.validation[trainer.global_rank :: trainer.world_size]
        return DataLoader(share, batch_size=None, collate_fn=_unchanged)


def _unchanged(example: Any) -> Any:
    return example
