"""Slices that somebody has named and kept: images, or cells in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.schema import InputError
from workbench.store._json_lines import append_lines, read_lines

LONGEST_NAME = 60


@dataclass(frozen=True)
class KeptSlice:
    """Images with a name, or cells in them.

    Attributes
    ----------
    name
        By which commands and panels find it.
    image_ids
        Each once.
    cells
        Pairs of image id and id of a reference cell; empty where whole images were chosen.
    how
        What was chosen, in words.
    """

    name: str
    image_ids: tuple[str, ...]
    cells: tuple[tuple[str, int], ...] = ()
    how: str = ""


def keep_slice(path: Path, kept: KeptSlice) -> None:
    """Add a slice to the file of a run; one of the same name is replaced.

    Raises
    ------
    InputError
        If the name is empty or longer than 60 letters, or the slice has no image.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "slices.jsonl"
    >>> keep_slice(path, KeptSlice("dense", ("im1", "im2")))
    >>> read_slices(path)["dense"].image_ids
    ('im1', 'im2')
    """
    if not 0 < len(kept.name.strip()) <= LONGEST_NAME:
        msg = f"a slice needs a name of 1 to {LONGEST_NAME} letters, got {kept.name!r}."
        raise InputError(msg)
    if not kept.image_ids:
        msg = f"slice {kept.name!r} has no image; choose some first."
        raise InputError(msg)
    append_lines(
        path,
        [
            {
                "name": kept.name.strip(),
                "image_ids": list(kept.image_ids),
                "cells": [list(cell) for cell in kept.cells],
                "how": kept.how,
            }
        ],
    )


def read_slices(path: Path) -> dict[str, KeptSlice]:
    """Return the slices of a run by name, none where nobody kept any."""
    return {
        row["name"]: KeptSlice(
            row["name"],
            tuple(row["image_ids"]),
            tuple((str(image_id), int(cell)) for image_id, cell in row["cells"]),
            row["how"],
        )
        for row in read_lines(path)
        if {"name", "image_ids", "cells", "how"} <= set(row)
    }


def find_kept_slice(path: Path, name: str) -> Sequence[str]:
    """Return the image ids of a slice.

    Raises
    ------
    InputError
        If no slice is called so; the message lists those there are.
    """
    slices = read_slices(path)
    if name not in slices:
        there = ", ".join(slices) or "none yet"
        msg = f"no slice {name!r} was kept with this run; there are {there}."
        raise InputError(msg)
    return slices[name].image_ids
