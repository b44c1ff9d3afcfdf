"""The training monitor: losses, scores and the time left of trainings that another process runs."""

import base64
import html
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import anywidget
import numpy as np
import pandas as pd
import traitlets

from workbench.schema import InputError
from workbench.studies import (
    TrainingProgress,
    training_files,
    training_progress,
    validation_picture,
)
from workbench.widgets._comparer_still import STYLE as COMPARER_STYLE
from workbench.widgets._explorer import PANELS_VARIABLE
from workbench.widgets._still import STATIC, still_frame

SCRIPT: Final = "\n".join(
    (STATIC / name).read_text(encoding="utf-8") for name in ("line_plot.js", "training_monitor.js")
)
STYLE: Final = COMPARER_STYLE + "\n".join(
    (STATIC / name).read_text(encoding="utf-8")
    for name in ("line_plot.css", "training_monitor.css")
)
TITLE: Final = "Training monitor"
CURVES: Final = ("train_loss", "validation_loss", "validation_f1")
DIGITS: Final = 5
PLOTS_PX: Final = 330
PICTURE_PX: Final = 520
LINE_PX: Final = 34
NO_TRAINING: Final = "No model of this study is trained here."


class TrainingMonitor(anywidget.AnyWidget):
    """A panel; made by :func:`training_monitor`.

    Attributes
    ----------
    content
        What the screen shows, from :func:`resolve_monitor`.
    """

    _esm = SCRIPT
    _css = STYLE
    content = traitlets.Dict().tag(sync=True)

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen = training_files(folder)
        self._progress = training_progress(folder)
        self._picture: dict[str, str] = {}
        super().__init__(content=resolve_monitor(self._progress))
        self.on_msg(self._answer)

    @property
    def histories(self) -> dict[str, pd.DataFrame]:
        """History of each network that has finished an epoch, by its name."""
        return {one.name: one.history for one in self._progress if len(one.history)}

    def look(self) -> bool:
        """Read what is new; the screen follows. Return whether a file had changed."""
        seen = training_files(self._folder)
        is_new = seen != self._seen
        # A process that is ended from outside changes no file: what ran is looked at each time.
        if is_new or self.content["going"]:
            self._progress = training_progress(self._folder)
            self._seen = seen
            self.content = resolve_monitor(self._progress, self._picture)
        return is_new

    def show_validation(self, name: str) -> None:
        """Show a validation image with what the best weights of a network find in it so far.

        Parameters
        ----------
        name
            Of the network; what can't be drawn is said in the picture's place.
        """
        self._picture = {"title": name}
        for one in self._progress:
            if one.name == name and one.folder is not None:
                epoch = one.best[0] if one.best else 0
                try:
                    image_id, jpeg = validation_picture(self._folder, one.member, one.folder)
                except InputError as error:
                    self._picture = {"title": f"{name}: {error}"}
                    continue
                self._picture = {
                    "title": f"{name}, weights of epoch {epoch}, validation image {image_id}: "
                    "reference green, found orange",
                    "jpeg": base64.b64encode(jpeg).decode(),
                }
        self.content = resolve_monitor(self._progress, self._picture)

    def static_html(self) -> str:
        """Return a page of its own with what is known now; it loads nothing."""
        # A closing tag within the data would end the script.
        content = json.dumps(self.content, ensure_ascii=False).replace("</", "<\\/")
        return (
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{html.escape(TITLE)}</title><style>{STYLE}</style></head>\n"
            '<body class="wbc-page"><div id="monitor"></div>'
            f'<script type="application/json" id="data">{content}</script>\n'
            f'<script type="module">{SCRIPT}\nmountStillMonitor();</script></body></html>\n'
        )

    def _answer(self, _: object, content: Mapping[str, Any], _buffers: object) -> None:
        if content.get("kind") == "look":
            self.look()
        elif content.get("kind") == "validation":
            self.show_validation(content["name"])

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        height = PLOTS_PX + LINE_PX * len(self._progress) + (PICTURE_PX if self._picture else 0)
        frame = still_frame(self.static_html(), title=TITLE, height_px=height)
        text = "\n".join(f"{one.name}: {one.sentence}" for one in self._progress) or NO_TRAINING
        page = {"text/html": frame, "text/plain": text}
        if os.environ.get(PANELS_VARIABLE) == "still":
            return page, {}
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        return page | data, metadata


def training_monitor(run: Path | str) -> TrainingMonitor:
    """Follow the trainings of a run while another process trains.

    An open notebook asks every two seconds; files are read again when they have changed.

    Parameters
    ----------
    run
        Folder of a run, such as ``runs/demo``; or the folder that one training writes to, which
        need not be there yet.

    Returns
    -------
    TrainingMonitor
        Says of each network whether it waits, runs, failed and why, or is done; how good it was at
        best and how long it still takes; and draws its curves. Its ``look()`` does what an open
        notebook does.

    Raises
    ------
    InputError
        If there is a file of that name, or the study of the run can't be read.
    """
    folder = Path(run)
    if folder.is_file():
        msg = f"{folder}: expected the folder of a run or of a training, got a file."
        raise InputError(msg)
    return TrainingMonitor(folder)


def resolve_monitor(
    progress: Sequence[TrainingProgress], picture: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return what the monitor shows of trainings: plain values, null for what is undefined.

    Parameters
    ----------
    progress
        From :func:`workbench.studies.training_progress`.
    picture
        Title and JPEG (as base64) of the last validation image that was asked for.

    Returns
    -------
    dict
        ``networks``: name, state, sentence and curves of each; ``going``: whether anything may
        still change; ``note``; ``picture``.
    """
    networks = [
        {"name": one.name, "state": one.state, "sentence": one.sentence}
        | {"epoch": one.history["epoch"].astype(int).tolist()}
        | {name: _numbers(one.history[name]) for name in CURVES}
        for one in progress
    ]
    going = any(one.state != "done" for one in progress)
    return {
        "networks": networks,
        "going": going,
        "note": "" if networks else NO_TRAINING,
        "picture": dict(picture or {}),
    }


def _numbers(column: pd.Series) -> list[float | None]:
    values = column.to_numpy(float).tolist()
    return [round(value, DIGITS) if np.isfinite(value) else None for value in values]
