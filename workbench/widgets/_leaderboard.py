"""The leaderboard: models by any measure on any slice, each number with its images behind it."""

import base64
import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

import anywidget
import numpy as np
import pandas as pd
import traitlets
from pydantic import ValidationError

from workbench.schema import InputError
from workbench.widgets._board_state import BoardRow, BoardState, resolve_board
from workbench.widgets._explorer import PANELS_VARIABLE
from workbench.widgets._number_table import STYLE as TABLE_STYLE
from workbench.widgets._still import BYTES_PER_MB, STATIC, still_frame

SCRIPT: Final = (STATIC / "leaderboard.js").read_text(encoding="utf-8")
STYLE: Final = TABLE_STYLE + (STATIC / "leaderboard.css").read_text(encoding="utf-8")
ROW_PX: Final = 31

OnImage = Callable[[str, str], None]


class Measured(Protocol):
    """A column of a board."""

    @property
    def label(self) -> str:
        """How people read it."""

    @property
    def lower_is_better(self) -> bool:
        """Whether it is a distance or an error."""


class BoardSource(Protocol):
    """Where boards come from, such as :func:`workbench.studies.leaderboards`."""

    @property
    def models(self) -> Sequence[str]:
        """Names, at least one."""

    @property
    def measures(self) -> Mapping[str, Measured]:
        """Columns, by key."""

    @property
    def slices(self) -> Mapping[str, Sequence[str]]:
        """Image ids by name of the slice; the first is that of all images."""

    def means(self, name: str) -> pd.DataFrame:
        """Return the board of a slice, as :func:`resolve_board` takes it."""

    def places(self, name: str, key: str) -> pd.DataFrame:
        """Return the places by one measure, as :func:`resolve_board` takes them."""

    def values(self, key: str) -> pd.DataFrame:
        """Return images x models of one measure, NaN where undefined."""


class Leaderboard(anywidget.AnyWidget):
    """A panel; made by :func:`leaderboard`.

    Attributes
    ----------
    state
        A :class:`BoardState` as a dictionary: follows the screen, and the screen follows it.
    """

    _esm = SCRIPT
    _css = STYLE
    schema = traitlets.Dict().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)
    board = traitlets.Dict().tag(sync=True)

    def __init__(self, source: BoardSource, start: BoardState, on_image: OnImage) -> None:
        self._source = source
        self._on_image = on_image
        super().__init__(
            schema=_describe(source),
            state=start.model_dump(mode="json"),
            board=_told(source, start.images, [_ranking(source, start.sort)]),
        )
        self.on_msg(self._answer)

    @property
    def chosen(self) -> tuple[str, ...]:
        """Ids of the images of the slice on screen."""
        return tuple(self._source.slices[self.state["images"]])

    @property
    def rows(self) -> list[BoardRow]:
        """The rows on screen; they follow from ``state`` alone."""
        return self._rows(BoardState.model_validate(self.state))

    def _rows(self, state: BoardState) -> list[BoardRow]:
        source = self._source
        return resolve_board(
            source.means(state.images),
            source.places(state.images, _ranking(source, state.sort)),
            state,
            lower_is_better=[k for k, m in source.measures.items() if m.lower_is_better],
        )

    def change(self, **changes: Any) -> None:
        """Replace parts of the state.

        Raises
        ------
        InputError
            If a field, or the slice, measure or model that it names, does not exist.
        """
        self.state = {**self.state, **changes}

    def static_html(self, *, max_mb: float = 4.0) -> str:
        """Return a page of its own that still sorts, changes slices and lists images.

        Parameters
        ----------
        max_mb
            The scores of the images are left out from where the page would be larger; the page
            says so, and its numbers then open no list.

        Returns
        -------
        str
            HTML; it loads nothing.
        """
        every = list(self._source.measures)
        boards = {name: _told(self._source, name, every) for name in self._source.slices}
        data = {"schema": self.schema, "state": self.state, "boards": boards}
        values = {key: _matrix(self._source, key) for key in self._source.measures}
        fits = len(json.dumps([data, values])) <= max_mb * BYTES_PER_MB
        return _page(data | {"values": values if fits else {}})

    @traitlets.validate("state")
    def _check_state(self, proposal: Mapping[str, Any]) -> dict[str, Any]:
        try:
            state = BoardState.model_validate(proposal["value"])
        except ValidationError as error:
            findings = "; ".join(
                f"{'.'.join(map(str, found['loc']))}: {found['msg']}, got {found['input']!r:.60}"
                for found in error.errors()
            )
            msg = f"leaderboard: {findings}."
            raise InputError(msg) from None
        if state.images not in self._source.slices:
            msg = (
                f"leaderboard: no slice is called {state.images!r}; there are "
                f"{', '.join(self._source.slices)}."
            )
            raise InputError(msg)
        if state.sort not in ("model", *self._source.measures):
            msg = (
                f"leaderboard: no measure is called {state.sort!r}, only "
                f"{', '.join(self._source.measures)}."
            )
            raise InputError(msg)
        self._rows(state)
        told: dict[str, Any] = state.model_dump(mode="json")
        return told

    @traitlets.observe("state")
    def _follow(self, _: object) -> None:
        images, by = self.state["images"], _ranking(self._source, self.state["sort"])
        if self.board["images"] != images or by not in self.board["places"]:
            self.board = _told(self._source, images, [by])

    def _answer(self, _: object, content: Mapping[str, Any], _buffers: object) -> None:
        if content["kind"] == "values":
            reply = {"request": content["request"]}
            self.send(reply, [_float_bytes(self._source, content["measure"])])
        else:
            self._on_image(content["image_id"], content["model"])

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        height = ROW_PX * (len(self._source.models) + 6)
        frame = still_frame(self.static_html(), title="Leaderboard", height_px=height)
        page = {"text/html": frame, "text/plain": repr(self)}
        if os.environ.get(PANELS_VARIABLE) == "still":
            return page, {}
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        return page | data, metadata


