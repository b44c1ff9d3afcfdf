"""A run in a napari window."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workbench.schema import InputError
from workbench.studies import FailureChoice, RunView, find_member
from workbench.viewers._display import require_display

if TYPE_CHECKING:
    from workbench.viewers._inspector import Inspector

WINDOW_PX: Final = (1366, 768)
DOCK: Final = "Failures"


def inspect_run(
    view: RunView,
    *,
    model: str | None = None,
    beside: str | None = None,
    choice: FailureChoice | None = None,
    screenshot: Path | None = None,
    theme: str | None = None,
) -> Inspector:
    """Open napari on the failures of a run.

    Parameters
    ----------
    view
        From :func:`workbench.studies.open_view`.
    model
        Whose failures; the best model's by default.
    beside
        A second model to show beside it.
    choice
        Which failures; all by default.
    screenshot
        If given, a picture of the window is written there and the window closes.
    theme
        "dark" or "light"; as set in napari by default.

    Returns
    -------
    Inspector
        What was shown. From a script the call returns when the window closes, in Jupyter at once.

    Raises
    ------
    InputError
        If there is no display, what was chosen does not exist, or the screenshot can't be written.
    """
    member = find_member(view, model)
    second = None if beside is None else find_member(view, beside)
    if second == member:
        msg = f"{member.name} can't be shown beside itself; name another model."
        raise InputError(msg)
    require_display()
    import napari

    from workbench.viewers._inspector import ALL, Inspector

    # Layers added before the window is shown would lose their outlines.
    viewer = napari.Viewer(title=f"workbench: {view.study.name}")
    try:
        if theme is not None:
            viewer.theme = theme
        inspector = Inspector(viewer, view, member, choice=choice or ALL, beside=second)
        add_dock(viewer, inspector)
        # napari collects garbage whenever a layer goes, which takes a third of a second as long as
        # all that was loaded is looked through each time.
        gc.freeze()
        if screenshot is not None:
            _take_screenshot(viewer, inspector, screenshot)
    except InputError:
        viewer.close()
        raise
    if screenshot is None:
        napari.run()
    else:
        viewer.close()
    return inspector


def add_dock(viewer: Any, inspector: Inspector) -> Any:
    """Put the list of failures at the right of a window."""
    from workbench.viewers._dock import FailureDock

    dock = FailureDock(inspector)
    viewer.window.add_dock_widget(dock, name=DOCK, area="right")
    return dock


def _take_screenshot(viewer: Any, inspector: Inspector, path: Path) -> None:
    from qtpy.QtWidgets import QApplication

    viewer.window.resize(*WINDOW_PX)
    for _ in range(5):  # the window grows, is laid out, and draws, each an event of its own
        QApplication.processEvents()
    inspector.frame()
    for _ in range(5):
        QApplication.processEvents()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        viewer.screenshot(str(path), canvas_only=False, flash=False)
    except OSError as error:
        msg = f"{path}: can't write the screenshot ({error}); choose another place."
        raise InputError(msg) from error
