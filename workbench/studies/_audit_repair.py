"""A repaired copy of a data set; the original stays as it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from workbench.datasets import (
    REPAIRS,
    Dataset,
    ImageRead,
    Record,
    read_sample,
    repair_labels,
)
from workbench.schema import InputError
from workbench.store import atomic_path, move_folder, remove_folder, write_labels
from workbench.studies._audit import REPAIR_COLUMNS, Audit, repair_effect
from workbench.studies._dataset_writing import (
    MANIFEST,
    manifest_row,
    write_image_whole,
    write_manifest,
)
from workbench.studies._progress_text import Milestones

REPAIRS_FILE: Final = "repairs.csv"
REPAIR_TABLE_COLUMNS: Final = (
    "image_id",
    "split",
    "repair",
    "n_cells",
    "n_pixels",
    "text",
    *REPAIR_COLUMNS,
)


def repair_dataset(
    dataset: Dataset,
    audit: Audit,
    out: Path,
    *,
    repairs: Sequence[str] | None = None,
    tell: Callable[[str], None] = print,
) -> pd.DataFrame:
    """Write a copy of a data set with its labels repaired as the audit proposes.

    Parameters
    ----------
    dataset
        Its files are read and never changed.
    audit
        Of this data set; each image gets the repairs that its own findings propose.
    out
        A folder that does not exist yet, or is empty. Gets ``manifest.csv`` with all metadata,
        ``images/`` (the same pixels, as compressed TIFF), ``labels/`` (compressed TIFF of 16 bits,
        32 where a number needs it) and ``repairs.csv``; it appears when it is whole.
    repairs
        Apply these alone; None applies all that are proposed.
    tell
        Called with a line of text now and then.

    Returns
    -------
    DataFrame
        As written to ``repairs.csv``: one row per image and repair with image_id, split, repair,
        n_cells, n_pixels (changed), text, and f1@0.5, f1@0.75, f1@0.9 of the image's repaired
        labels against those it had. Images that can't be read are left out of the copy, with a row
        whose repair is "left_out".

    Raises
    ------
    InputError
        If ``out`` is the data set, lies in it or holds files, a repair is unknown, or the audit is
        of another data set.
    """
    _refuse_place(dataset, out)
    _refuse_unknown(repairs)
    proposed = _proposed(dataset, audit, repairs)
    milestones = Milestones(len(dataset.records), "images copied", tell)
    staging = out.with_name(f".{out.name}.partial-{os.getpid()}")
    rows: list[dict[str, Any]] = []
    copied: list[dict[str, str]] = []
    try:
        for record in dataset.records:
            try:
                copied.append(_copy(record, proposed.get(record.image_id, []), staging, rows))
            except InputError as error:
                rows.append(_about(record) | {"repair": "left_out", "text": str(error)})
            milestones.step()
        table = pd.DataFrame(rows, columns=list(REPAIR_TABLE_COLUMNS))
        write_manifest(staging / MANIFEST, copied)
        with atomic_path(staging / REPAIRS_FILE) as partial:
            table.to_csv(partial, index=False)
        move_folder(staging, out)
    except OSError as error:
        msg = f"{out}: can't write there ({error.strerror}); choose another folder."
        raise InputError(msg) from error
    finally:
        remove_folder(staging)
    return table


def _refuse_place(dataset: Dataset, out: Path) -> None:
    source, target = dataset.root.resolve(), out.resolve()
    if target == source or source in target.parents:
        msg = f"{out}: lies in the data set {dataset.root}; a repaired copy needs its own folder."
        raise InputError(msg)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        msg = f"{out}: is there already; name a folder that does not exist yet for the copy."
        raise InputError(msg)


def _refuse_unknown(repairs: Sequence[str] | None) -> None:
    if unknown := sorted(set(repairs or ()) - set(REPAIRS)):
        msg = f"no repair is called {unknown[0]!r}; there are {', '.join(REPAIRS)}."
        raise InputError(msg)


def _proposed(
    dataset: Dataset, audit: Audit, repairs: Sequence[str] | None
) -> dict[str, list[str]]:
    """Return the repairs of each image that is to be repaired."""
    audited = {*audit.images["image_id"], *audit.problems["image_id"]}
    if strange := [r.image_id for r in dataset.records if r.image_id not in audited]:
        msg = f"the audit knows no image {strange[0]!r} of {dataset.root}; audit this data set."
        raise InputError(msg)
    wanted = set(REPAIRS if repairs is None else repairs)
    names = zip(audit.images["image_id"], audit.images["repairs"].str.split(), strict=True)
    return {image_id: [name for name in of_image if name in wanted] for image_id, of_image in names}


def _copy(
    record: Record, repairs: Sequence[str], folder: Path, rows: list[dict[str, Any]]
) -> dict[str, str]:
    """Write one image and its labels, repaired; return its line of the manifest."""
    sample = read_sample(record)
    name = f"{record.image_id}.tif"
    facts = ImageRead(sample.image, sample.channel_names, sample.pixel_size_um)
    write_image_whole(folder / "images" / name, facts)
    if sample.reference is None:
        return manifest_row(record, sample, f"images/{name}", "")
    labels, done = repair_labels(sample.reference, repairs)
    write_labels(folder / "labels" / name, labels)
    effect = repair_effect(sample.reference, repairs) if done else {}
    for step in done:
        what = {
            "repair": step.repair,
            "n_cells": len(step.cell_ids),
            "n_pixels": step.n_pixels,
            "text": step.text,
        }
        rows.append(_about(record) | what | effect)
    return manifest_row(record, sample, f"images/{name}", f"labels/{name}")


def _about(record: Record) -> dict[str, Any]:
    return {"image_id": record.image_id, "split": record.split}
