"""What readers of layouts share: options, what they find, and what a layout is."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Final

from workbench.datasets._files import describe_image, read_image_file, read_labels
from workbench.datasets._image_values import WHOLE_FILE, ImageChoice, ImageInfo, ImageRead
from workbench.datasets._label_values import LabelSource
from workbench.datasets._records import Record
from workbench.schema import InputError, LabelImage


@dataclass(frozen=True)
class ReadingOptions:
    """What a user chose among what a data set holds.

    Attributes
    ----------
    choice
        Which part of each image file; a layout that knows better per image overrides it.
    target
        Which labels, where a set has several: "nuclei" or "whole_cell", or a name of its own; ""
        takes the only one.
    """

    choice: ImageChoice = WHOLE_FILE
    target: str = ""


MAX_NAME_BYTES: Final = 255
"""Of a file or folder, in all file systems in use."""

DEFAULT_OPTIONS = ReadingOptions()


@dataclass(frozen=True)
class Listing:
    """What a layout's reader finds: records, and sentences on what it passed over."""

    records: tuple[Record, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layout:
    """A way in which data sets lie on disk.

    Attributes
    ----------
    name
        As users write it.
    title
        In words.
    tree
        An example, one file a line.
    recognise
        Whether a folder or file has this layout, told by names alone; quick, never raises.
    listing
        Lists its images without reading them.
    has_targets
        Whether it may hold several annotations, so that a target can be chosen.
    """

    name: str
    title: str
    tree: str
    recognise: Callable[[Path], bool] = field(repr=False)
    listing: Callable[[Path, ReadingOptions], Listing] = field(repr=False)
    has_targets: bool = False


@dataclass(frozen=True)
class ImageFile:
    """Reads the chosen part of an image file."""

    path: Path
    choice: ImageChoice = WHOLE_FILE

    def __call__(self) -> ImageRead:
        """Read it."""
        return read_image_file(self.path, self.choice)


def record_info(record: Record) -> ImageInfo | None:
    """Return what the file of a record says of itself; None where the image is part of more.

    Raises
    ------
    InputError
        If the file can't be read.
    """
    reader = record.image_reader
    if isinstance(reader, ImageFile):
        return describe_image(reader.path, reader.choice)
    return describe_image(record.image) if reader is None else None


@dataclass(frozen=True)
class LabelFile:
    """Reads the plane of a label file that belongs to the chosen part of its image."""

    path: Path
    choice: ImageChoice

    def __call__(self) -> LabelImage:
        """Read it."""
        return read_labels(self.path, self.choice)


@dataclass(frozen=True)
class SourceLabels:
    """Reads the labels of one image from a source of many."""

    source: LabelSource
    image_id: str
    shape: tuple[int, int] | None = None

    def __call__(self) -> LabelImage:
        """Read them; what the source notes on the way is dropped."""
        return self.source.read(self.image_id, shape=self.shape, check_pieces=False).labels


def inside(folder: Path, name: str, *, named_by: Path) -> Path:
    """Return the path of a file that an index names, if it stays in its folder.

    Parameters
    ----------
    folder
        Where relative names start.
    name
        As it stands in the index.
    named_by
        The index, for the error.

    Raises
    ------
    InputError
        If the name is absolute or climbs out of the folder: an index from elsewhere must not
        reach other files of this machine. Or if it can't be the name of a file.

    Notes
    -----
    Links in the folder are followed, wherever they lead: no index makes one and :func:`unpack`
    writes none, so that whoever put it there meant it.
    """
    path = PurePath(name.replace("\\", "/"))
    if "\0" in name or any(
        len(part.encode("utf-8", "surrogatepass")) > MAX_NAME_BYTES for part in path.parts
    ):
        msg = f"{named_by}: names the file {name[:50]!r}..., which no file is called; correct it."
        raise InputError(msg)
    depth = 0
    for part in path.parts:
        depth += -1 if part == ".." else 1
        if depth < 0 or path.is_absolute():
            msg = (
                f"{named_by}: names the file {name!r}, which lies outside {folder}; put the file "
                "inside and correct the name."
            )
            raise InputError(msg)
    return folder / path


def metadata_text(values: Mapping[str, object]) -> dict[str, str]:
    """Return metadata as text, without what is empty."""
    return {name: str(value) for name, value in values.items() if value not in (None, "")}


def subfolders(folder: Path) -> list[Path]:
    """Return the folders in a folder, in the order of their names, none if it is no folder."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] != ".")


def files_ending(folder: Path, suffixes: Iterable[str]) -> list[Path]:
    """Return the files of a folder with one of these endings, in the order of their names."""
    wanted = tuple(suffixes)
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.name.lower().endswith(wanted) and not path.name.startswith(".")
    )
