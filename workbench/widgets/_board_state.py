"""What a leaderboard shows: state in, rows out, no screen in sight."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict

from workbench.schema import InputError


class BoardState(BaseModel):
    """What somebody has chosen to see.

    Attributes
    ----------
    images
        Name of the slice of images.
    sort
        Measure that orders the models, or "model" for their names.
    worst_first
        The other way round.
    values
        Means as they are, or normalised: 1 for the best model, 0 for the worst.
    picked
        Model and measure whose images are listed; None for none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    images: str = "all images"
    sort: str
    worst_first: bool = False
    values: Literal["raw", "normalised"] = "raw"
    picked: tuple[str, str] | None = None


@dataclass(frozen=True)
class BoardRow:
    """A model on a leaderboard.

    Attributes
    ----------
    model
        Its name.
    place
        By the measure that sorts, as text: "1" or "1 (1–3)" with the interval of its rank; empty
        where none is known.
    cells
        One text per measure.
    """

    model: str
    place: str
    cells: tuple[str, ...]


def resolve_board(
    board: pd.DataFrame,
    places: pd.DataFrame,
    state: BoardState,
    *,
    lower_is_better: Sequence[str] = (),
) -> list[BoardRow]:
    """Return the rows of a leaderboard in their order.

    Parameters
    ----------
    board
        Of the slice that the state names: measure, model, mean, ci_low, ci_high, normalised.
    places
        Of that slice by the measure that sorts (the first where names do): model, place,
        rank_low, rank_high.
    state
        What was chosen.
    lower_is_better
        Measures that are errors or distances.

    Raises
    ------
    InputError
        If the board has no such measure or model.

    Examples
    --------
    >>> board = pd.DataFrame({"measure": "f1@0.5", "model": ["a", "b"], "mean": [0.2, 0.5],
    ...     "ci_low": [0.1, 0.4], "ci_high": [0.3, 0.6], "normalised": [0.0, 1.0]})
    >>> places = pd.DataFrame({"model": ["a", "b"], "place": [2.0, 1.0], "rank_low": [2, 1],
    ...     "rank_high": [2, 1]})
    >>> rows = resolve_board(board, places, BoardState(sort="f1@0.5"))
    >>> [(row.model, row.place, row.cells) for row in rows]
    [('b', '1', ('0.500 [0.400, 0.600]',)), ('a', '2', ('0.200 [0.100, 0.300]',))]
    """
    measures = list(dict.fromkeys(board["measure"]))
    if state.sort not in ("model", *measures):
        msg = f"leaderboard: no measure is called {state.sort!r}, only {', '.join(measures)}."
        raise InputError(msg)
    models = list(dict.fromkeys(board["model"]))
    if state.picked is not None and not (state.picked[0] in models and state.picked[1] in measures):
        msg = f"leaderboard: nothing stands at {' / '.join(state.picked)}."
        raise InputError(msg)
    facts = board.set_index(["model", "measure"])
    if state.sort == "model":
        order = sorted(models, reverse=state.worst_first)
    else:
        ascending = (state.sort in lower_is_better) != state.worst_first
        means = board[board["measure"] == state.sort].set_index("model")["mean"]
        order = list(means.sort_values(ascending=ascending, kind="stable").index)
    ranks = places.set_index("model")
    return [
        BoardRow(
            model=model,
            place=place_text(ranks.loc[model]),
            cells=tuple(
                value_text(facts.loc[(model, measure)], state.values) for measure in measures
            ),
        )
        for model in order
    ]


def value_text(fact: pd.Series, values: str) -> str:
    """Return a mean with its interval, or the normalised one."""
    if values == "normalised":
        return "–" if pd.isna(fact["normalised"]) else f"{fact['normalised']:.2f}"
    if pd.isna(fact["mean"]):
        return "–"
    mean = f"{fact['mean']:.3f}"
    if pd.isna(fact["ci_low"]):
        return mean
    return f"{mean} [{fact['ci_low']:.3f}, {fact['ci_high']:.3f}]"


def place_text(fact: pd.Series) -> str:
    """Return a place with the interval of the rank."""
    if pd.isna(fact["place"]):
        return ""
    low, high = fact["rank_low"], fact["rank_high"]
    return f"{fact['place']:.0f}" if low == high else f"{fact['place']:.0f} ({low:g}–{high:g})"
