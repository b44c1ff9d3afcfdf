"""A run as seen in a terminal: one live line per job, or plain lines where there is no terminal."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from workbench.store import State
from workbench.studies._runner import Listener

MARKS: Final[dict[State, tuple[str, str]]] = {
    "pending": ("·", "dim"),
    "running": ("▸", "bold cyan"),
    "done": ("✓", "green"),
    "failed": ("✗", "bold red"),
    "blocked": ("–", "yellow"),
}


@dataclass
class _Line:
    state: State = "pending"
    text: str = ""
    started: float = 0.0
    seconds: float = 0.0
    reused: bool = True

    def elapsed_s(self) -> float:
        return time.monotonic() - self.started if self.state == "running" else self.seconds


@contextmanager
def show_progress(jobs: Sequence[str], console: Console) -> Iterator[Listener]:
    """Show the jobs of a run while the block runs.

    Parameters
    ----------
    jobs
        Their names, in order.
    console
        Where to; a live table if it is a terminal, else a line per change.
    """
    if not console.is_terminal:
        yield PlainProgress(console)
        return
    table = LiveProgress(jobs)
    with Live(get_renderable=table.render, console=console, refresh_per_second=4):
        yield table


class LiveProgress:
    """A table of all jobs, one line each."""

    def __init__(self, jobs: Sequence[str]) -> None:
        self._lines = {job: _Line() for job in jobs}
        self._lock = threading.Lock()

    def changed(self, job: str, state: State, detail: str) -> None:
        """Show the new state of a job."""
        with self._lock:
            line = self._lines[job]
            if state == "running":
                line.started, line.reused = time.monotonic(), False
            elif line.state == "running":
                line.seconds = time.monotonic() - line.started
            line.state, line.text = state, one_line(detail)

    def told(self, job: str, text: str) -> None:
        """Show what a job says beside it."""
        with self._lock:
            if self._lines[job].state == "running":
                self._lines[job].text = text

    def render(self) -> Table:
        """Return the table as it stands."""
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, justify="right")
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        with self._lock:
            for job, line in self._lines.items():
                mark, style = MARKS[line.state]
                text = line.text
                if line.state == "done":
                    text = "done before" if line.reused else ""
                elapsed = line.elapsed_s()
                table.add_row(
                    Text(mark, style),
                    Text(job, "" if line.state == "running" else style),
                    Text(clock(elapsed) if elapsed else "", "dim"),
                    Text(text, "dim"),
                )
        return table


class PlainProgress:
    """A line whenever a job starts or ends; what it says in between is left out."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = time.monotonic()
        self._job_started: dict[str, float] = {}

    def changed(self, job: str, state: State, detail: str) -> None:
        """Print the new state of a job."""
        if state == "pending" and not detail:
            return
        if state == "running":
            self._job_started[job] = time.monotonic()
        took = ""
        if state in ("done", "failed"):
            began = self._job_started.get(job)
            took = f" in {clock(time.monotonic() - began)}" if began else " before"
        word = "again" if state == "pending" else state
        more = f": {one_line(detail)}" if detail else ""
        elapsed = clock(time.monotonic() - self._started)
        self._console.print(
            f"{elapsed:>8}  {word:8} {job}{took}{more}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )

    def told(self, job: str, text: str) -> None:
        """Pass over what a job says."""


def clock(seconds: float) -> str:
    """Return a duration for people.

    Examples
    --------
    >>> clock(7.24), clock(75), clock(3700)
    ('7.2 s', '1:15', '1:01:40')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def one_line(text: str, limit: int = 160) -> str:
    """Return the first line of a text, cut if it is long."""
    first = text.strip().splitlines()[0] if text.strip() else ""
    return first if len(first) <= limit else first[: limit - 1] + "…"
