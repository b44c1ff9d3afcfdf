"""The Cellpose data set, and whatever else lies as Cellpose trains on it.

``train.zip``, ``test.zip`` and ``train_cyto2.zip`` of [1]_ hold ``000_img.png`` beside
``000_masks.png``. Programs that follow Cellpose write ``<stem>_masks.tif`` beside ``<stem>.tif``;
``_cp_masks`` is what Cellpose itself predicts. The pictures of the set are RGB with the cytoplasm
in green and nuclei, where there are any, in red (Cellpose's documentation trains on it with
``--chan 2 --chan2 1``, green cyto and red nuclei).

References
----------
.. [1] C. Stringer et al., Nat. Methods 18:100, 2021; cellpose.org/dataset.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from workbench.datasets._files import read_image_file
from workbench.datasets._image_axes import channel_places
from workbench.datasets._image_values import WHOLE_FILE, ImageChoice, ImageInfo, ImageRead
from workbench.datasets._layout_pairs import (
    PLAIN_IMAGE_SUFFIXES,
    files_by_key,
    find_root,
    kept_labelled,
    labels_without_image,
    paired_records,
)
from workbench.datasets._layout_values import Layout, Listing, ReadingOptions, files_ending
from workbench.datasets._records import Record
from workbench.schema import InputError

_SPLITS: Final = {"train": "train", "train_cyto2": "train", "test": "test"}
_KINDS: Final = ("masks", "cp_masks")
_MASK_SUFFIXES: Final = (".png", ".tif", ".tiff")
_MASK_STEM: Final = re.compile(r"(.+?)(?:_img)?_(masks|cp_masks)")
_BY_PRODUCT: Final = re.compile(r".+_(?:flows|cp_output|outlines?|prob|dP)(?:_.*)?")
_SET_STEM: Final = re.compile(r"\d{3}_img")
"""Names of the set itself, whose channels are documented."""
CHANNEL_NAMES: Final = ("nuclei", "cytoplasm", "blue")


@dataclass(frozen=True)
class CellposeImage:
    """Reads a picture of the set and names its channels."""

    path: Path
    choice: ImageChoice = WHOLE_FILE

    def __call__(self) -> ImageRead:
        """Read it."""
        image = read_image_file(self.path, replace(self.choice, channels=()))
        pixels, names = image.pixels, image.channel_names
        if pixels.shape[2] == len(CHANNEL_NAMES):
            names = CHANNEL_NAMES
        info = ImageInfo(self.path, "YXC", "given", pixels.shape, str(pixels.dtype))
        places = channel_places(info, names, pixels.shape[2], self.choice.channels)
        if places is not None:
            pixels, names = pixels[..., places], tuple(names[place] for place in places if names)
        return ImageRead(pixels, names, image.pixel_size_um)


def recognise_cellpose(path: Path) -> bool:
    """Whether masks lie beside their images, here or in train/ and test/."""
    return find_root(path, _is_root) is not None


def cellpose_listing(path: Path, options: ReadingOptions) -> Listing:
    """List the images beside their masks.

    Parameters
    ----------
    path
        A folder of images and masks, or one with train/, train_cyto2/ and test/.
    options
        ``target`` is "masks" or "cp_masks", where a folder holds both.

    Raises
    ------
    InputError
        If there are no masks, two files stand for one image, or both kinds lie there and none is
        chosen.
    """
    root = find_root(path, _is_root)
    if root is None:
        msg = f"{path}: expected images with <stem>_masks.png beside them; check the path."
        raise InputError(msg)
    folders = [root / name for name in _SPLITS if (root / name).is_dir()] or [root]
    kind = _chosen_kind(folders, options.target)
    records: list[Record] = []
    notes: list[str] = []
    for folder in folders:
        images = files_by_key(folder, PLAIN_IMAGE_SUFFIXES, _image_key)
        masks = files_by_key(folder, _MASK_SUFFIXES, lambda stem: _mask_key(stem, kind))
        of_set = folder.name in _SPLITS
        found = paired_records(
            images,
            masks,
            options,
            split=_SPLITS.get(folder.name, "test"),
            prefix=f"{folder.name}_" if of_set else "",
            metadata={"part": folder.name} if of_set else None,
        )
        records += [_with_channel_names(record, options) for record in found]
        notes += labels_without_image(images, masks)
    return kept_labelled(records, notes)


def _is_root(folder: Path) -> bool:
    return _has_masks(folder) or any(_has_masks(folder / name) for name in _SPLITS)


def _has_masks(folder: Path) -> bool:
    # Masks alone in a folder are labels without images: a layout of another kind.
    masks = {path for path in files_ending(folder, _MASK_SUFFIXES) if _is_mask(path.stem)}
    stems = {path.stem for path in files_ending(folder, PLAIN_IMAGE_SUFFIXES)}
    return any(_stem_of_image(path.stem) & stems for path in masks)


def _is_mask(stem: str) -> bool:
    return _MASK_STEM.fullmatch(stem) is not None


def _stem_of_image(mask_stem: str) -> set[str]:
    found = _MASK_STEM.fullmatch(mask_stem)
    return {found[1], f"{found[1]}_img"} if found else set()


def _image_key(stem: str) -> str | None:
    if _is_mask(stem) or _BY_PRODUCT.fullmatch(stem):
        return None
    return stem.removesuffix("_img")


def _mask_key(stem: str, kind: str) -> str | None:
    found = _MASK_STEM.fullmatch(stem)
    return found[1] if found and found[2] == kind else None


def _chosen_kind(folders: list[Path], target: str) -> str:
    there = {
        found[2]
        for folder in folders
        for path in files_ending(folder, _MASK_SUFFIXES)
        if (found := _MASK_STEM.fullmatch(path.stem))
    }
    if target in there:
        return target
    if target or len(there) > 1:
        wanted = f"target {target!r} is not there" if target else "choose one"
        msg = (
            f"{folders[0]}: holds the labels {', '.join(sorted(there))}; {wanted}: target masks "
            "for those that people drew, cp_masks for what Cellpose predicted."
        )
        raise InputError(msg)
    return next(iter(there), _KINDS[0])


def _with_channel_names(record: Record, options: ReadingOptions) -> Record:
    if not _SET_STEM.fullmatch(record.image.stem):
        return record
    return replace(record, image_reader=CellposeImage(record.image, options.choice))


CELLPOSE: Final = Layout(
    "cellpose",
    "images with their masks beside them, as the Cellpose data set",
    "train/000_img.png\ntrain/000_masks.png\ntest/000_img.png\ntest/000_masks.png",
    recognise_cellpose,
    cellpose_listing,
    has_targets=True,
)
