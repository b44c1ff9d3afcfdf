"""A run in napari: its images from worst to best, its models one after the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pandas as pd

from workbench.schema import OUTCOME_COLOURS, InputError, Member, Overlay
from workbench.studies import RunView, find_member, images_worst_first, load_overlay
from workbench.viewers._display import require_display
from workbench.viewers._layers import show_overlay

WINDOW_PX: Final = (1500, 950)
HELP: Final = "N next image   P previous image   M next model"


class RunInspector:
    """What is on screen, and the steps from there; needs a viewer model, but no window.

    Parameters
    ----------
    viewer
        A napari viewer or viewer model.
    view
        The run.
    member
        Whose predictions are shown first.

    Raises
    ------
    InputError
        If the member has no scored image.
    """

    def __init__(self, viewer: Any, view: RunView, member: Member) -> None:
        self.viewer = viewer
        self.view = view
        self.member = member
        self.images = self._ranked(member)
        self.place = 0
        self.shown: Overlay | None = None
        viewer.bind_key("n", self.next_image, overwrite=True)
        viewer.bind_key("p", self.previous_image, overwrite=True)
        viewer.bind_key("m", self.next_model, overwrite=True)
        self._show()

    @property
    def image_id(self) -> str:
        """The image on screen."""
        return str(self.images["image_id"].iloc[self.place])

    def next_image(self, _viewer: Any = None) -> None:
        """Step towards the best image; after it the worst comes again."""
        self._go(self.place + 1)

    def previous_image(self, _viewer: Any = None) -> None:
        """Step towards the worst image; before it comes the best."""
        self._go(self.place - 1)

    def next_model(self, _viewer: Any = None) -> None:
        """Show the same image as the next model sees it."""
        members = self.view.members
        image_id = self.image_id
        self.member = members[(members.index(self.member) + 1) % len(members)]
        self.images = self._ranked(self.member)
        self._go(list(self.images["image_id"]).index(image_id))

    def _ranked(self, member: Member) -> pd.DataFrame:
        images = images_worst_first(self.view, member)
        if images.empty:
            msg = f"{member.name} has no scored image; run the study to its end first."
            raise InputError(msg)
        return images

    def _go(self, place: int) -> None:
        self.place = place % len(self.images)
        self._show()

    def _show(self) -> None:
        self.shown = load_overlay(self.view, self.member, self.image_id)
        show_overlay(self.viewer, self.shown)
        overlay = self.viewer.canvas.overlays.text
        overlay.visible = True
        overlay.position = "top_left"
        overlay.font_size = 9
        overlay.text = self._caption()

    def _caption(self) -> str:
        row = self.images.iloc[self.place]
        score = "undefined" if pd.isna(row["value"]) else f"{row['value']:.3f}"
        return (
            f"{self.member.name}   {self.image_id}   {self.place + 1} of {len(self.images)} "
            f"from worst to best\n"
            f"F1 {score}: {row['tp']} matched, {row['fn']} missed, {row['fp']} spurious\n{HELP}"
        )


def inspect_run(
    view: RunView, *, model: str | None = None, screenshot: Path | None = None
) -> RunInspector:
    """Open napari on the worst images of a run.

    Parameters
    ----------
    view
        From :func:`workbench.studies.open_view`.
    model
        Whose predictions; the best model by default.
    screenshot
        If given, a picture of the window is written there and the window closes.

    Returns
    -------
    RunInspector
        What was shown. From a script the call returns when the window closes, in Jupyter (with
        ``%gui qt``) at once.

    Raises
    ------
    InputError
        If there is no display, the model is unknown, or the screenshot can't be written.
    """
    member = find_member(view, model)
    require_display()
    import napari

    # Layers added before the window is shown would lose their outlines.
    viewer = napari.Viewer(title=f"workbench: {view.study.name}")
    inspector = RunInspector(viewer, view, member)
    _add_legend(viewer)
    if screenshot is None:
        napari.run()
        return inspector
    try:
        _take_screenshot(viewer, screenshot)
    finally:
        viewer.close()
    return inspector


def _add_legend(viewer: Any) -> None:
    from qtpy.QtWidgets import QLabel

    lines = [
        f'<span style="color:{colour}">&#9632;</span> {outcome}'
        for outcome, colour in OUTCOME_COLOURS.items()
    ]
    lines += [
        '<span style="color:#00A676">&#9633;</span> outline of the reference',
        '<span style="color:#FFFFFF">&#9633;</span> outline of the prediction',
    ]
    label = QLabel("<br>".join(lines))
    label.setMargin(8)
    viewer.window.add_dock_widget(label, name="Cells", area="left")


def _take_screenshot(viewer: Any, path: Path) -> None:
    from qtpy.QtWidgets import QApplication

    viewer.window.resize(*WINDOW_PX)
    viewer.reset_view()
    for _ in range(5):  # the window grows, is laid out, and draws, each an event of its own
        QApplication.processEvents()
    viewer.reset_view()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        viewer.screenshot(str(path), canvas_only=False, flash=False)
    except OSError as error:
        msg = f"{path}: can't write the screenshot ({error}); choose another place."
        raise InputError(msg) from error
