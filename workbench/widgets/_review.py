"""The review of cells: one after the other in its surroundings, judged by a key."""

import os
from collections.abc import Mapping
from typing import Any, Final

import anywidget
import pandas as pd
import traitlets
from pydantic import ValidationError

from workbench.report import plain, signed
from workbench.schema import OUTCOME_COLOURS, InputError
from workbench.store import JUDGEMENTS, WITHDRAWN
from workbench.widgets._comparer_wire import Parcel
from workbench.widgets._explorer import PANELS_VARIABLE
from workbench.widgets._review_state import (
    ReviewState,
    ReviewView,
    RowVerdict,
    next_place,
    resolve_review,
    row_verdicts,
)
from workbench.widgets._review_still import SCRIPT, STYLE, review_page
from workbench.widgets._review_wire import BOX, ReviewSource, ScoresFound, pack_place
from workbench.widgets._still import still_frame

FRAME_HEIGHT_PX: Final = 860
HEADER: Final = ("Model", "F1", "without disputed", "change", "95 % interval", "cells left out")


class ReviewPanel(anywidget.AnyWidget):
    """A panel; made by :func:`review_panel`.

    Attributes
    ----------
    state
        A :class:`ReviewState` as a dictionary: follows the screen, and the screen follows it.
    verdicts
        What was said of each row of the list, None where nothing was.
    scores
        With and without disputed cells, as text.
    problem
        Why the last verdict could not be noted; "" if it could.
    """

    _esm = SCRIPT
    _css = STYLE
    schema = traitlets.Dict().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)
    verdicts: traitlets.List[Any] = traitlets.List().tag(sync=True)
    scores = traitlets.Dict().tag(sync=True)
    problem = traitlets.Unicode("").tag(sync=True)

    def __init__(self, source: ReviewSource, start: ReviewState) -> None:
        self._source = source
        self._done: list[tuple[int, RowVerdict | None]] = []
        verdicts = row_verdicts(source.cells.table, source.verdicts())
        super().__init__(
            schema=describe_review(source),
            verdicts=verdicts,
            scores=told_scores(source.scores(), source.cells.member),
            state=start.model_dump(mode="json"),
        )
        self.on_msg(self._answer)

    @property
    def shown(self) -> ReviewView:
        """What is on screen; it follows from list, verdicts and ``state``."""
        return resolve_review(
            self._source.cells.table,
            self.verdicts,
            ReviewState.model_validate(self.state),
            scores=self.scores["sentence"],
            expected=self._source.cells.expected,
        )

    def change(self, **changes: Any) -> None:
        """Replace parts of the state.

        Parameters
        ----------
        changes
            Fields of :class:`ReviewState`.

        Raises
        ------
        InputError
            If a field or what it names does not exist.
        """
        self.state = {**self.state, **changes}

    def judge(self, judgement: str, note: str = "") -> None:
        """Give a verdict on the row that is looked at, and step on.

        Parameters
        ----------
        judgement
            "model error", "annotation error", "ambiguous"; or "withdrawn", to take back one's own.
        note
            In free words.

        Raises
        ------
        InputError
            If no row is shown, there is no such judgement, or it can't be written.
        """
        view = self.shown
        if view.current is None:
            msg = "review: no place is shown that could be judged; change the filters."
            raise InputError(msg)
        after = next_place(view)
        self._note(view.current, judgement, note)
        self.change(place=after)
        self.count()

    def undo(self) -> None:
        """Take back the last verdict given here, and go to its row; what stood before stands again.

        Nothing happens where none was given.
        """
        if not self._done:
            return
        row, before = self._done[-1]
        if before is None:
            self._source.judge(row, WITHDRAWN)
        else:
            self._source.judge(row, before["judgement"], before["note"])
        self._done.pop()
        self._read_again()
        # A filter may hide what is no longer judged.
        fresh = {"place": row, "kind": "", "reviewer": "", "shown": "all"}
        self.change(**(fresh if row not in self.shown.rows else {"place": row}))

    def count(self) -> None:
        """Compute the scores anew, from all verdicts of the run."""
        self._read_again()
        self.scores = told_scores(self._source.scores(), self._source.cells.member)

    def verdict_table(self) -> pd.DataFrame:
        """Return the list with its verdicts, as the panel exports it."""
        table = self._source.cells.table
        found = [verdict or {} for verdict in self.verdicts]
        return pd.DataFrame(
            {
                "place": range(1, len(table) + 1),
                "image_id": table["image_id"],
                "member": self._source.cells.member,
                "kind": table["kind"],
                "cells": [_cell_names(cells) for cells in table["cells"]],
                **{
                    name: [verdict.get(name, "") for verdict in found]
                    for name in ("judgement", "note", "reviewer", "time")
                },
            }
        )

    def static_html(self, *, max_mb: float = 4.0) -> str:
        """Return a page of its own to look at: list, verdicts, pictures; it loads nothing.

        Parameters
        ----------
        max_mb
            The page holds the picture on screen, then those that follow it, as long as it stays
            below this; it says how many.
        """
        current = self.shown.current or 0
        n = len(self.schema["rows"])
        walk = [*range(current, n), *range(current)]
        told = {
            "schema": self.schema,
            "state": self.state,
            "verdicts": self.verdicts,
            "scores": self.scores,
        }
        return review_page(told, walk, self._parcel, max_mb=max_mb)

    @traitlets.validate("state")
    def _check_state(self, proposal: Mapping[str, Any]) -> dict[str, Any]:
        try:
            state = ReviewState.model_validate(proposal["value"])
        except ValidationError as error:
            findings = "; ".join(
                f"{'.'.join(map(str, found['loc']))}: {found['msg']}, got {found['input']!r:.60}"
                for found in error.errors()
            )
            msg = f"review: {findings}."
            raise InputError(msg) from None
        resolve_review(self._source.cells.table, self.verdicts, state)
        told: dict[str, Any] = state.model_dump(mode="json")
        return told

    def _note(self, row: int, judgement: str, note: str) -> None:
        before = self._own(row)
        self._source.judge(row, judgement, note)
        self._done.append((row, before))
        self._read_again()

    def _own(self, row: int) -> RowVerdict | None:
        """Return this reviewer's verdict on a row as it stands."""
        mine = self._source.verdicts()
        mine = mine[mine["reviewer"] == self._source.reviewer]
        return row_verdicts(self._source.cells.table.iloc[[row]], mine)[0]

    def _read_again(self) -> None:
        self.verdicts = row_verdicts(self._source.cells.table, self._source.verdicts())

    def _parcel(self, row: str, panel: str) -> Parcel:
        return pack_place(self._source, int(row), panel)

    def _answer(self, _: object, content: Mapping[str, Any], _buffers: object) -> None:
        """Send what the browser asks for, and do what its keys say."""
        if content["kind"] == "parcel":
            reply = {"request": content["request"]}
            try:
                parcel = self._parcel(content["image_id"], content["panel"])
            except InputError as error:
                self.send(reply | {"problem": str(error)})
            else:
                self.send(reply | {"about": parcel.about}, list(parcel.blocks))
            return
        try:
            if content["kind"] == "verdict":
                self._note(content["row"], content["judgement"], content["note"])
            elif content["kind"] == "undo":
                self.undo()
            else:
                self.count()
            self.problem = ""
        except InputError as error:
            self.problem = str(error)
            self._read_again()
            self.send_state("verdicts")  # the screen was ahead of what could be noted

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        frame = still_frame(self.static_html(), title="Review of cells", height_px=FRAME_HEIGHT_PX)
        page = {"text/html": frame, "text/plain": repr(self)}
        if os.environ.get(PANELS_VARIABLE) == "still":
            return page, {}
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        # The widget where there is a kernel; the page where a saved notebook is made into HTML.
        return page | data, metadata


