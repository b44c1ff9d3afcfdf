"""What the comparer shows: state in, view out, no screen in sight."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from workbench.schema import InputError

REFERENCE: Final = "reference"
AS_LISTED: Final = "as listed"
HARDEST: Final = "hardest for all"
SWING: Final = "models differ most"
Side: TypeAlias = Literal["reference", "predicted"]


class PickedCell(BaseModel):
    """One cell that was clicked on.

    Attributes
    ----------
    panel
        "reference", or the model whose panel it was.
    side
        Whether it is a cell of the reference or one that the model predicted.
    cell_id
        Its label.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    panel: str
    side: Side
    cell_id: int = Field(ge=1)


class ComparerState(BaseModel):
    """What somebody has chosen to see.

    Attributes
    ----------
    order
        Which images come first: "as listed", "hardest for all", "models differ most", or the name
        of a model, whose worst image comes first.
    place
        Position of the image in that order, from 0.
    panels
        What is shown beside the image: "reference" and names of models, in this order.
    layout
        Panels side by side, or the first two on one picture, parted by a curtain.
    curtain
        Where the curtain hangs, from 0 (left) to 1.
    drawing
        Cells as outlines, as fills, or not at all.
    hidden
        Outcomes that are not drawn.
    channel
        The one channel that is shown, from 0; None shows the first three as colours.
    contrast
        Shares of the range of values that become black and white.
    centre_px
        Row and column in the middle of each panel; None where the whole image is shown.
    zoom
        Screen pixels per image pixel; None where the whole image is shown.
    cell
        The cell whose record is shown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    order: str = AS_LISTED
    place: int = Field(default=0, ge=0)
    panels: tuple[str, ...] = Field(min_length=1)
    layout: Literal["side by side", "curtain"] = "side by side"
    curtain: float = Field(default=0.5, ge=0, le=1)
    drawing: Literal["outlines", "fills", "nothing"] = "outlines"
    hidden: tuple[str, ...] = ()
    channel: int | None = Field(default=None, ge=0)
    contrast: tuple[float, float] = (0.0, 1.0)
    centre_px: tuple[float, float] | None = None
    zoom: float | None = Field(default=None, gt=0, le=64)
    cell: PickedCell | None = None


@dataclass(frozen=True, eq=False)
class ComparerView:
    """What follows from a state.

    Attributes
    ----------
    image_id
        On screen.
    panels
        In their order; of a curtain the first two alone.
    scores
        F1 of the image by model, NaN where undefined.
    """

    image_id: str
    panels: tuple[str, ...]
    scores: Mapping[str, float]


def image_orders(scores: pd.DataFrame) -> dict[str, list[int]]:
    """Return the orders in which images can be walked through, as rows of the table.

    Parameters
    ----------
    scores
        ``image_id`` and a column of scores per model, a row per image.

    Returns
    -------
    dict of str to list of int
        "as listed"; "hardest for all", by the mean over models, lowest first; with two models and
        more "models differ most", by the range over models, largest first; and for each model its
        worst image first. Images without a score come last, equal ones stay as listed.

    Examples
    --------
    >>> scores = pd.DataFrame({"image_id": ["a", "b"], "unet": [0.9, 0.2], "otsu": [0.1, 0.3]})
    >>> orders = image_orders(scores)
    >>> orders["hardest for all"], orders["models differ most"], orders["otsu"]
    ([1, 0], [0, 1], [0, 1])
    """
    models = scores.drop(columns="image_id")
    orders = {AS_LISTED: list(range(len(scores))), HARDEST: _ascending(models.mean(axis=1))}
    if models.shape[1] > 1:
        orders[SWING] = _ascending(models.min(axis=1) - models.max(axis=1))
    return orders | {str(name): _ascending(models[name]) for name in models}


def resolve_comparer(scores: pd.DataFrame, state: ComparerState) -> ComparerView:
    """Return what a state shows.

    Parameters
    ----------
    scores
        As for :func:`image_orders`.
    state
        What was chosen.

    Raises
    ------
    InputError
        If the state names an order, a place or a panel that is not there, a panel twice, or a
        range of contrast that is empty.

    Examples
    --------
    >>> scores = pd.DataFrame({"image_id": ["a", "b"], "unet": [0.9, 0.2]})
    >>> resolve_comparer(scores, ComparerState(order="unet", panels=("unet",))).image_id
    'b'
    """
    models = [str(name) for name in scores.columns if name != "image_id"]
    orders = image_orders(scores)
    if state.order not in orders:
        _refuse(f"no order is called {state.order!r}", state.order, list(orders))
    for panel in state.panels:
        if panel not in (REFERENCE, *models):
            _refuse(f"no panel is called {panel!r}", panel, [REFERENCE, *models])
    if len(set(state.panels)) < len(state.panels):
        msg = f"comparer: a panel is named twice in {', '.join(state.panels)}; name each once."
        raise InputError(msg)
    if state.place >= len(scores):
        msg = f"comparer: there are {len(scores)} images, counted from 0; got place {state.place}."
        raise InputError(msg)
    low, high = state.contrast
    if not 0 <= low < high <= 1:
        msg = f"comparer: contrast must rise within 0 to 1, got {low} to {high}."
        raise InputError(msg)
    row = scores.iloc[orders[state.order][state.place]]
    return ComparerView(
        image_id=str(row["image_id"]),
        panels=state.panels[:2] if state.layout == "curtain" else state.panels,
        scores={name: float(row[name]) for name in models},
    )


def first_state(scores: pd.DataFrame, *, n_panels: int = 3) -> ComparerState:
    """Return what is shown first: the hardest image, the reference and the best models."""
    means = scores.drop(columns="image_id").mean().sort_values(ascending=False, kind="stable")
    best = [str(name) for name in means.index[: n_panels - 1]]
    return ComparerState(order=HARDEST, panels=(REFERENCE, *best))


def changed(state: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a state with parts replaced; another image begins whole and with no cell picked."""
    fresh: dict[str, Any] = {}
    if not {"order", "place"}.isdisjoint(changes):
        fresh = {"cell": None, "centre_px": None, "zoom": None}
    return {**state, **fresh, **changes}


def _ascending(values: pd.Series) -> list[int]:
    # NaN sorts last, and equal rows stay in order.
    order: list[int] = np.argsort(values.to_numpy(float), kind="stable").tolist()
    return order


def _refuse(problem: str, name: str, there: Sequence[str]) -> None:
    close = get_close_matches(name, there, n=1)
    cure = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(there)}."
    msg = f"comparer: {problem}; {cure}"
    raise InputError(msg)
