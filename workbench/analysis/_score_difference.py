"""The places that make one model's F1 higher than another's, cell by cell and exactly."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from workbench.analysis._duel import paired_cells
from workbench.analysis._error_events import BOX, MATCHED, cells_of, image_totals, or_none
from workbench.analysis._same_place import same_place
from workbench.schema import InputError

FloatArray = npt.NDArray[np.float64]

FOUND: Final = "found"
NOTHING: Final = 1e-15
"""What rounding may leave of contributions that cancel."""


def explain_difference(cells: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    """Say how much each place of the images adds to the difference in F1 between two models.

    Parameters
    ----------
    cells
        Cell table, columns as ``CELL_COLUMNS``; the difference is that at IoU 0.5. Of a model with
        several seeds the first counts.
    first, second
        Models.

    Returns
    -------
    DataFrame
        One row per place where the two differ. Those that speak for the model ahead come first,
        the largest contribution on top, so ``head(10)`` are the ten that explain most of the
        difference; those that speak against it come last, so ``tail(10)`` are the other's best:

        - ``image_id``; ``reference_ids``, ``first_ids``, ``second_ids``: tuples of the cells there,
          of the predicted ones those in errors;
        - ``first_outcome``, ``second_outcome``: what either model made of it, "found" without
          error;
        - ``contribution`` to mean F1 of first - mean F1 of second. They sum to it exactly, over
          the images that have cells under both models; ``cumulative`` sums from the top;
        - ``top_px``, ``left_px``, ``bottom_px``, ``right_px``: box around the cells, half-open.

    Raises
    ------
    InputError
        If columns or a model are missing, or they share no image.

    Notes
    -----
    With TP pairs and N cells of both sides, F1 = 2 TP / N. An image's difference
    2 TP_A / N_A - 2 TP_B / N_B is divided between the change of TP and that of N as by Shapley: a
    reference cell found by A alone counts 1/N_A + 1/N_B, and a predicted cell more of A costs
    d = (TP_A + TP_B) / (N_A N_B). So

    - a reference cell that A alone finds contributes 1/N_A + 1/N_B - d, with the predicted cell
      it is matched to;
    - an unmatched predicted cell of A contributes -d;

    and those of B the opposite. Contributions are summed over places: cells that belong to one
    error of A or of B, and unmatched predicted cells of both whose boxes have an IoU of at least
    0.5. Divided by the number of images they sum to the difference of the means.

    Examples
    --------
    One image, two cells; A finds both, B only the first.

    >>> cells = pd.DataFrame({
    ...     "image_id": "a", "model": ["A"] * 4 + ["B"] * 3, "seed": 0,
    ...     "side": ["reference"] * 2 + ["predicted"] * 2 + ["reference"] * 2 + ["predicted"],
    ...     "cell_id": [1, 2, 1, 2, 1, 2, 1], "outcome": ["matched"] * 5 + ["missed", "matched"],
    ...     "event": [0] * 5 + [1, 0], "top_px": 0, "left_px": 0, "bottom_px": 9, "right_px": 9})
    >>> table = explain_difference(cells, "A", "B")
    >>> table[["reference_ids", "second_outcome", "contribution"]].round(3).values.tolist()
    [[(2,), 'missed', 0.333]]
    """
    own = {"first": cells_of(cells, first), "second": cells_of(cells, second)}
    totals = {name: image_totals(table) for name, table in own.items()}
    images = totals["first"].index.intersection(totals["second"].index)
    if images.empty or first == second:
        msg = (
            f"the difference is between two models on the same images; {first!r} and {second!r} "
            "share none, or are one."
        )
        raise InputError(msg)
    parts = _parts(cells, own, images, first, second)
    parts["contribution"] = _contributions(parts, totals) / len(images)
    return _by_place(parts)


def _parts(
    cells: pd.DataFrame,
    own: dict[str, pd.DataFrame],
    images: pd.Index,
    first: str,
    second: str,
) -> pd.DataFrame:
    """Return the cells at which the two may differ.

    Columns: image_id, who (which list of ids it is in), cell_id, outcome of either model, their
    events, sign (1 speaks for the first), is_found (a reference cell that one alone found), box.
    """
    pairs = _shared_cells(cells, own, first, second)
    reference = pairs.assign(
        who="reference",
        sign=pairs["first_matched"].astype(int) - pairs["second_matched"].astype(int),
        is_found=pairs["first_matched"] != pairs["second_matched"],
    )
    parts = [reference]
    for name, sign in (("first", -1), ("second", 1)):
        extra = own[name][(own[name]["side"] == "predicted") & (own[name]["outcome"] != MATCHED)]
        other = "second" if name == "first" else "first"
        parts.append(
            extra.assign(
                who=name,
                sign=sign,
                is_found=False,
                **{f"{name}_event": extra["event"], f"{other}_event": 0},
                **{f"{name}_outcome": extra["outcome"], f"{other}_outcome": MATCHED},
            )
        )
    columns = [
        "image_id", "who", "cell_id", "first_outcome", "second_outcome", "first_event",
        "second_event", "sign", "is_found", *BOX,
    ]  # fmt: skip
    table = pd.concat([part[columns] for part in parts], ignore_index=True)
    in_event = (table["first_event"] > 0) | (table["second_event"] > 0)
    return table[table["image_id"].isin(images) & in_event].reset_index(drop=True)


def _shared_cells(
    cells: pd.DataFrame, own: dict[str, pd.DataFrame], first: str, second: str
) -> pd.DataFrame:
    if all((table["side"] == "reference").any() for table in own.values()):
        return paired_cells(cells, first, second)
    empty = own["first"].iloc[:0]
    return empty.assign(
        first_outcome="", second_outcome="", first_event=0, second_event=0,
        first_matched=False, second_matched=False,
    )  # fmt: skip


def _contributions(parts: pd.DataFrame, totals: dict[str, pd.DataFrame]) -> FloatArray:
    """Return what each cell adds to the difference in F1 of its image."""
    one, two = (totals[name].loc[parts["image_id"]] for name in ("first", "second"))
    n_one, n_two = one["n_cells"].to_numpy(float), two["n_cells"].to_numpy(float)
    cost = (one["tp"] + two["tp"].to_numpy()).to_numpy(float) / (n_one * n_two)
    is_found = parts["is_found"].to_numpy(bool)
    size = np.where(is_found, 1 / n_one + 1 / n_two - cost, cost)
    weighted: FloatArray = parts["sign"].to_numpy(float) * size
    return weighted


def _by_place(parts: pd.DataFrame) -> pd.DataFrame:
    """Sum the contributions of the cells that belong to one error of either model."""
    place = _places(parts)
    table = parts.assign(place=place).groupby("place").agg(
        image_id=("image_id", "first"),
        contribution=("contribution", "sum"),
        top_px=("top_px", "min"),
        left_px=("left_px", "min"),
        bottom_px=("bottom_px", "max"),
        right_px=("right_px", "max"),
    )  # fmt: skip
    ordered = parts.assign(place=place).sort_values("cell_id")
    for who in ("reference", "first", "second"):
        ids = ordered[ordered["who"] == who].groupby("place")["cell_id"].agg(tuple)
        table[f"{who}_ids"] = or_none(ids, table.index)
    for name in ("first", "second"):
        wrong = ordered[ordered[f"{name}_outcome"] != MATCHED]
        said = wrong.groupby("place")[f"{name}_outcome"].agg(
            lambda outcomes: " and ".join(sorted(set(outcomes)))
        )
        table[f"{name}_outcome"] = said.reindex(table.index, fill_value=FOUND)
    ahead = -1.0 if table["contribution"].sum() < 0 else 1.0
    table = table[table["contribution"].abs() > NOTHING]
    table["against"] = -ahead * table["contribution"].round(12)
    table = table.sort_values(["against", "image_id", "top_px", "left_px"], ignore_index=True)
    table["cumulative"] = table["contribution"].cumsum()
    return table[
        ["image_id", "reference_ids", "first_ids", "second_ids", "first_outcome",
         "second_outcome", "contribution", "cumulative", *BOX]
    ]  # fmt: skip


def _places(parts: pd.DataFrame) -> npt.NDArray[np.int32]:
    """Return the number of the place of each cell."""
    links = []
    for name in ("first", "second"):
        in_event = np.flatnonzero(parts[f"{name}_event"] > 0)
        event = parts.iloc[in_event].groupby(["image_id", f"{name}_event"]).ngroup().to_numpy()
        links.append((in_event, event))
    n_first = int(links[0][1].max(initial=-1)) + 1
    n_nodes = len(parts) + n_first + int(links[1][1].max(initial=-1)) + 1
    extra = [np.flatnonzero(parts["who"] == name) for name in ("first", "second")]
    one, two = same_place(parts.iloc[extra[0]], parts.iloc[extra[1]])
    rows = np.concatenate([links[0][0], links[1][0], extra[0][one]])
    events = len(parts) + np.concatenate([links[0][1], links[1][1] + n_first])
    columns = np.concatenate([events, extra[1][two]])
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(n_nodes, n_nodes))
    found: npt.NDArray[np.int32] = connected_components(graph, directed=False)[1][: len(parts)]
    return found