def review_panel(source: ReviewSource, *, start: ReviewState | None = None) -> ReviewPanel:
    """Look at cells one after the other, and say by a key who is wrong.

    Keys: 1 model error, 2 annotation error, 3 ambiguous, each of which steps on; N writes a note,
    U undoes, left and right step, O draws outlines, fills or nothing, plus, minus and 0 zoom.
    Verdicts are written at once.

    Parameters
    ----------
    source
        Where the list comes from and verdicts go to, such as
        :func:`workbench.studies.run_review`.
    start
        What is shown first; by default the first row that nobody has judged.

    Returns
    -------
    ReviewPanel
        In HTML made of the notebook it shows list, verdicts and pictures, to read.
    """
    verdicts = row_verdicts(source.cells.table, source.verdicts())
    fresh = next((row for row, verdict in enumerate(verdicts) if verdict is None), 0)
    return ReviewPanel(source, start or ReviewState(place=fresh))


def describe_review(source: ReviewSource) -> dict[str, Any]:
    """Return what the browser must know before it asks."""
    return {
        "title": source.cells.title,
        "member": source.cells.member,
        "expected": source.cells.expected,
        "reviewer": source.reviewer,
        "judgements": list(JUDGEMENTS),
        "can_judge": True,
        "outcomes": dict(OUTCOME_COLOURS),
        "rows": [
            {
                "image_id": str(row.image_id),
                "kind": row.kind,
                "about": row.about,
                "box": [int(getattr(row, side)) for side in BOX],
                "cells": [list(cell) for cell in row.cells],
                "panels": list(row.panels),
            }
            for row in source.cells.table.itertuples()
        ],
    }


def told_scores(found: ScoresFound, member: str) -> dict[str, Any]:
    """Return scores as text: a sentence on the member, a table of all, how reviewers agree."""
    own = found.changes[found.changes["member"] == member]
    texts = [
        f"F1 {row.f1:.3f} → {row.f1_without:.3f} without disputed cells"
        for row in own.itertuples()
        if row.n_images
    ]
    return {
        "sentence": "; ".join(texts),
        "header": list(HEADER),
        "rows": [
            [
                row.member,
                plain(row.f1),
                plain(row.f1_without),
                signed(row.change),
                "–" if row.low != row.low else f"{signed(row.low)} to {signed(row.high)}",
                str(row.n_disputed),
            ]
            for row in found.changes.itertuples()
        ],
        "agreement": list(found.agreement_sentences),
    }


def _cell_names(cells: tuple[tuple[str, int, str], ...]) -> str:
    return " ".join(f"{side}:{cell_id}" for side, cell_id, _ in cells)
