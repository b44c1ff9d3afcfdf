"""What the zoo knows of a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from workbench.schema import FloatImage, LabelImage

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Architecture:
    """One entry of the zoo: a network to train, or a method that segments without training.

    Attributes
    ----------
    summary
        One line for people.
    settings
        Typed settings of the model.
    build
        Makes the network from settings, in_channels and out_channels; None for a method.
    segment
        Maps a normalised image and settings to labels; None for a network.
    training
        Values of :class:`workbench.training.TrainingConfig` that this network was published with;
        they hold where a study says nothing else.
    planned
        Whether settings and training are planned from the training images, by
        :data:`workbench.training.PLANNERS`, as far as a study leaves them open.
    libraries
        Modules that an outside method needs; none for what the workbench brings itself.
    install
        Command that installs it.
    """

    summary: str
    settings: type[BaseModel]
    build: Callable[..., torch.nn.Module] | None = None
    segment: Callable[[FloatImage, Any], LabelImage] | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    planned: bool = False
    libraries: tuple[str, ...] = ()
    install: str = ""

    @property
    def trainable(self) -> bool:
        """Whether the model learns from images."""
        return self.build is not None
