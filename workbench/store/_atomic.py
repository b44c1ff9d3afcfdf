"""Writes that are whole or not there: beside, then renamed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a path to write to; rename it to ``path`` when the block ends well.

    A kill at any moment leaves the old file or the new one, never a part. If the block raises,
    nothing stays behind.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "scores.csv"
    >>> with atomic_path(path) as partial:
    ...     _ = partial.write_text("f1")
    >>> path.read_text(), len(list(path.parent.iterdir()))
    ('f1', 1)
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix stays last: writers choose their format by it.
    partial = path.with_name(f".{path.stem}.partial-{os.getpid()}{path.suffix}")
    try:
        yield partial
        partial.replace(path)
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8, whole or not at all."""
    with atomic_path(path) as partial:
        partial.write_text(text, encoding="utf-8")


def move_folder(source: Path, target: Path) -> None:
    """Rename a folder, putting it in the place of ``target`` if that exists."""
    target.parent.mkdir(parents=True, exist_ok=True)
    remove_folder(target)
    source.replace(target)


def remove_folder(folder: Path) -> None:
    """Delete a folder with its contents; nothing happens if there is none.

    It is renamed first, so that no moment shows it half empty under its own name.
    """
    doomed = folder.with_name(f".{folder.name}.removed-{os.getpid()}")
    with suppress(FileNotFoundError):
        folder.replace(doomed)
    shutil.rmtree(doomed, ignore_errors=True)