def leaderboard(
    source: BoardSource,
    *,
    start: BoardState | None = None,
    on_image: OnImage = lambda _image_id, _model: None,
) -> Leaderboard:
    """Rank models by any measure, on all images or a slice of them.

    A head of a column sorts by it; a number opens the list of the images behind it, the worst
    first, and a click on an image calls ``on_image``.

    Parameters
    ----------
    source
        Such as :func:`workbench.studies.leaderboards`.
    start
        What is shown first; by default all images, by the first measure.
    on_image
        Called with the image id and the model of a line that was clicked on, to show it in the
        comparer, say.

    Returns
    -------
    Leaderboard
        In HTML made of the notebook it still sorts and lists.

    Raises
    ------
    InputError
        If the start names what is not there.
    """
    first = start or BoardState(images=next(iter(source.slices)), sort=next(iter(source.measures)))
    return Leaderboard(source, first, on_image)


def _describe(source: BoardSource) -> dict[str, Any]:
    """Return what the browser must know of all boards."""
    images = _image_ids(source)
    place = {name: at for at, name in enumerate(images)}
    return {
        "models": list(source.models),
        "measures": [
            {"key": key, "label": measure.label, "lower": measure.lower_is_better}
            for key, measure in source.measures.items()
        ],
        "images": images,
        "slices": {name: [place[i] for i in ids] for name, ids in source.slices.items()},
    }


def _image_ids(source: BoardSource) -> list[str]:
    """Return each image of any slice once."""
    return list(dict.fromkeys(name for ids in source.slices.values() for name in ids))


def _ranking(source: BoardSource, sort: str) -> str:
    """Return the measure whose places are shown: the one that sorts, or the first."""
    return sort if sort in source.measures else next(iter(source.measures))


def _told(source: BoardSource, name: str, ranked: Sequence[str]) -> dict[str, Any]:
    """Return a board as JSON knows it: facts by model and measure, places by measure and model."""
    board = source.means(name)
    facts: dict[str, dict[str, Any]] = {}
    for row in _plain(board[["model", "measure", "mean", "ci_low", "ci_high", "normalised"]]):
        facts.setdefault(row[0], {})[row[1]] = row[2:]
    places = {key: {row[0]: row[1:] for row in _plain(source.places(name, key))} for key in ranked}
    n_images = {str(key): int(n) for key, n in zip(board["measure"], board["n"], strict=True)}
    return {"images": name, "facts": facts, "places": places, "n": n_images}


def _plain(table: pd.DataFrame) -> list[list[Any]]:
    """Return rows as JSON knows them, None for what is undefined."""
    columns = [
        [None if isinstance(value, float) and np.isnan(value) else value for value in values]
        for values in (table[name].tolist() for name in table)
    ]
    return [list(row) for row in zip(*columns, strict=True)]


def _matrix(source: BoardSource, key: str) -> str:
    return base64.b64encode(_float_bytes(source, key)).decode()


def _float_bytes(source: BoardSource, key: str) -> bytes:
    """Return images x models of a measure as float32, in the order of the schema."""
    values = source.values(key).reindex(index=_image_ids(source), columns=list(source.models))
    encoded: bytes = values.to_numpy("<f4").tobytes()
    return encoded


def _page(data: Mapping[str, Any]) -> str:
    # A closing tag within the data would end the script.
    content = json.dumps(data, ensure_ascii=False).replace("</", "<\\/")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Leaderboard</title><style>{STYLE}</style></head>\n"
        '<body class="wbt-page"><div id="board"></div>'
        f'<script type="application/json" id="data">{content}</script>\n'
        f'<script type="module">{SCRIPT}\nmountStillBoard();</script></body></html>\n'
    )
