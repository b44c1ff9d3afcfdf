"""Where the models agree with each other and not with the reference: annotation to look at."""

from typing import Final

import numpy as np
import pandas as pd

from workbench.analysis._error_events import BOX, MATCHED, cells_of
from workbench.analysis._same_place import places_of
from workbench.schema import InputError

NOT_SEEN: Final = "models see no cell"
OTHER_SHAPE: Final = "models see another shape"
EXTRA: Final = "models see a cell more"
COLUMNS: Final = (
    "image_id", "side", "cell_id", "dispute", "n_models", "n_asked", "models", *BOX,
)  # fmt: skip


def disputed_cells(cells: pd.DataFrame, *, min_models: int | None = None) -> pd.DataFrame:
    """List the places where models contradict the reference, and not each other.

    Parameters
    ----------
    cells
        Cell table, columns as ``CELL_COLUMNS``; matches are those at IoU 0.5. Of a model with
        several seeds the first counts.
    min_models
        How many models must agree, at least 2; None for two thirds of them, rounded up.

    Returns
    -------
    DataFrame
        One row per dispute, those of most models first:

        - ``image_id``, ``side``, ``cell_id``: a reference cell, or the predicted cell of the first
          of the models, a place the reference has no cell at;
        - ``dispute``: "models see no cell" (no predicted cell touches the reference cell), "models
          see another shape" (their predicted cells agree with each other, but none matches) or
          "models see a cell more" (predicted where nothing is matched, and outside of the disputed
          reference cells);
        - ``n_models`` that agree, of ``n_asked``, and ``models``: their names;
        - ``top_px``, ``left_px``, ``bottom_px``, ``right_px``: box of the cell, half-open.

    Raises
    ------
    InputError
        For fewer than 2 models, or ``min_models`` that are too few or too many.

    Notes
    -----
    Predicted cells of two models agree if their boxes have an IoU of at least 0.5. Models trained
    on the same annotations may share its habits, so disputes are found too rarely rather than too
    often; and what all models see may still be wrong.
    """
    models = list(dict.fromkeys(cells["model"]))
    needed = _needed(len(models), min_models)
    own = {model: cells_of(cells, model) for model in models}
    everything = pd.concat(own.values(), ignore_index=True)
    predicted = everything[everything["side"] == "predicted"].reset_index(drop=True)
    predicted["spot"] = places_of(predicted)
    missed = everything[(everything["side"] == "reference") & (everything["outcome"] != MATCHED)]
    found = [_about_reference(missed, predicted, needed)]
    disputed = set(zip(found[0]["image_id"], found[0]["cell_id"], strict=True))
    found.append(_extra(predicted, disputed, needed))
    table = pd.concat(found, ignore_index=True).assign(n_asked=len(models))
    order = ["n_models", "image_id", "side", "top_px", "left_px"]
    ascending = [False, True, True, True, True]
    return table[list(COLUMNS)].sort_values(order, ascending=ascending, ignore_index=True)


def _needed(n_models: int, min_models: int | None) -> int:
    if n_models < 2:
        msg = f"a dispute takes at least 2 models, got {n_models}; add a model to the study."
        raise InputError(msg)
    needed = max(2, -(-2 * n_models // 3)) if min_models is None else min_models
    if not 2 <= needed <= n_models:
        msg = f"min_models must lie between 2 and the {n_models} models, got {needed}."
        raise InputError(msg)
    return needed


def _about_reference(missed: pd.DataFrame, predicted: pd.DataFrame, needed: int) -> pd.DataFrame:
    """Return the reference cells that enough models contradict alike."""
    keys = ["image_id", "model", "cell_id"]
    spots = predicted.set_index(keys)["spot"]
    partners = pd.MultiIndex.from_frame(
        missed[["image_id", "model", "partner_id"]].set_axis(keys, axis=1)
    )
    # What no model's cell touches is one opinion too: that nothing is there.
    opinions = missed.assign(
        opinion=np.where(missed["partner_id"] > 0, spots.reindex(partners).fillna(-1), -1)
    )
    table = opinions.groupby(["image_id", "cell_id", "opinion"], as_index=False).agg(
        n_models=("model", "nunique"),
        models=("model", lambda names: ", ".join(dict.fromkeys(names))),
        **{name: (name, "first") for name in BOX},
    )
    table = table[table["n_models"] >= needed].sort_values("n_models", ascending=False)
    table = table.drop_duplicates(["image_id", "cell_id"])
    dispute = np.where(table["opinion"] < 0, NOT_SEEN, OTHER_SHAPE)
    return table.assign(side="reference", dispute=dispute)


def _extra(predicted: pd.DataFrame, disputed: set[tuple[str, int]], needed: int) -> pd.DataFrame:
    """Return the places where enough models predict a cell that nothing is matched to."""
    wrong = predicted[predicted["outcome"] != MATCHED]
    claimed = [
        pair in disputed for pair in zip(wrong["image_id"], wrong["partner_id"], strict=True)
    ]
    table = (
        wrong[~np.array(claimed, bool)]
        .groupby("spot")
        .agg(
            image_id=("image_id", "first"),
            cell_id=("cell_id", "first"),
            n_models=("model", "nunique"),
            models=("model", lambda names: ", ".join(dict.fromkeys(names))),
            **{name: (name, "first") for name in BOX},
        )
    )
    table = table[table["n_models"] >= needed]
    return table.assign(side="predicted", dispute=EXTRA)
