"""One runner per run folder."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from workbench.schema import InputError
from workbench.store._atomic import write_text


@contextmanager
def lock_run(folder: Path) -> Iterator[None]:
    """Hold a run folder for this process.

    The operating system frees the lock when the process ends, however it ends.

    Raises
    ------
    InputError
        If another process holds the folder; the message names its id and host.
    """
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        msg = (
            f"{folder} is in use by {_describe(folder)}; wait for it to end, or choose another "
            "folder with --out."
        )
        raise InputError(msg) from None
    try:
        write_text(
            folder / ".runner.json", json.dumps({"pid": os.getpid(), "host": socket.gethostname()})
        )
        yield
    finally:
        lock.release()


def is_locked(folder: Path) -> bool:
    """Whether a runner is at work in this folder."""
    if not (folder / ".lock").is_file():
        return False
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def _describe(folder: Path) -> str:
    try:
        runner = json.loads((folder / ".runner.json").read_text(encoding="utf-8"))
        return f"process {runner['pid']} on host {runner['host']}"
    except (OSError, ValueError, KeyError):
        return "another runner"
