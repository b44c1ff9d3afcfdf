"""What to look at first where there is no reference: cells the models are unsure of."""

from typing import Final, Literal

import numpy as np
import pandas as pd

from workbench.analysis._error_events import BOX
from workbench.analysis._same_place import places_of
from workbench.schema import InputError

Doubt = Literal["disagreement", "confidence"]
NEEDED: Final = ("image_id", "model", "seed", "side", "cell_id", "confidence", *BOX)


def doubtful_cells(cells: pd.DataFrame, *, model: str, by: Doubt | None = None) -> pd.DataFrame:
    """Order the predicted cells of a model by doubt, without any reference.

    Parameters
    ----------
    cells
        Cell table; only its predicted cells are looked at, so images without annotation will do.
        Of a model with several seeds the first counts.
    model
        Whose predictions are to be reviewed.
    by
        "disagreement": the fewer of the other models have a cell at the same place, the more
        doubtful. "confidence": the lower the model's own confidence. None for the first of the two
        that the table allows; the other then decides between equals.

    Returns
    -------
    DataFrame
        One row per predicted cell of the model, and one per place where more than half of the other
        models have a cell and it has none; the most doubtful first. ``image_id``, ``model`` (whose
        cell it is: that of the first other model where this one has none), ``cell_id``,
        ``is_lacking`` (the model has no cell there), ``confidence`` (NaN if none is given, and of
        lacking cells), ``n_agree`` of ``n_others`` models, ``doubt`` from 0 to 1, and the box,
        half-open.

    Raises
    ------
    InputError
        If columns or the model are missing, or the table does not hold what ``by`` needs.

    Notes
    -----
    ``doubt`` is the share of other models that contradict, or 1 - confidence. A confidence orders
    cells; it is no probability unless it was calibrated. Two cells lie at the same place if their
    boxes have an IoU of at least 0.5.
    """
    predicted = _predicted(cells, model)
    chosen = _basis(predicted, model, by)
    n_others = predicted["model"].nunique() - 1
    predicted["spot"] = places_of(predicted)
    agreeing = predicted.groupby("spot")["model"].nunique()
    has_own = predicted[predicted["model"] == model]["spot"]
    own = predicted[predicted["model"] == model].assign(
        is_lacking=False, n_agree=lambda table: table["spot"].map(agreeing) - 1
    )
    lacking = predicted[~predicted["spot"].isin(has_own)].drop_duplicates("spot")
    lacking = lacking.assign(
        is_lacking=True,
        confidence=np.nan,
        n_agree=lambda table: n_others - table["spot"].map(agreeing),
    )
    lacking = lacking[2 * lacking["n_agree"] < n_others]
    if chosen == "confidence":
        lacking = lacking.iloc[:0]
    table = pd.concat([own, lacking], ignore_index=True).assign(n_others=n_others)
    unsure = 1 - table["confidence"]
    apart = 1 - table["n_agree"] / max(n_others, 1)
    first, second = (apart, unsure) if chosen == "disagreement" else (unsure, apart)
    table = table.assign(doubt=first, tie=second).sort_values(
        ["doubt", "tie", "image_id", "top_px", "left_px"],
        ascending=[False, False, True, True, True],
        ignore_index=True,
    )
    return table[
        ["image_id", "model", "cell_id", "is_lacking", "confidence", "n_agree", "n_others",
         "doubt", *BOX]
    ]  # fmt: skip


def _predicted(cells: pd.DataFrame, model: str) -> pd.DataFrame:
    """Return the predicted cells of the first seed of each model."""
    missing = [name for name in NEEDED if name not in cells]
    if missing:
        msg = (
            f"the table of cells has no column {', '.join(missing)}; take scores/cells.parquet of "
            "a run."
        )
        raise InputError(msg)
    predicted = cells[cells["side"] == "predicted"]
    if model not in set(predicted["model"]):
        there = ", ".join(map(str, predicted["model"].unique()))
        msg = f"no predicted cells of {model!r}, only of {there or 'none'}."
        raise InputError(msg)
    first = predicted.groupby("model")["seed"].transform("min")
    return predicted[predicted["seed"] == first].reset_index(drop=True)


def _basis(predicted: pd.DataFrame, model: str, by: Doubt | None) -> Doubt:
    has_others = bool((predicted["model"] != model).any())
    has_confidence = bool(predicted.loc[predicted["model"] == model, "confidence"].notna().any())
    if by not in (None, "disagreement", "confidence"):
        msg = f'doubt goes by "disagreement" or "confidence", got {by!r}.'
        raise InputError(msg)
    if by == "confidence" and not has_confidence:
        msg = f"{model!r} gives no confidence of its cells; order them by disagreement."
        raise InputError(msg)
    if by == "disagreement" and not has_others:
        msg = f"only {model!r} predicted these images; add another model, or order by confidence."
        raise InputError(msg)
    if not has_others and not has_confidence:
        msg = (
            f"{model!r} gives no confidence and no other model predicted these images, so no cell "
            "is more doubtful than another; add another model."
        )
        raise InputError(msg)
    return by or ("disagreement" if has_others else "confidence")
