"""Images that claim more memory than there is, or more than their file can hold."""

from math import prod
from pathlib import Path
from typing import Final

import psutil

from workbench.schema import InputError

SMALL: Final = 2**30
"""An array of so many bytes harms nobody, whatever the file that claims it."""

MAX_COMPRESSION: Final = 100_000
"""No compression in use makes an image smaller than that; beyond, it is a trap or damage."""


def refuse_huge(path: Path, shape: list[int], itemsize: int) -> None:
    """Raise if an array would not fit into the memory that is free."""
    needed, free = prod(shape) * itemsize, psutil.virtual_memory().available
    if needed <= min(SMALL, free):
        return
    size = path.stat().st_size if path.is_file() else _folder_bytes(path)
    if needed > min(free, max(SMALL, MAX_COMPRESSION * size)):
        # Numbers in text files can have thousands of digits, too many for a float.
        gib = f"{needed // 2**30:,}" if needed < 2**90 else "far too many"
        sides = " x ".join(str(min(side, 2**64)) for side in shape)
        msg = (
            f"{path}: says that it holds {sides} pixels, which take {gib} GiB of memory; "
            f"{free / 2**30:,.0f} are free, {size:,} bytes are stored. Its header is damaged, or "
            "it must be cut into tiles first."
        )
        raise InputError(msg)


def _folder_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
