"""NPZ files of image and label stacks: TissueNet, DynamicNuclearNet and what is saved like them.

One file a split. ``X`` holds the images, (images, height, width, channels); ``y`` their labels,
(images, height, width, 1 or 2). In TissueNet the channels of ``X`` are nuclear and membrane (or
cytoplasm), those of ``y`` the other way round: whole cells, then nuclei [1]_ [2]_. Version 1.0 says
``tissue_list`` and ``platform_list``, 1.1 and DynamicNuclearNet a table ``meta`` whose first row
names the columns [2]_; these are read where they are text. Published as
``tissuenet_v1.1_train.npz``, ``_val``, ``_test``, and as ``train.npz``, ``val.npz``, ``test.npz``.
DynamicNuclearNet's tracking part (``.trks``) is another format.

References
----------
.. [1] N. F. Greenwald et al., Nat. Biotechnol. 40:555-565, 2022, doi:10.1038/s41587-021-01094-0.
.. [2] Loaders: vanvalenlab/deepcell-tf (deepcell/datasets), constantinpape/torch-em.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from workbench.datasets._files import plain_pixels
from workbench.datasets._image_axes import arranged, plane_selection, settled
from workbench.datasets._image_values import ImageChoice, ImageInfo, ImageRead
from workbench.datasets._label_npz import read_stack_labels
from workbench.datasets._layout_values import (
    Layout,
    Listing,
    ReadingOptions,
    files_ending,
    metadata_text,
)
from workbench.datasets._names import some
from workbench.datasets._npz_stack import (
    ImageStack,
    array_names,
    damage_named,
    open_stack,
    text_array,
)
from workbench.datasets._records import Record
from workbench.schema import InputError, LabelImage

TARGETS: Final = {"whole_cell": 0, "nuclei": 1}
"""Channels of ``y`` where there are two."""
CHANNEL_NAMES: Final = ("nuclear", "membrane")
"""Channels of ``X`` where both ``X`` and ``y`` have two."""
_SPLIT: Final = re.compile(r"(?:^|[_-])(train|val|test)$")
_METADATA_NAMES: Final = {
    "tissue_list": "tissue",
    "platform_list": "platform",
    "experiment": "group",
}


@dataclass(frozen=True)
class StackImage:
    """Reads one image of a stack."""

    path: Path
    index: int
    channel_names: tuple[str, ...]
    choice: ImageChoice

    def __call__(self) -> ImageRead:
        """Read the chosen channels."""
        stack = open_stack(self.path, "X")
        with damage_named(self.path):
            pixels = stack.image(self.index)
        axes = "YXC"[: pixels.ndim]
        info = ImageInfo(
            self.path, axes, "NPZ", pixels.shape, str(pixels.dtype), self.channel_names
        )
        info = settled(info, self.choice)
        selection = plane_selection(info, self.choice)
        image = arranged(pixels[selection], info, self.choice, selection)
        name = f"{self.path}, image {self.index}"
        return ImageRead(plain_pixels(image.pixels, name=name), image.channel_names)


@dataclass(frozen=True)
class StackLabels:
    """Reads the labels of one image of a stack."""

    path: Path
    index: int
    channel: int | None

    def __call__(self) -> LabelImage:
        """Read them."""
        name = f"{self.path}, image {self.index}"
        return read_stack_labels(
            self.path, "y", self.index, self.channel, name=name, check_pieces=False
        ).labels


def recognise_npz(path: Path) -> bool:
    """Whether a path is an NPZ file, or a folder that holds one for a split."""
    if path.is_dir():
        return any(_SPLIT.search(file.stem) for file in files_ending(path, [".npz"]))
    return path.name.lower().endswith(".npz")


def npz_listing(path: Path, options: ReadingOptions) -> Listing:
    """List the images of one NPZ file, or of a folder with one for each split.

    Raises
    ------
    InputError
        If a file is damaged or lacks ``X`` or ``y``, they don't fit together, two files stand for
        the same split, or it isn't clear which channel of ``y`` is meant.
    """
    files = {path: _split_of(path)}
    notes: list[str] = []
    if path.is_dir():
        files = {file: _split_of(file) for file in files_ending(path, [".npz"])}
        unused = [file.name for file, split in files.items() if not split]
        if unused:
            notes.append(f"{some(unused)}: not used, no split in the name; open it by itself")
        in_order = ("train", "val", "test")
        files = {
            file: split for wanted in in_order for file, split in files.items() if split == wanted
        }
        _refuse_shared_splits(path, files)
    records: list[Record] = []
    for file, split in files.items():
        records += _file_records(file, split, options, notes)
    compressed = [file.name for file in files if open_stack(file, "X").is_compressed]
    if compressed:
        notes.append(
            f"{some(compressed)}: compressed as a whole, so that images out of order are slow to "
            "read; save them again by np.savez before training on them"
        )
    return Listing(tuple(records), tuple(notes))


def _split_of(path: Path) -> str:
    found = _SPLIT.search(path.stem)
    return found[1] if found else ""


def _refuse_shared_splits(folder: Path, files: Mapping[Path, str]) -> None:
    for split in dict.fromkeys(files.values()):
        same = [file.name for file, other in files.items() if other == split]
        if len(same) > 1:
            msg = (
                f"{folder}: {some(same)} all stand for the split {split!r}; open one file, or give "
                "each version a folder of its own."
            )
            raise InputError(msg)


def _file_records(
    path: Path, split: str, options: ReadingOptions, notes: list[str]
) -> list[Record]:
    names = array_names(path)
    lacking = [name for name in ("X", "y") if name not in names]
    if lacking:
        msg = (
            f"{path}: expected arrays X (images) and y (labels), got {', '.join(names) or 'none'}; "
            "save them under these names."
        )
        raise InputError(msg)
    images, labels = open_stack(path, "X"), open_stack(path, "y", "labels")
    if images.shape[:3] != labels.shape[:3]:
        msg = (
            f"{path}: X of shape {images.shape} and y of shape {labels.shape} don't belong "
            "together; both need the same number of images, height and width."
        )
        raise InputError(msg)
    n_images = images.shape[0]
    channel = _label_channel(path, labels, options.target, notes)
    two = images.shape[3:] == labels.shape[3:] == (2,)
    rows = _metadata(path, [name for name in names if name not in ("X", "y")], n_images, notes)
    width = len(str(n_images - 1))
    return [
        Record(
            f"{split}_{index:0{width}d}" if split else f"{index:0{width}d}",
            path,
            path,
            split or "test",
            rows[index],
            image_reader=StackImage(path, index, CHANNEL_NAMES if two else (), options.choice),
            label_reader=StackLabels(path, index, channel),
        )
        for index in range(n_images)
    ]


def _label_channel(path: Path, labels: ImageStack, target: str, notes: list[str]) -> int | None:
    n_channels = labels.shape[3] if len(labels.shape) == 4 else 1
    if n_channels == 1:
        if target:
            notes.append(f"{path.name} has one label per pixel, which is taken for {target}")
        return None if len(labels.shape) == 3 else 0
    there = TARGETS if n_channels == 2 else {str(index): index for index in range(n_channels)}
    if target not in there:
        msg = (
            f"{path}: y has {n_channels} channels of labels, got target {target!r}; give target "
            f"{' or '.join(there)}."
        )
        raise InputError(msg)
    return there[target]


def _metadata(
    path: Path, names: list[str], n_images: int, notes: list[str]
) -> list[dict[str, str]]:
    """Return what arrays of text say of each image."""
    columns: dict[str, list[str]] = {}
    for name in names:
        values = text_array(path, name)
        if values is None:
            notes.append(
                f"{name} of {path.name} is passed over: it holds numbers, or Python objects, "
                "which can run any program when they are read"
            )
        elif values.shape == (n_images,):
            columns[name] = values.tolist()
        elif values.ndim == 2 and values.shape[0] == n_images + 1:
            header, *rows = values.tolist()
            columns |= dict(zip(header, zip(*rows, strict=True), strict=True))
        else:
            notes.append(
                f"{name} of {path.name} is passed over: its shape {values.shape} doesn't fit "
                f"{n_images} images"
            )
    named = {_METADATA_NAMES.get(name, name): values for name, values in columns.items()}
    return [
        metadata_text({name: values[index] for name, values in named.items()})
        for index in range(n_images)
    ]


NPZ: Final = Layout(
    "npz",
    "NPZ files of images X and labels y (TissueNet, DynamicNuclearNet)",
    "tissuenet_v1.1_train.npz\ntissuenet_v1.1_val.npz\ntissuenet_v1.1_test.npz",
    recognise_npz,
    npz_listing,
    has_targets=True,
)
