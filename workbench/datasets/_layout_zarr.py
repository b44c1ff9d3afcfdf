"""A folder of OME-Zarr images, each with its labels inside.

OME-Zarr [1]_ keeps label images of a picture in its folder ``labels/``, whose metadata list their
names: ``labels`` in ``.zattrs`` (version 0.4) or ``ome.labels`` in ``zarr.json`` (0.5). A label
image has the axes of its picture or fewer.

References
----------
.. [1] J. Moore et al., Nat. Methods 18:1496, 2021; ngff.openmicroscopy.org, 0.4 and 0.5.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from workbench.datasets._files import plain_labels
from workbench.datasets._image_axes import arranged, plane_selection, settled
from workbench.datasets._image_memory import refuse_huge
from workbench.datasets._image_values import WHOLE_FILE, ImageChoice
from workbench.datasets._image_zarr import open_zarr
from workbench.datasets._layout_pairs import kept_labelled
from workbench.datasets._layout_values import (
    ImageFile,
    Layout,
    Listing,
    ReadingOptions,
    inside,
    subfolders,
)
from workbench.datasets._records import Record
from workbench.schema import InputError, LabelImage

_METADATA: Final = ("zarr.json", ".zattrs")


@dataclass(frozen=True)
class ZarrLabels:
    """Reads a label image inside an OME-Zarr picture, in the plane that the picture is read in."""

    path: Path
    choice: ImageChoice = WHOLE_FILE

    def __call__(self) -> LabelImage:
        """Read them."""
        try:
            info, load = open_zarr(self.path)
            choice = replace(WHOLE_FILE, axes=_without_channels(self.choice.axes, info.axes))
            info = settled(info, choice)
            choice = replace(choice, planes=self._planes(info.axes, info.shape))
            selection = plane_selection(info, choice)
            refuse_huge(self.path, list(info.shape), np.dtype(info.dtype).itemsize)
            pixels = arranged(load(selection), info, choice, selection).pixels
        except InputError:
            raise
        except Exception as error:
            # Zarr and its codecs fail in many types; whatever it is, the folder is at fault.
            msg = (
                f"{self.path}: can't be read as OME-Zarr ({type(error).__name__}: "
                f"{str(error)[:200]}); export the labels again."
            )
            raise InputError(msg) from error
        return plain_labels(pixels, name=str(self.path))

    def _planes(self, axes: str, shape: Sequence[int]) -> tuple[tuple[str, Any], ...]:
        planes = []
        for axis, place in self.choice.planes:
            if axis not in axes or shape[axes.index(axis)] == 1:
                continue
            if place == "max":
                msg = (
                    f"{self.path}: labels have no brightest {axis}; choose one plane, {axis}=0 to "
                    f"{axis}={shape[axes.index(axis)] - 1}."
                )
                raise InputError(msg)
            planes.append((axis, place))
        return tuple(planes)


def recognise_zarr(path: Path) -> bool:
    """Whether a folder holds OME-Zarr pictures, or is one."""
    return path.is_dir() and bool(_pictures(path))


def zarr_listing(path: Path, options: ReadingOptions) -> Listing:
    """List OME-Zarr pictures with their labels.

    Parameters
    ----------
    path
        A folder of .zarr folders, or one of them.
    options
        ``target`` is the name of the labels, where a picture has several.

    Raises
    ------
    InputError
        If a picture has several labels and none is chosen, or its metadata are damaged.
    """
    pictures = _pictures(path)
    if not pictures:
        msg = f"{path}: expected folders ending in .zarr; check the path."
        raise InputError(msg)
    records = []
    unused: dict[str, int] = {}
    for picture in pictures:
        names = _label_names(picture)
        name = _chosen(picture, names, options.target)
        for other in names:
            unused[other] = unused.get(other, 0) + (other != name)
        records.append(_record(picture, name, options))
    notes = [
        f"{path}: labels {n!r} of {count} images are not used."
        for n, count in unused.items()
        if count
    ]
    return kept_labelled(records, notes)


def _pictures(path: Path) -> list[Path]:
    if path.suffix.lower() == ".zarr":
        return [path]
    return [folder for folder in subfolders(path) if folder.suffix.lower() == ".zarr"]


def _label_names(picture: Path) -> list[str]:
    for file in (picture / "labels" / name for name in _METADATA):
        if not file.is_file():
            continue
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            attributes = content.get("attributes", {}) if file.name == "zarr.json" else content
            names = attributes.get("ome", attributes).get("labels", [])
        except (ValueError, AttributeError, RecursionError, OSError) as error:
            msg = f"{file}: is no JSON object of OME-Zarr ({error}); export the picture again."
            raise InputError(msg) from error
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            msg = f"{file}: expected the names of labels, got {names!r}; export the picture again."
            raise InputError(msg)
        return names
    return []


def _chosen(picture: Path, names: list[str], target: str) -> str:
    if target:
        return target if target in names else ""
    if len(names) > 1:
        msg = f"{picture}: has the labels {', '.join(names)}; choose one by target {names[0]}."
        raise InputError(msg)
    return names[0] if names else ""


def _record(picture: Path, name: str, options: ReadingOptions) -> Record:
    folder = picture / "labels"
    labels = inside(folder, name, named_by=folder) if name else None
    if labels and not labels.is_dir():
        msg = f"{folder}: names the labels {name!r}, which are not there; export the picture again."
        raise InputError(msg)
    return Record(
        picture.stem.removesuffix(".ome"),
        picture,
        labels,
        "test",
        {"labels": name} if name else {},
        image_reader=ImageFile(picture, options.choice),
        label_reader=ZarrLabels(labels, options.choice) if labels else None,
    )


def _without_channels(axes: str, own: str) -> str:
    # Where the user corrects the picture's axes, labels lack its channels.
    return axes.replace("C", "") if axes and len(own) < len(axes) else axes


OME_ZARR: Final = Layout(
    "ome_zarr",
    "OME-Zarr pictures with labels inside",
    "a.ome.zarr/0\na.ome.zarr/labels/cells/0\nb.ome.zarr/0",
    recognise_zarr,
    zarr_listing,
    has_targets=True,
)
