"""The ledger: every change of every job's state, one line of JSON each, only ever appended.

A kill can at worst cut the last line short; such a line is passed over, and the next entry starts
on a line of its own.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from workbench.store._json_lines import append_lines, read_lines

State = Literal["pending", "running", "done", "failed", "blocked"]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class LedgerEntry:
    """One change of a job's state.

    Attributes
    ----------
    job, key
        Name of the job ("train/unet-0") and hash of what it depends on.
    state
        The state it enters; "blocked" means that a job it needs has failed.
    seconds, peak_memory_mb
        Of a job that ended, else 0.
    detail
        In a failure: the error on one line; in "blocked": the job that failed.
    time
        In UTC.
    """

    job: str
    key: str
    state: State
    seconds: float = 0.0
    peak_memory_mb: float = 0.0
    detail: str = ""
    time: str = field(default_factory=_now)


def append_entries(path: Path, entries: Iterable[LedgerEntry]) -> None:
    """Add lines to the ledger; only the process that holds the run's lock may."""
    append_lines(path, map(asdict, entries))


def read_entries(path: Path) -> list[LedgerEntry]:
    """Return all entries in order, none if there is no ledger."""
    entries = []
    for row in read_lines(path):
        with suppress(TypeError):  # a line of something else
            entries.append(LedgerEntry(**row))
    return entries


def latest_entries(path: Path) -> dict[str, LedgerEntry]:
    """Return the last entry of each job, by name, in the order of their first entries."""
    return {entry.job: entry for entry in read_entries(path)}
