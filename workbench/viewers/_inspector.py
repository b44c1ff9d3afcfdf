"""The failures of a run in napari: which one is on screen, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, get_args

import numpy as np
import pandas as pd

from workbench.schema import InputError, LabelImage, Member
from workbench.store import Judgement, Verdict, read_verdicts
from workbench.studies import (
    Correction,
    FailureChoice,
    RunView,
    chosen_failures,
    correct_annotation,
    find_member,
    images_worst_first,
    judge_cell,
    judged_rows,
)
from workbench.viewers._layers import REFERENCE, draw_cells, show_layers, stale
from workbench.viewers._scene import PREDICTED, Box, RunScenes

JUDGEMENTS: Final[tuple[Judgement, ...]] = get_args(Judgement)
KEYS: Final[Mapping[str, str]] = {
    "N": "next failure",
    "Shift-N": "previous failure",
    "T": "next model",
    "D": "two models side by side",
    "H": "outlines or filled cells",
    "Q": "verdict: model error",
    "W": "verdict: annotation error",
    "R": "verdict: ambiguous",
    "K": "correct this cell",
    "Shift-K": "save the correction",
}
"""None of them means anything to napari while an image or labels are selected."""
ALL: Final = FailureChoice()
FRAMES_SHOWN: Final = 3.0
"""How many times as high and wide as the failure its surroundings are."""
SMALLEST_VIEW_PX: Final = 48


class Inspector:
    """A walk through failures; needs a viewer model, but no window.

    Parameters
    ----------
    viewer
        A napari viewer or viewer model.
    view
        The run.
    member
        Whose failures.
    choice
        Which of them.
    beside
        A second model to show beside it.
    reviewer
        Written beside verdicts and corrections.

    Attributes
    ----------
    rows
        The list, as :func:`workbench.studies.failure_rows`, with the last ``judgement`` on each.
    place
        Row on screen, from 0; -1 for an image in which the list has nothing.
    image_id
        On screen.
    notice
        What happened last, in words.
    note
        Goes with the next verdict or correction that a key makes.
    listeners
        Called after every change.

    Raises
    ------
    InputError
        If what was chosen does not exist.
    """

    def __init__(
        self,
        viewer: Any,
        view: RunView,
        member: Member,
        *,
        choice: FailureChoice = ALL,
        beside: Member | None = None,
        reviewer: str = "",
    ) -> None:
        self.viewer = viewer
        self.view = view
        self.member = member
        self.beside = beside
        self.choice = choice
        self.reviewer = reviewer
        self.scenes = RunScenes(view)
        self.notice = ""
        self.note = ""
        self.listeners: list[Callable[[], None]] = []
        self.rows = self._listed(choice)
        self.place = 0 if len(self.rows) else -1
        self.image_id = self._first_image()
        self._filled = False
        self._bind()
        self._show()

    # What is on screen

    @property
    def row(self) -> pd.Series | None:
        """The failure on screen, None where there is none."""
        return None if self.place < 0 else self.rows.iloc[self.place]

    @property
    def version(self) -> int:
        """Of the annotation on screen, 0 for the data set's own."""
        return self.scenes.annotation(self.image_id).version

    @property
    def has_edits(self) -> bool:
        """Whether the reference on screen differs from the one that is stored."""
        layer = self._reference_layer()
        if layer is None:
            return False
        return not np.array_equal(layer.data, self.scenes.annotation(self.image_id).labels)

    # Walking

    def go(self, place: int) -> None:
        """Show a row of the list; after the last comes the first."""
        if not len(self.rows):
            self._tell("This list has no failure; choose others.")
            return
        place %= len(self.rows)
        if self._may_leave(str(self.rows["image_id"].iloc[place])):
            self.place = place
            self.image_id = str(self.rows["image_id"].iloc[place])
            self.notice = ""
            self._show()

    def next_failure(self, _viewer: Any = None) -> None:
        """Step down the list."""
        self.go(self.place + 1)

    def previous_failure(self, _viewer: Any = None) -> None:
        """Step up the list."""
        self.go(self.place - 1 if self.place >= 0 else len(self.rows) - 1)

    def next_model(self, _viewer: Any = None) -> None:
        """Show the same place as the next model sees it, and list that model's failures."""
        members = self.scenes.members
        self.set_member(members[(members.index(self.member) + 1) % len(members)].name)

    def set_member(self, name: str) -> None:
        """List the failures of another model; the place on screen stays.

        Raises
        ------
        InputError
            If there is no such model.
        """
        member = find_member(self.view, name)
        # A cell that was asked for by number is one of the model before.
        choice = replace(self.choice, cell="")
        if member == self.beside:
            self.beside = self.member
        self.member, self.choice = member, choice
        box = self._box()
        self.rows = self._listed(choice)
        self.place = _nearest(self.rows, self.image_id, box)
        self.notice = "" if self.place >= 0 else f"{member.name} has none of these failures here."
        self._show(framed=self.place >= 0 and box is None)

    def choose(self, choice: FailureChoice) -> None:
        """List other failures, and show the first.

        Raises
        ------
        InputError
            If what was chosen does not exist; the list stays as it was.
        """
        rows = self._listed(choice)
        self.rows, self.choice = rows, choice
        self.place = -1
        if len(rows):
            self.go(0)
        else:
            self._tell(f"{self.member.name} has no such failure.")

    def sort_by(self, column: str, *, descending: bool) -> None:
        """Sort the list by a column; the failure on screen stays on screen."""
        order = np.argsort(self.rows[column].to_numpy(), kind="stable")
        order = order[::-1] if descending else order
        self.rows = self.rows.iloc[order].reset_index(drop=True)
        self.place = -1 if self.place < 0 else int(np.flatnonzero(order == self.place)[0])
        self._changed()

    def compare_with(self, name: str | None) -> None:
        """Show a second model beside the first, under the same camera; None for one alone.

        Raises
        ------
        InputError
            If there is no such model, or it is the one that is shown.
        """
        beside = None if name is None else find_member(self.view, name)
        if beside == self.member:
            msg = f"{beside.name} is shown already; choose another model to put beside it."
            raise InputError(msg)
        if beside is not None and self.has_edits:
            self._tell("The reference has edits; save or drop them first.")
            return
        self.beside = beside
        self._show()

    def toggle_beside(self, _viewer: Any = None) -> None:
        """Put the best other model beside this one, or take it away."""
        others = [member for member in self.scenes.members if member != self.member]
        if self.beside is not None or not others:
            self.compare_with(None)
            return
        best = find_member(self.view)
        self.compare_with((others[0] if best == self.member else best).name)

    def toggle_filled(self, _viewer: Any = None) -> None:
        """Draw reference and predictions as filled cells, or as outlines again."""
        self._filled = not self._filled
        self._draw_filled()

    # Verdicts and corrections

    def judge(self, judgement: Judgement, note: str | None = None) -> None:
        """Store a verdict on the failure on screen: on each of its cells that is wrong."""
        row = self.row
        if row is None:
            self._tell("No failure is on screen to judge.")
            return
        cells = [("reference", cell) for cell in row["wrong_reference"]]
        cells += [("predicted", cell) for cell in row["wrong_predicted"]]
        for side, cell in cells or [(row["side"], row["cell_id"])]:
            judge_cell(
                self.view,
                Verdict(
                    self.image_id, side, int(cell), self.member.name, judgement,
                    self.note if note is None else note,
                    self.reviewer, self.version,
                ),
            )  # fmt: skip
        n_cells = max(1, len(cells))
        self._judge_rows()
        self._tell(f"Noted: {judgement}, {n_cells} {'cell' if n_cells == 1 else 'cells'}.")

    def correct(self, _viewer: Any = None) -> None:
        """Make the reference ready for painting, its brush on the cell on screen."""
        if self.beside is not None:
            self.beside = None
            self._show()
        layer = self._reference_layer()
        row = self.row
        is_reference = row is not None and row["side"] == "reference"
        cell = int(row["cell_id"]) if row is not None and is_reference else _next_id(layer.data)
        self.viewer.layers.selection.active = layer
        layer.visible = True
        layer.selected_label = cell
        layer.brush_size = max(2, int(self._box_side() / 8))
        layer.mode = "paint"
        what = f"cell {cell}" if is_reference else f"a new cell, {cell}"
        self._tell(
            f"Painting {what} of the reference. 1 erases, 2 paints, 4 fills, 5 picks a cell, M "
            "begins a new one; then save."
        )

    def take_predicted(self) -> None:
        """Put the model's cells of this failure in the place of the reference's."""
        self.correct()
        row, layer = self.row, self._reference_layer()
        if row is None:
            self._tell("No failure is on screen.")
            return
        predicted = self.scenes.predicted(self.image_id, self.member)
        layer.data = _with_predicted(layer.data, predicted, row)
        self._tell("The model's cells are in the reference now; change them further, or save.")

    def drop_edits(self) -> None:
        """Show the stored reference again."""
        layer = self._reference_layer()
        if layer is not None:
            stale(layer)
            self._show(framed=False)
        self._browse()
        self._tell("The edits are dropped.")

    def save_correction(self, note: str | None = None) -> Correction | None:
        """Save the edited reference as a new version and score every model against it.

        Returns
        -------
        Correction or None
            None if it could not be saved; :attr:`notice` says why.
        """
        layer = self._reference_layer()
        if layer is None:
            self._tell("Show one model alone to correct the reference.")
            return None
        try:
            done = correct_annotation(
                self.view, self.image_id, np.asarray(layer.data).astype(np.uint32),
                parent=self.version, note=self.note if note is None else note,
                reviewer=self.reviewer,
            )  # fmt: skip
        except InputError as error:
            self._tell(str(error))
            return None
        self.scenes.forget(self.image_id)
        self._show(framed=False)
        self._browse()
        self._tell(done.sentence)
        return done

    # Parts

    def _bind(self) -> None:
        actions: dict[str, Callable[[Any], Any]] = {
            "N": self.next_failure,
            "Shift-N": self.previous_failure,
            "T": self.next_model,
            "D": self.toggle_beside,
            "H": self.toggle_filled,
            "K": self.correct,
            "Shift-K": lambda _viewer: self.save_correction(),
        }
        for key, judgement in zip("QWR", JUDGEMENTS, strict=True):
            actions[key] = self._judging(judgement)
        for key, action in actions.items():
            self.viewer.bind_key(key, action, overwrite=True)

    def _judging(self, judgement: Judgement) -> Callable[[Any], None]:
        return lambda _viewer: self.judge(judgement)

    def _listed(self, choice: FailureChoice) -> pd.DataFrame:
        rows = chosen_failures(self.view, self.member, choice)
        verdicts = read_verdicts(self.view.run.verdicts_file)
        return rows.assign(judgement=judged_rows(rows, verdicts, self.member))

    def _judge_rows(self) -> None:
        verdicts = read_verdicts(self.view.run.verdicts_file)
        self.rows = self.rows.assign(judgement=judged_rows(self.rows, verdicts, self.member))

    def _first_image(self) -> str:
        if len(self.rows):
            return str(self.rows["image_id"].iloc[0])
        ranked = images_worst_first(self.view, self.member)
        if ranked.empty:
            msg = f"{self.member.name} has no scored image; run the study to its end first."
            raise InputError(msg)
        self.notice = f"{self.member.name} has no such failure; this is its worst image."
        return str(ranked["image_id"].iloc[0])

    def _reference_layer(self) -> Any:
        layers = self.viewer.layers
        return layers[REFERENCE] if self.beside is None and REFERENCE in layers else None

    def _may_leave(self, image_id: str) -> bool:
        if image_id == self.image_id or not self.has_edits:
            return True
        self._tell("The reference has edits that are not saved; save or drop them first.")
        return False

    def _box(self) -> Box | None:
        row = self.row
        if row is None:
            return None
        return (row["top_px"], row["left_px"], row["bottom_px"], row["right_px"])

    def _box_side(self) -> float:
        top, left, bottom, right = self._box() or (0, 0, 2 * SMALLEST_VIEW_PX, 0)
        return float(max(bottom - top, right - left))

    def _show(self, *, framed: bool = True) -> None:
        grid = self.viewer.canvas.grid
        if self.beside is None:
            specs = self.scenes.layers(self.image_id, self.member, self._box())
            grid.enabled = False
        else:
            members = (self.member, self.beside)
            specs = self.scenes.side_by_side(self.image_id, members, self._box())
        show_layers(self.viewer, specs)
        if self.beside is not None:
            grid.stride = len(specs) // 2
            grid.shape = (1, 2)
            grid.enabled = True
        else:
            for member in self.scenes.members:
                layer, wanted = self.viewer.layers[member.name], member == self.member
                # Told twice, napari draws twice.
                if layer.visible != wanted:
                    layer.visible = wanted
        self._draw_filled()
        if framed:
            self.frame()
        self._changed()

    def frame(self) -> None:
        """Move the camera to the failure on screen, or to the whole image."""
        box = self._box()
        if box is None:
            self.viewer.reset_view(layers=[self.viewer.layers[0]])
            return
        top, left, bottom, right = box
        height, width = self.viewer.canvas.viewbox_size(self.viewer.layers)
        shown = max(FRAMES_SHOWN * self._box_side(), SMALLEST_VIEW_PX)
        self.viewer.scene.camera.center = ((top + bottom - 1) / 2, (left + right - 1) / 2)
        self.viewer.scene.camera.zoom = float(min(height, width)) / shown

    def _draw_filled(self) -> None:
        drawn = {REFERENCE, PREDICTED, *(member.name for member in self.scenes.members)}
        for layer in self.viewer.layers:
            if layer.name.split(" | ")[0] in drawn:
                draw_cells(layer, filled=self._filled)

    def _browse(self) -> None:
        """End painting: keys are those of the list again."""
        layer = self._reference_layer()
        if layer is not None:
            layer.mode = "pan_zoom"
        self.viewer.layers.selection.active = self.viewer.layers[0]

    def _tell(self, text: str) -> None:
        self.notice = text
        self._changed()

    def _changed(self) -> None:
        overlay = self.viewer.canvas.overlays.text
        overlay.visible = True
        overlay.position = "top_left"
        overlay.font_size = 9
        overlay.text = self.caption
        for listener in self.listeners:
            listener()

    @property
    def caption(self) -> str:
        """What is on screen, in words."""
        whose = self.member.name
        if self.beside is not None:
            whose = f"left {whose}   right {self.beside.name}"
        version = f"   annotation version {self.version}" if self.version else ""
        first = f"{whose}   {self.image_id}{version}"
        row = self.row
        if row is None:
            return first
        what = " ".join(filter(None, (row["error"], row["detail"] and f"({row['detail']})")))
        return f"{first}\n{self.place + 1} of {len(self.rows)}: {what}"


