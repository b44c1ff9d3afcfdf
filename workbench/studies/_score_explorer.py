"""What the explorer shows of a run: a row per image and per reference cell, scores beside facts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from workbench.analysis import image_overview
from workbench.schema import Member
from workbench.store import KeptSlice, keep_slice
from workbench.studies._view import RunView

LEFT_OUT = ("image", "labels", "channel_names", "group")


def explored_images(view: RunView) -> pd.DataFrame:
    """Return a row per scored image: what is known of it, and how each member did.

    Returns
    -------
    DataFrame
        ``image_id``, the metadata of the manifest, ``n_cells`` of the reference, for each member
        ``f1_<member>`` and ``n_lost_<member>`` (reference cells without a match), and with two
        members and more ``f1_mean`` and ``f1_range``. F1 is at IoU 0.5, NaN where undefined.
    """
    overview = image_overview(view.scores)
    overview["member"] = overview["model"] + "-" + overview["seed"].astype(str)
    names = [member.name for member in view.members]
    wide = overview.set_index(["image_id", "member"])[["value", "fn"]].unstack()  # noqa: PD010
    table = pd.DataFrame({"n_cells": overview.groupby("image_id")["n_reference"].max()})
    values = wide["value"].reindex(columns=names)
    if len(names) > 1:
        table["f1_mean"] = values.mean(axis=1)
        table["f1_range"] = values.max(axis=1) - values.min(axis=1)
    for name in names:
        table[f"f1_{name}"] = values[name]
        table[f"n_lost_{name}"] = wide["fn"][name]
    facts = pd.DataFrame(
        [
            {k: v for k, v in record.metadata.items() if k not in LEFT_OUT}
            | {"image_id": record.image_id}
            for record in view.dataset.records
        ]
    ).set_index("image_id")
    # What was counted on the labels is better than what a manifest says of them.
    facts = facts[facts.columns.difference(table.columns, sort=False)]
    return facts.join(table, how="inner").reset_index()


def explored_cells(view: RunView) -> pd.DataFrame:
    """Return a row per reference cell: what it looks like, and what became of it.

    Returns
    -------
    DataFrame
        ``image_id``, ``cell_id``, ``area_px``, ``row_px``, ``column_px``, ``touches_border``, the
        features that the run has, ``n_found`` (members that matched it), and for each member
        ``iou_<member>`` (largest overlap) and ``outcome_<member>``.
    """
    reference = view.cells[view.cells["side"] == "reference"]
    keys = ["image_id", "cell_id"]
    first = view.members[0]
    table = _of_member(reference, first).set_index(keys)[
        ["area_px", "row_px", "column_px", "touches_border"]
    ]
    if view.run.features_file.is_file():
        table = table.join(_features(view, first))
    table["n_found"] = reference.groupby(keys)["matched_iou"].count()
    for member in view.members:
        own = _of_member(reference, member).set_index(keys)
        table[f"iou_{member.name}"] = own["partner_iou"]
        table[f"outcome_{member.name}"] = own["outcome"]
    return table.reset_index()


def keep_chosen(view: RunView) -> Callable[[str, pd.DataFrame], None]:
    """Return what keeps a choice of images or cells as a named slice of the run.

    Returns
    -------
    callable
        Takes the name and the chosen rows: with ``cell_id`` they are cells.
    """

    def keep(name: str, rows: pd.DataFrame) -> None:
        images = tuple(dict.fromkeys(map(str, rows["image_id"])))
        cells: tuple[tuple[str, int], ...] = ()
        if "cell_id" in rows:
            cells = tuple(
                (str(image_id), int(cell))
                for image_id, cell in rows[["image_id", "cell_id"]].itertuples(index=False)
            )
        what = f"{len(cells)} cells in {len(images)} images" if cells else f"{len(images)} images"
        keep_slice(view.run.slices_file, KeptSlice(name, images, cells, what))

    return keep


def _of_member(cells: pd.DataFrame, member: Member) -> pd.DataFrame:
    return cells[(cells["model"] == member.model) & (cells["seed"] == member.seed)]


def _features(view: RunView, member: Member) -> pd.DataFrame:
    """Return what was measured of the reference cells, by image and cell."""
    own = _of_member(view.features[view.features["side"] == "reference"], member)
    numbers = own.select_dtypes(np.number).columns.difference(["seed", "cell_id"])
    return own.set_index(["image_id", "cell_id"])[list(numbers)]
