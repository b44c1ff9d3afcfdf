"""Label images stacked in an NPZ file, as TissueNet and DynamicNuclearNet have them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from workbench.datasets._label_forms import recognise_labels
from workbench.datasets._label_values import LabelRead, LabelSource, Shape
from workbench.datasets._npz_stack import array_names, damage_named, open_stack
from workbench.schema import InputError

CHANNELS: Final = {"whole_cell": 0, "nuclear": 1}
"""Channels of ``y`` in TissueNet."""


def open_npz(path: Path, channel: str | int | None) -> LabelSource:
    """List the images of an NPZ file by their index."""
    name = _label_array(path)
    n_images, _, _, *channels = open_stack(path, name, "labels").shape
    digits = len(str(n_images - 1))
    image_ids = tuple(f"{index:0{digits}d}" for index in range(n_images))
    chosen = _choose_channel(path, channels[0], channel) if channels else None
    return LabelSource(path, "npz", image_ids, reader=_Stack(path, name, chosen))


def read_stack_labels(
    path: Path, array: str, index: int, channel: int | None, *, name: str, check_pieces: bool
) -> LabelRead:
    """Read the labels of one image of a stack; ``name`` is what errors call them."""
    with damage_named(path):
        pixels = open_stack(path, array, "labels").image(index)
    pixels = pixels if channel is None else pixels[..., channel]
    return LabelRead(*recognise_labels(pixels, name=name, check_pieces=check_pieces))


@dataclass(frozen=True)
class _Stack:
    path: Path
    array: str
    channel: int | None

    def __call__(self, image_id: str, shape: Shape | None, check_pieces: bool) -> LabelRead:
        del shape  # The array knows it.
        name = f"{self.path}, image {image_id}"
        return read_stack_labels(
            self.path, self.array, int(image_id), self.channel, name=name, check_pieces=check_pieces
        )


def _label_array(path: Path) -> str:
    names = array_names(path)
    if "y" not in names and len(names) != 1:
        msg = (
            f"{path}: expected an array 'y' of labels, got {', '.join(names) or 'none'}; "
            "save the labels under the name y."
        )
        raise InputError(msg)
    return "y" if "y" in names else names[0]


def _choose_channel(path: Path, n_channels: int, channel: str | int | None) -> int:
    if n_channels == 1:
        return 0
    index = CHANNELS.get(str(channel), -1) if n_channels == 2 else -1
    if str(channel).isdecimal():
        index = int(str(channel))
    if not 0 <= index < n_channels:
        there = (
            'channel="whole_cell" (0) or "nuclear" (1), as in TissueNet'
            if n_channels == 2
            else f"channel=0 to {n_channels - 1}"
        )
        msg = f"{path}: has {n_channels} channels of labels, got channel {channel!r}; give {there}."
        raise InputError(msg)
    return index
