"""The events behind the errors: which cells went wrong together, and what mending them gains."""

from typing import Final

import pandas as pd

from workbench.analysis._lost_f1 import f1_of_counts
from workbench.schema import InputError

NEEDED: Final = (
    "image_id", "model", "seed", "side", "cell_id", "outcome", "event",
    "top_px", "left_px", "bottom_px", "right_px",
)  # fmt: skip
BOX: Final = ("top_px", "left_px", "bottom_px", "right_px")
IGNORED: Final = "ignored"
MATCHED: Final = "matched"


def error_events(cells: pd.DataFrame, *, model: str, seed: int | None = None) -> pd.DataFrame:
    """Gather the cells of one model that went wrong together.

    Parameters
    ----------
    cells
        Cell table, columns as ``CELL_COLUMNS``; the outcomes are those at IoU 0.5.
    model
        Whose errors.
    seed
        Of the model; None for its first.

    Returns
    -------
    DataFrame
        One row per event, by image and event:

        - ``image_id``, ``event``, ``error`` (its type), ``n_cells`` that carry the type;
        - ``reference_ids``, ``predicted_ids``: tuples of all cells of the event;
        - ``added_matches``, ``added_predicted``: what mending it does to TP and to the number of
          predicted cells;
        - ``gain``: by how much the F1 of its image rises when it alone is mended;
        - ``top_px``, ``left_px``, ``bottom_px``, ``right_px``: box around its cells, half-open.

        No row where all is matched.

    Raises
    ------
    InputError
        If columns, the model or its seed are missing.
    """
    own = cells_of(cells, model, seed)
    totals = image_totals(own)
    in_event = own[own["event"] > 0]
    rows = in_event.assign(
        is_reference=in_event["side"] == "reference",
        is_wrong=in_event["outcome"] != MATCHED,
        is_pair=(in_event["side"] == "reference") & (in_event["outcome"] == MATCHED),
    )
    keys = ["image_id", "event"]
    table = rows.groupby(keys, sort=True).agg(
        n_cells=("is_wrong", "sum"),
        g=("is_reference", "sum"),
        size=("is_reference", "size"),
        m=("is_pair", "sum"),
        top_px=("top_px", "min"),
        left_px=("left_px", "min"),
        bottom_px=("bottom_px", "max"),
        right_px=("right_px", "max"),
    )
    wrong = rows[rows["is_wrong"]].drop_duplicates(keys).set_index(keys)
    table["error"] = wrong["outcome"]
    ordered = rows.sort_values([*keys, "cell_id"])
    for side in ("reference", "predicted"):
        ids = ordered[ordered["side"] == side].groupby(keys)["cell_id"].agg(tuple)
        table[f"{side}_ids"] = or_none(ids, table.index)
    table["added_matches"] = table["g"] - table["m"]
    table["added_predicted"] = 2 * table["g"] - table["size"]
    table = table.reset_index().astype({"error": str})
    of_image = totals.loc[table["image_id"]]
    tp, n_cells = of_image["tp"].to_numpy(), of_image["n_cells"].to_numpy()
    mended = f1_of_counts(tp + table["added_matches"], n_cells + table["added_predicted"])
    table["gain"] = mended - f1_of_counts(tp, n_cells)
    return table[
        [*keys, "error", "n_cells", "reference_ids", "predicted_ids", "added_matches",
         "added_predicted", "gain", *BOX]
    ]  # fmt: skip


def or_none(ids: pd.Series, index: pd.Index) -> list[tuple[int, ...]]:
    """Return the ids of each entry of an index, () where there are none."""
    return [known if isinstance(known, tuple) else () for known in ids.reindex(index)]


def image_totals(own: pd.DataFrame) -> pd.DataFrame:
    """Return matched pairs ``tp`` and cells of both sides ``n_cells`` of each image.

    Parameters
    ----------
    own
        From :func:`cells_of`.
    """
    is_pair = (own["side"] == "reference") & (own["outcome"] == MATCHED)
    table = own.assign(is_pair=is_pair).groupby("image_id")["is_pair"].agg(["sum", "size"])
    return table.rename(columns={"sum": "tp", "size": "n_cells"})


def cells_of(cells: pd.DataFrame, model: str, seed: int | None = None) -> pd.DataFrame:
    """Return the cells of one model and seed that count, those ignored left out.

    Raises
    ------
    InputError
        If columns, the model or its seed are missing.
    """
    missing = [name for name in NEEDED if name not in cells]
    if missing:
        msg = (
            f"the table of cells has no column {', '.join(missing)}; it was made before errors "
            "were sorted into types: evaluate the predictions again."
        )
        raise InputError(msg)
    own = cells[cells["model"] == model]
    if own.empty:
        there = ", ".join(map(str, cells["model"].unique()))
        msg = f"no cells of {model!r}, only of {there}."
        raise InputError(msg)
    seeds = sorted(own["seed"].unique())
    if seed is not None and seed not in seeds:
        msg = f"no cells of {model!r} with seed {seed}, only with {', '.join(map(str, seeds))}."
        raise InputError(msg)
    chosen = own["seed"] == (seeds[0] if seed is None else seed)
    return own[chosen & (own["outcome"] != IGNORED)].reset_index(drop=True)
