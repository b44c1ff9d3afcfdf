"""ZIP and TAR files to folders, whatever they hold: nothing outside, no links, no bombs."""

import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final

from workbench.schema import InputError

MAX_RATIO: Final = 200
"""Images pack into a tenth of their size; what grows by more than this was made to do harm."""

SMALL_BYTES: Final = 2**28
"""Below this nobody is harmed: a few empty label images pack into almost nothing."""

_KEEP_FREE_BYTES: Final = 2**28
_ERRORS: Final = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError, RuntimeError,
    ValueError,
)  # fmt: skip


@dataclass(frozen=True)
class _Member:
    name: str
    n_bytes: int
    is_file: bool
    is_folder: bool
    open: Callable[[], IO[bytes]]


def is_archive(path: Path) -> bool:
    """Whether a file is a ZIP or TAR, packed or not, by its content."""
    return zipfile.is_zipfile(path) or tarfile.is_tarfile(path)


def unpack(archive: Path, folder: Path) -> list[str]:
    """Unpack a ZIP or TAR file.

    Parameters
    ----------
    archive
        The file; TAR may be packed by gzip, bzip2 or xz.
    folder
        Where to; what is there and has the same name is replaced.

    Returns
    -------
    list of str
        The files that came out, relative to the folder. Resource forks of macOS are left out.

    Raises
    ------
    InputError
        If it is neither, is damaged, holds links or names outside the folder, doesn't fit on the
        disk, or grows by more than :data:`MAX_RATIO`; nothing is written then, unless the
        archive turns out to be damaged midway.
    """
    if not is_archive(archive):
        msg = f"{archive}: is neither ZIP nor TAR; the publisher sent something else, look into it."
        raise InputError(msg)
    try:
        with _members(archive) as members:
            _refuse_unsafe(archive, members, folder)
            return [member.name for member in members if member.is_file and _write(member, folder)]
    except _ERRORS as error:
        kind = type(error).__name__
        msg = f"{archive}: is damaged ({kind}: {error}); delete it and download again."
        raise InputError(msg) from error


@contextmanager
def _members(archive: Path) -> Iterator[list[_Member]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as file:
            yield [_zip_member(file, info) for info in file.infolist() if _wanted(info.filename)]
    else:
        with tarfile.open(archive) as tar:
            yield [_tar_member(tar, info) for info in _bounded(archive, tar) if _wanted(info.name)]


def _bounded(archive: Path, tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    # Listing a packed TAR unpacks it, so its size must be watched on the way.
    total = 0
    for info in tar:
        total += info.size
        _refuse_bomb(archive, total)
        yield info


def _zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Member:
    kind = stat.S_IFMT(info.external_attr >> 16)
    plain = kind in (0, stat.S_IFREG, stat.S_IFDIR)
    return _Member(
        info.filename.replace("\\", "/"),
        info.file_size,
        plain and not info.is_dir(),
        plain and info.is_dir(),
        lambda: archive.open(info),
    )


def _tar_member(archive: tarfile.TarFile, info: tarfile.TarInfo) -> _Member:
    def opened() -> IO[bytes]:
        content = archive.extractfile(info)
        if content is None:
            msg = f"{info.name} has no content"
            raise tarfile.TarError(msg)
        return content

    return _Member(info.name.replace("\\", "/"), info.size, info.isfile(), info.isdir(), opened)


def _wanted(name: str) -> bool:
    return "__MACOSX" not in PurePosixPath(name).parts


def _refuse_unsafe(archive: Path, members: list[_Member], folder: Path) -> None:
    for member in members:
        path = PurePosixPath(member.name)
        if path.is_absolute() or ".." in path.parts or ":" in (path.parts or ("",))[0]:
            msg = (
                f"{archive}: holds {member.name!r}, which would be written outside {folder}; "
                "nothing was unpacked. Don't trust this file."
            )
            raise InputError(msg)
        if not (member.is_file or member.is_folder):
            msg = (
                f"{archive}: holds the link or device {member.name!r}; nothing was unpacked. Don't "
                "trust this file."
            )
            raise InputError(msg)
    total = sum(member.n_bytes for member in members)
    _refuse_bomb(archive, total)
    refuse_full_disk(folder, total, what=f"the content of {archive.name}")


def _refuse_bomb(archive: Path, total: int) -> None:
    if total > max(SMALL_BYTES, MAX_RATIO * archive.stat().st_size):
        msg = (
            f"{archive}: {archive.stat().st_size:,} bytes would grow to {total:,} or more, "
            "which no images do; nothing was unpacked. Don't trust this file."
        )
        raise InputError(msg)


def refuse_full_disk(folder: Path, n_bytes: int, *, what: str) -> None:
    """Raise if so many bytes would not leave room on the disk."""
    there = folder
    while not there.exists():
        there = there.parent
    free = shutil.disk_usage(there).free
    if n_bytes + _KEEP_FREE_BYTES > free:
        msg = (
            f"{folder}: {what} takes {n_bytes / 2**30:,.1f} GiB, the disk has {free / 2**30:,.1f} "
            "free; make room or choose a folder on another disk."
        )
        raise InputError(msg)


def _write(member: _Member, folder: Path) -> bool:
    path = folder / PurePosixPath(member.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    with member.open() as source, path.open("wb") as target:
        shutil.copyfileobj(source, target, 2**20)
    return True
