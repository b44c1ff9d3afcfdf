"""The ledger: every change of every job's state, one line of JSON each, only ever appended.

A kill can at worst cut the last line short; such a line is passed over, and the next entry starts
on a line of its own.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

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
    lines = "".join(json.dumps(asdict(entry)) + "\n" for entry in entries)
    with path.open("ab+") as file:
        if file.tell():
            file.seek(-1, 2)
            if file.read(1) != b"\n":
                lines = "\n" + lines
        file.write(lines.encode())


def read_entries(path: Path) -> list[LedgerEntry]:
    """Return all entries in order, none if there is no ledger."""
    if not path.is_file():
        return []
    entries = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entries.append(LedgerEntry(**json.loads(line)))
        except (json.JSONDecodeError, TypeError):
            continue  # a line that a kill cut short
    return entries


def latest_entries(path: Path) -> dict[str, LedgerEntry]:
    """Return the last entry of each job, by name, in the order of their first entries."""
    return {entry.job: entry for entry in read_entries(path)}
