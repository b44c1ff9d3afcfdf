"""A path to a data set: whichever layout lies there, or what a ``dataset.yaml`` says."""

import os
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from workbench.datasets._frozen import FrozenSplit, read_frozen_split
from workbench.datasets._image_values import read_choice
from workbench.datasets._layout_values import DEFAULT_OPTIONS, Layout, ReadingOptions
from workbench.datasets._layouts import LAYOUTS, recognised_layouts
from workbench.datasets._names import some, suggest_folder
from workbench.datasets._records import Dataset
from workbench.schema import InputError

DATASET_FILE: Final = "dataset.yaml"


class DatasetFile(BaseModel):
    """A data set described by a file, so that one path says how to read it.

    Attributes
    ----------
    path
        The data set's folder or file; relative paths start at this file.
    layout
        Name in :data:`LAYOUTS`; "" recognises it.
    axes, channels, plane
        As :func:`read_choice` takes them.
    target
        Which labels, where there are several: "nuclei" or "whole_cell".
    split_file
        A frozen split (JSON, from ``workbench data split``) that decides which image is in which
        split and which are left out; relative paths start at this file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path = Path()
    layout: str = ""
    axes: str = ""
    channels: str = ""
    plane: str = ""
    target: str = ""
    split_file: Path | None = None

    @property
    def options(self) -> ReadingOptions:
        """How to read it."""
        choice = read_choice(axes=self.axes, channels=self.channels, plane=self.plane)
        return ReadingOptions(choice, self.target)


def open_dataset(
    path: Path, *, layout: str = "", options: ReadingOptions = DEFAULT_OPTIONS
) -> Dataset:
    r"""Find the images of a data set without reading them.

    Parameters
    ----------
    path
        A folder or file in one of the :data:`LAYOUTS`: ``manifest.csv`` or its folder, a pair
        ``images/`` + ``labels/``, or a public set as it is published. Or a ``dataset.yaml`` (or
        its folder), see :class:`DatasetFile`, which then decides alone.
    layout
        Name of the layout; "" recognises it by the names of files and folders.
    options
        Which channels, planes and labels.

    Returns
    -------
    Dataset
        At least one record.

    Raises
    ------
    InputError
        If nothing is there, the layout is not recognised, lacks something, or is empty.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "manifest.csv").write_text("image_id,image,stain\na,a.tif,DAPI\n")
    >>> (folder / "a.tif").touch()
    >>> open_dataset(folder).records[0].metadata
    {'stain': 'DAPI'}
    """
    if not path.exists():
        msg = f"data set {path}: no such folder or file{suggest_folder(path)}"
        raise InputError(msg)
    described = path / DATASET_FILE if path.is_dir() else path
    if described.name.endswith((".yaml", ".yml")) and described.is_file():
        if layout or options != DEFAULT_OPTIONS:
            msg = f"{described}: says itself how it is read; change it there, or name its data set."
            raise InputError(msg)
        file = read_dataset_file(described)
        data = described.parent / file.path
        if not data.exists():
            msg = f"{described}: path {file.path} does not exist{suggest_folder(data)}"
            raise InputError(msg)
        try:
            found = _listed(data, described, _find_layout(data, file.layout), file.options)
        except InputError as error:
            msg = f"{described}: {error}"
            raise InputError(msg) from error
        if file.split_file is None:
            return found
        return _divided(found, read_frozen_split(described.parent / file.split_file))
    return _listed(path, path, _find_layout(path, layout), options)


def read_dataset_file(path: Path) -> DatasetFile:
    """Read a ``dataset.yaml``.

    Raises
    ------
    InputError
        If it is no YAML, or has unknown or unfit values.
    """
    try:
        return DatasetFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, OSError) as error:
        msg = f"{path}: is no YAML in UTF-8 ({error}); correct it."
        raise InputError(msg) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        msg = f"{path}: {place}: {first['msg']}; it may hold {', '.join(DatasetFile.model_fields)}."
        raise InputError(msg) from error


def write_dataset_file(path: Path, file: DatasetFile) -> None:
    """Write a ``dataset.yaml``; its path of the data set is made to start there, or absolute.

    Raises
    ------
    InputError
        If the file has another ending than .yaml, by which it is recognised.
    """
    if path.suffix not in (".yaml", ".yml"):
        msg = f"{path}: expected a name ending in .yaml, by which data set files are recognised."
        raise InputError(msg)
    folder, data = path.parent.resolve(), file.path.resolve()
    # Where one lies in the other, they move together.
    together = data.is_relative_to(folder) or folder.is_relative_to(data)
    start = Path(os.path.relpath(data, folder)) if together else data
    chosen = file.model_copy(update={"path": start})
    values = {
        name: value
        for name, value in chosen.model_dump(mode="json").items()
        if value or name == "path"
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")


def _find_layout(path: Path, name: str) -> Layout:
    if name:
        if name not in LAYOUTS:
            close = get_close_matches(name, LAYOUTS, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(LAYOUTS)}."
            msg = f"layout {name!r}: no such layout; {hint}"
            raise InputError(msg)
        return LAYOUTS[name]
    found = recognised_layouts(path)
    if not found:
        msg = (
            f"data set {path}: found neither manifest.csv, nor a folder images/, nor the layout of "
            "a public set; make one of them (docs/data.md shows them), or name the layout."
        )
        raise InputError(msg)
    return found[0]


def _divided(dataset: Dataset, frozen: FrozenSplit) -> Dataset:
    """Return a data set with the splits of a frozen split, without images it doesn't name."""
    splits = {image.image_id: image.split for image in frozen.images}
    missing = sorted(splits.keys() - {record.image_id for record in dataset.records})
    if missing:
        msg = (
            f"{dataset.root}: its split names {len(missing)} images that the data set doesn't have "
            f"({some(missing)}); restore them, or split it anew."
        )
        raise InputError(msg)
    kept = [record for record in dataset.records if record.image_id in splits]
    left_out = len(dataset.records) - len(kept)
    notes = (f"{left_out} images are in no split and left out",) if left_out else ()
    return replace(
        dataset,
        records=tuple(replace(record, split=splits[record.image_id]) for record in kept),
        notes=dataset.notes + notes,
    )


def _listed(data: Path, root: Path, layout: Layout, options: ReadingOptions) -> Dataset:
    if options.target and not layout.has_targets:
        msg = (
            f"{root}: target {options.target!r}: data sets of the layout {layout.name} have one "
            "annotation; leave the target out."
        )
        raise InputError(msg)
    listing = layout.listing(data, options)
    if not listing.records:
        msg = f"data set {root} is empty: not one image is listed in it (layout {layout.name})."
        raise InputError(msg)
    name = (data if data.is_dir() else data.with_suffix("")).resolve().name
    if root != data and root.name != DATASET_FILE:
        name = root.stem
    return Dataset(name, root, listing.records, layout.name, listing.notes)
