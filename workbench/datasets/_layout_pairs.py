"""Images and labels of the same name: what several layouts of public sets have in common."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from workbench.datasets._label_files import LabelFiles
from workbench.datasets._layout_values import (
    ImageFile,
    Listing,
    ReadingOptions,
    files_ending,
    subfolders,
)
from workbench.datasets._names import some
from workbench.datasets._records import Record
from workbench.schema import InputError, LabelImage

PLAIN_IMAGE_SUFFIXES: Final = (".tif", ".tiff", ".png", ".jpg", ".jpeg", ".bmp")
"""What public sets keep images in; NPY and Zarr mean something else there."""


@dataclass(frozen=True)
class RecognisedLabels:
    """Reads a label file of which only its content tells whether it is a mask."""

    path: Path

    def __call__(self) -> LabelImage:
        """Read it."""
        return LabelFiles({"": self.path})("", None, check_pieces=False).labels


def has_files(folder: Path, suffixes: Iterable[str]) -> bool:
    """Whether a folder holds a file with one of these endings; stops at the first."""
    wanted = tuple(suffixes)
    return folder.is_dir() and any(
        path.name.lower().endswith(wanted) and path.name[0] != "." for path in folder.iterdir()
    )


def find_root(path: Path, looks_right: Callable[[Path], bool]) -> Path | None:
    """Return where a layout begins: at the path, or in the only folder in it.

    Archives are often unpacked into a folder of their own.
    """
    if not path.is_dir():
        return None
    if looks_right(path):
        return path
    within = [folder for folder in subfolders(path) if folder.name != "__MACOSX"]
    return within[0] if len(within) == 1 and looks_right(within[0]) else None


def files_by_key(
    folder: Path, suffixes: Iterable[str], key: Callable[[str], str | None]
) -> dict[str, Path]:
    """Return the files of a folder by what their stems have in common with other files.

    Parameters
    ----------
    folder
        Where to look, not deeper.
    suffixes
        Endings of the files, small letters.
    key
        From the stem to the key; None passes the file over.

    Raises
    ------
    InputError
        If two files have the same key.
    """
    files: dict[str, Path] = {}
    for path in files_ending(folder, suffixes):
        name = key(path.stem)
        if name is None:
            continue
        if name in files:
            msg = (
                f"{folder}: {files[name].name} and {path.name} both stand for {name!r}; keep one "
                "of them."
            )
            raise InputError(msg)
        files[name] = path
    return files


def paired_records(
    images: Mapping[str, Path],
    labels: Mapping[str, Path],
    options: ReadingOptions,
    *,
    split: str,
    prefix: str = "",
    metadata: Mapping[str, str] | None = None,
) -> list[Record]:
    """Return a record for every image, with the label file of the same key if there is one."""
    return [
        Record(
            f"{prefix}{key}",
            path,
            labels.get(key),
            split,
            dict(metadata or {}),
            image_reader=ImageFile(path, options.choice),
        )
        for key, path in images.items()
    ]


def labels_without_image(images: Mapping[str, Path], labels: Mapping[str, Path]) -> tuple[str, ...]:
    """Return a note on label files that no image belongs to, if there are any."""
    lonely = [path for key, path in labels.items() if key not in images]
    if not lonely:
        return ()
    names = some([path.name for path in lonely])
    return (f"{lonely[0].parent}: {len(lonely)} label files without an image: {names}.",)


def kept_labelled(records: Sequence[Record], notes: Sequence[str] = ()) -> Listing:
    """List the images that have labels; all of them if none has.

    Unlabelled images beside labelled ones would stop whoever scores the whole set; a set without
    any labels is there to be segmented.
    """
    labelled = tuple(record for record in records if record.labels is not None)
    if not labelled:
        return Listing(tuple(records), tuple(notes))
    without = [str(record.image) for record in records if record.labels is None]
    if without:
        notes = (*notes, f"{len(without)} images without labels left out: {some(without)}.")
    return Listing(labelled, tuple(notes))


def with_unique_ids(records: Sequence[Record]) -> list[Record]:
    """Put the split before every image id if ids repeat between splits."""
    counts = Counter(record.image_id for record in records)
    if not counts or max(counts.values()) == 1:
        return list(records)
    return [replace(record, image_id=f"{record.split}_{record.image_id}") for record in records]
