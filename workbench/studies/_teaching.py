"""What the teaching notebook shows: what a network sees, what it paints, what it has learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from workbench.inference import (
    ModelDescription,
    PredictionConfig,
    TrainedNetwork,
    load_network,
    segment_image,
)
from workbench.models import TinyCNNConfig
from workbench.schema import FloatImage, InputError, Member, Overlay, Sample
from workbench.studies._overlays import make_overlay
from workbench.studies._train import TrainJob, settled, training_fingerprint
from workbench.transforms import prepare_image, to_three_channels

if TYPE_CHECKING:
    import torch


class TeachJob(TrainJob):
    """``09_tiny_cnn.ipynb``: train a network that is small enough to look into."""

    model: str = "tiny_cnn"
    architecture: Literal["tiny_cnn"] = "tiny_cnn"

    @property
    def network(self) -> TinyCNNConfig:
        """Settings of the network, typed."""
        return TinyCNNConfig.model_validate(self.settings)


def untrained_network(job: TrainJob) -> torch.nn.Module:
    """Return the network with the random weights that training starts from."""
    import torch

    torch.manual_seed(job.seed)
    return _description(job).build().eval()


def network_input(job: TrainJob, sample: Sample) -> FloatImage:
    """Return an image as the network gets it, shape (height, width, 3)."""
    prepared = prepare_image(
        sample.image, job.training.preparation, pixel_size_um=sample.pixel_size_um
    )
    return to_three_channels(prepared)


def before_and_after(job: TrainJob, samples: tuple[list[Sample], list[Sample]]) -> list[Overlay]:
    """Return what random weights find in the first validation image, and what trained ones do.

    Parameters
    ----------
    job
        A training that has finished.
    samples
        From :func:`training_samples`.
    """
    sample = samples[1][0]
    training = settled(job, training_fingerprint(samples[0])).training
    config = PredictionConfig(window_px=training.view_px)
    trained, description = load_network(job.output, own_code=[job.architecture])
    networks = {"untrained": untrained_network(job), "trained": trained}
    return [
        make_overlay(
            sample,
            Member(name, job.seed),
            segment_image(
                sample.image,
                networks=[TrainedNetwork(network, description)],
                description=description,
                config=config,
                pixel_size_um=sample.pixel_size_um,
            ).labels,
        )
        for name, network in networks.items()
    ]


def feature_maps(
    network: torch.nn.Module, image: FloatImage, *, layers: Sequence[str] = ()
) -> dict[str, FloatImage]:
    """Return what layers of a network give for an image.

    Parameters
    ----------
    network
        Any, in evaluation mode.
    image
        Shape (height, width, channels), as the network gets it.
    layers
        Names of modules, as ``network.named_modules()`` has them; empty for all activations.

    Returns
    -------
    dict
        Maps by name of the layer, in the order in which they are computed, shape (height, width,
        channels) of the layer. A layer that works several times shows its last.

    Raises
    ------
    InputError
        If there is no layer of this name.
    """
    import torch

    modules = dict(network.named_modules())
    chosen = layers or [name for name, module in modules.items() if _is_activation(module)]
    lacking = [name for name in chosen if name not in modules]
    if lacking:
        msg = f"no layer is called {lacking[0]!r}; there are {', '.join(filter(None, modules))}."
        raise InputError(msg)
    maps: dict[str, FloatImage] = {}

    def keep(name: str, found: torch.Tensor) -> None:
        # A copy: the next layer may work in place.
        maps[name] = found[0].permute(1, 2, 0).float().numpy().copy()

    hooks = [
        modules[name].register_forward_hook(
            lambda _module, _fed, found, name=name: keep(name, found)
        )
        for name in chosen
    ]
    try:
        with torch.inference_mode():
            network(_batch_of_one(image))
    finally:
        for hook in hooks:
            hook.remove()
    return maps


def pixel_influence(
    network: torch.nn.Module, image: FloatImage, place: tuple[int, int]
) -> FloatImage:
    """Return how strongly each pixel of an image acts on the logits of one place.

    Parameters
    ----------
    network
        Any, in evaluation mode.
    image
        Shape (height, width, channels), as the network gets it.
    place
        Row and column.

    Returns
    -------
    ndarray of float32
        Shape (height, width): the gradient of the place's summed squared logits, as absolute
        values summed over image channels, divided by the largest; 0 everywhere if there is none.
    """
    import torch

    pixels = _batch_of_one(image).requires_grad_()
    logits = network(pixels).logits[0, :, place[0], place[1]]
    (gradient,) = torch.autograd.grad(logits.square().sum(), pixels)
    influence: FloatImage = gradient[0].abs().sum(dim=0).numpy()
    largest = float(influence.max())
    return influence / np.float32(largest) if largest > 0 else influence


def central_place(sample: Sample) -> tuple[int, int]:
    """Return row and column of the pixel of a cell that is nearest to the middle of the image.

    The middle itself where there are no cells.
    """
    middle = np.array(sample.image.shape[:2]) // 2
    cells = np.argwhere(sample.reference) if sample.reference is not None else middle[None]
    if not len(cells):
        cells = middle[None]
    row, column = cells[np.square(cells - middle).sum(axis=1).argmin()]
    return int(row), int(column)


def _description(job: TrainJob) -> ModelDescription:
    return ModelDescription(
        architecture=job.architecture, settings=job.settings, encoding=job.encoding
    )


def _is_activation(module: torch.nn.Module) -> bool:
    return type(module).__module__ == "torch.nn.modules.activation"


def _batch_of_one(image: FloatImage) -> torch.Tensor:
    import torch

    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))[None]
