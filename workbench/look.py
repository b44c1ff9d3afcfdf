"""One call to look at a run's failures: in napari, or in the notebook where there is no display."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.schema import InputError, Member
from workbench.studies import (
    FailureChoice,
    RunView,
    chosen_failures,
    find_member,
    open_view,
    run_pictures,
)

if TYPE_CHECKING:
    from workbench.viewers import Inspector
    from workbench.widgets import Comparer, PickedCell


def inspect(
    run: RunView | Path | str,
    *,
    model: str | None = None,
    beside: str | None = None,
    worst: int | None = None,
    error: str = "",
    slice_name: str = "",
    cell: str = "",
    screenshot: Path | None = None,
) -> Inspector | Comparer:
    """Look at the failures of a run: in napari, or in the notebook where there is no display.

    Parameters
    ----------
    run
        An open run, or its folder.
    model
        Whose failures; the best model's by default.
    beside
        A second model to show beside it.
    worst, error, slice_name, cell
        Which failures, see :class:`workbench.studies.FailureChoice`.
    screenshot
        If given, a picture of the napari window is written there and the window closes.

    Returns
    -------
    Inspector or Comparer
        What was opened. In a notebook on a machine without a display the comparer at the same
        cell; a printed line says how to see it in napari.

    Raises
    ------
    InputError
        If what was chosen does not exist; outside of notebooks also if there is no display.
    """
    from workbench.viewers import inspect_run

    view = run if isinstance(run, RunView) else open_view(Path(run))
    choice = FailureChoice(worst=worst, error=error, slice_name=slice_name, cell=cell)
    member = find_member(view, model)
    problem = no_window() if in_notebook() else ""
    if not problem:
        return inspect_run(view, model=model, beside=beside, choice=choice, screenshot=screenshot)
    second = None if beside is None else find_member(view, beside)
    print(  # noqa: T201 - a notebook shows it above the panel
        f"No napari window here ({problem}), so this is the comparer at the same cell. On a "
        f"machine with a screen that sees the run: {command(view, member, choice)}"
    )
    return comparer_at(view, member, choice, beside=second)


def comparer_at(
    view: RunView, member: Member, choice: FailureChoice, *, beside: Member | None = None
) -> Comparer:
    """Return the comparer on the first of the failures that were chosen.

    Parameters
    ----------
    view
        The run.
    member
        Whose failures.
    choice
        Which of them.
    beside
        A second model.

    Raises
    ------
    InputError
        If what was chosen does not exist.
    """
    from workbench.widgets import ComparerState, comparer

    rows = chosen_failures(view, member, choice)
    panels = ["reference", member.name] + ([beside.name] if beside else [])
    panel = comparer(
        run_pictures(view), start=ComparerState(order=member.name, panels=tuple(panels))
    )
    if len(rows):
        first = rows.iloc[0]
        panel.go_to(str(first["image_id"]), _picked(member, first))
        box = first[["top_px", "left_px", "bottom_px", "right_px"]].astype(float)
        top, left, bottom, right = box
        panel.change(centre_px=((top + bottom) / 2, (left + right) / 2), zoom=4.0)
    return panel


def command(view: RunView, member: Member, choice: FailureChoice) -> str:
    """Return the command that opens the same failures in napari."""
    options = {
        "--worst": "" if choice.worst is None else str(choice.worst),
        "--type": choice.error,
        "--slice": choice.slice_name,
        "--cell": choice.cell,
    }
    given = [part for name, value in options.items() if value for part in (name, value)]
    words = ["workbench", "inspect", str(view.run.root), "--model", member.name, *given]
    return subprocess.list2cmdline(words)


def in_notebook() -> bool:
    """Whether this runs in a Jupyter kernel."""
    shell = sys.modules.get("IPython")
    running = None if shell is None else shell.get_ipython()
    return running is not None and getattr(running, "kernel", None) is not None


def no_window() -> str:
    """Return why no window can be opened here, "" if one can.

    Qt ends the whole process where it finds no screen, a notebook's kernel too; so another process
    tries first.
    """
    from workbench.viewers import require_display

    try:
        require_display()
    except InputError as error:
        return str(error).split(". ")[0].removesuffix(".")
    attempt: Any = subprocess.run(
        [sys.executable, "-c", "from qtpy.QtWidgets import QApplication; QApplication([])"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if attempt.returncode == 0:
        return ""
    lines = attempt.stderr.strip().splitlines() or ["Qt can't start"]
    return str(lines[0])


def _picked(member: Member, row: Any) -> PickedCell:
    from workbench.widgets import PickedCell

    side = str(row["side"])
    panel = "reference" if side == "reference" else member.name
    return PickedCell(panel=panel, side=side, cell_id=int(row["cell_id"]))
