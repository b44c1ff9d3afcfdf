"""Which cells one model finds and another misses, from the cell table of a run."""

from collections.abc import Sequence
from dataclasses import asdict

import pandas as pd

from workbench.analysis._mcnemar import mcnemar_by_image
from workbench.analysis._p_values import holm
from workbench.schema import PRIMARY_IOU_THRESHOLD, InputError

CELL = ["image_id", "cell_id"]


def found_cells(cells: pd.DataFrame, *, threshold: float = PRIMARY_IOU_THRESHOLD) -> pd.DataFrame:
    """Return which reference cells each model finds.

    Parameters
    ----------
    cells
        Cell table; of its columns image_id, model, seed, side, cell_id, matched_iou and, if there,
        outcome. Of a model with several seeds the first one counts, since a cell is found by one
        training or not.
    threshold
        A cell is found if it is matched with this IoU, at least 0.5.

    Returns
    -------
    DataFrame
        Index image_id and cell_id, a column of True and False for each model; cells that a model
        was not scored on are left out, and so are those that the border rule or an ignore mask
        took out of the score of a model.

    Raises
    ------
    InputError
        For a threshold below 0.5, at which the cell table does not match, or a cell that stands
        twice for one model and seed.

    Examples
    --------
    >>> cells = pd.DataFrame({"image_id": "a", "model": ["unet", "otsu"], "seed": 0, "cell_id": 1,
    ...     "side": "reference", "matched_iou": [0.6, float("nan")]})
    >>> found_cells(cells).iloc[0].to_dict()
    {'unet': True, 'otsu': False}
    """
    if threshold < PRIMARY_IOU_THRESHOLD:
        msg = (
            f"cells are matched at IoU {PRIMARY_IOU_THRESHOLD:g} or above, got {threshold:g}; ask "
            "for a higher threshold."
        )
        raise InputError(msg)
    counted = _counted(cells)
    reference = counted[counted["side"] == "reference"]
    first = reference.groupby("model")["seed"].transform("min")
    chosen = reference[reference["seed"] == first]
    twice = chosen[chosen.duplicated(["model", *CELL])]
    if len(twice):
        row = twice.iloc[0]
        msg = (
            f"each cell stands once for a model and seed, but cell {row['cell_id']} of image "
            f"{row['image_id']!r} repeats for {row['model']!r} ({len(twice)} such rows); remove "
            "the repeated rows."
        )
        raise InputError(msg)
    is_found = (chosen["matched_iou"] >= threshold).set_axis(
        pd.MultiIndex.from_frame(chosen[[*CELL, "model"]])
    )
    wide = is_found.astype(float).unstack("model").dropna()  # noqa: PD010 - keys are unique
    return wide[list(dict.fromkeys(chosen["model"]))].astype(bool).rename_axis(columns=None)


def compare_found_cells(
    cells: pd.DataFrame,
    models: Sequence[str],
    *,
    threshold: float = PRIMARY_IOU_THRESHOLD,
    groups: pd.Series | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Ask whether a model finds more of the cells than each of the others: McNemar by image.

    Parameters
    ----------
    cells, threshold
        Of :func:`found_cells`.
    models
        The first is compared with each of the others; those without cells are left out.
    groups, seed
        Of :func:`mcnemar_by_image`; groups may name further images.

    Returns
    -------
    DataFrame
        A row per pair: ``first``, ``second``, what :class:`CellAgreement` holds, and ``p_holm``,
        its ``p_by_image`` adjusted over the rows. The cells are those that all models were scored
        on.

    Raises
    ------
    InputError
        As :func:`found_cells` and :func:`mcnemar_by_image`, and for fewer than 2 models with cells.

    Examples
    --------
    >>> unet = pd.DataFrame({"image_id": list("aabbcc"), "cell_id": [1, 2] * 3, "seed": 0,
    ...     "side": "reference", "matched_iou": 0.9, "model": "unet"})
    >>> otsu = unet.assign(model="otsu", matched_iou=[0.9, float("nan")] * 3)
    >>> compared = compare_found_cells(pd.concat([unet, otsu]), ["unet", "otsu"])
    >>> compared[["both", "first_only", "second_only", "p_by_image"]].iloc[0].to_list()
    [3.0, 3.0, 0.0, 0.25]
    """
    counted = _counted(cells)
    known = [model for model in models if (counted["model"] == model).any()]
    if len(known) < 2:
        msg = f"cells of 2 models are needed, there are those of {', '.join(known) or 'none'}."
        raise InputError(msg)
    found = found_cells(counted[counted["model"].isin(known)], threshold=threshold)
    images = found.index.get_level_values("image_id")
    inside = None if groups is None else groups[groups.index.isin(images)]
    rows = []
    for second in known[1:]:
        table = found[[known[0], second]].set_axis(["first_matched", "second_matched"], axis=1)
        agreement = mcnemar_by_image(
            table.reset_index(),
            groups=None if inside is None or inside.empty else inside,
            seed=seed,
        )
        rows.append({"first": known[0], "second": second} | asdict(agreement))
    compared = pd.DataFrame(rows)
    return compared.assign(p_holm=holm(compared["p_by_image"]))


def _counted(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells without those left out of the score; older tables know of none."""
    return cells[cells["outcome"] != "ignored"] if "outcome" in cells else cells