def _nearest(rows: pd.DataFrame, image_id: str, box: Box | None) -> int:
    """Return the row of an image that lies nearest to a box, -1 if it has none."""
    places = np.flatnonzero(rows["image_id"] == image_id)
    if not len(places):
        return -1
    if box is None:
        return int(places[0])
    own = rows.iloc[places]
    across = (own["left_px"] + own["right_px"]) / 2 - (box[1] + box[3]) / 2
    down = (own["top_px"] + own["bottom_px"]) / 2 - (box[0] + box[2]) / 2
    return int(places[np.argmin(np.hypot(across, down))])


def _next_id(labels: LabelImage) -> int:
    return int(labels.max(initial=0)) + 1


def _with_predicted(reference: LabelImage, predicted: LabelImage, row: pd.Series) -> LabelImage:
    """Return a reference in which a failure's cells are the predicted ones.

    Ids of the reference cells that go are used again; pixels of other cells stay theirs.
    """
    edited = np.where(np.isin(reference, row["wrong_reference"]), 0, reference)
    n_new = len(row["wrong_predicted"])
    free = [*row["wrong_reference"], *range(_next_id(reference), _next_id(reference) + n_new)]
    for cell, new in zip(row["wrong_predicted"], free, strict=False):
        edited[(predicted == cell) & (edited == 0)] = new
    return edited.astype(reference.dtype)
