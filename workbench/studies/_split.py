"""Splits of whole data sets: leaks found, images divided, splits frozen and verified."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from workbench.datasets import (
    DATASET_FILE,
    Dataset,
    DatasetFile,
    FrozenSplit,
    SplitConfig,
    assign_splits,
    check_leakage,
    find_duplicates,
    freeze_split,
    frozen_split_json,
    leaking_pairs,
    open_dataset,
    read_dataset_file,
    read_frozen_split,
    verify_frozen_split,
    write_dataset_file,
)
from workbench.report import ReportTable
from workbench.schema import InputError
from workbench.store import write_text
from workbench.studies._config import DatasetConfig
from workbench.studies._explain import checked
from workbench.studies._signatures import signatures_of

MANIFEST: Final = "manifest.csv"
FROZEN_SPLIT: Final = "split.json"
DUPLICATES: Final = "duplicates.csv"


@dataclass(frozen=True, eq=False)
class SplitSummary:
    """What a division of a data set came to.

    Attributes
    ----------
    folder
        Holds ``dataset.yaml``, ``split.json`` and ``duplicates.csv``.
    frozen
        The split as it was written.
    counts
        Images per split (columns) and stratum (rows); one row "all" without strata.
    duplicates
        Pairs of images that were kept together, from :func:`workbench.datasets.find_duplicates`.
    n_left_out
        Images that belong to no split, since ``only`` chose others.
    """

    folder: Path
    frozen: FrozenSplit
    counts: pd.DataFrame
    duplicates: pd.DataFrame
    n_left_out: int


def read_split_config(*, shares: str, keep: str, only: str, **options: object) -> SplitConfig:
    """Return how to divide, from the options of a command line.

    Parameters
    ----------
    shares
        "train=0.7,val=0.1,test=0.2"; "" for the default.
    keep
        Names parted by commas.
    only
        "column=value", parted by commas.
    options
        As :class:`workbench.datasets.SplitConfig` takes them.

    Raises
    ------
    InputError
        If a value does not fit.
    """
    values: dict[str, object] = {
        name: value for name, value in options.items() if value is not None
    }
    if shares:
        values["shares"] = _pairs(shares, "--shares")
    if only:
        values["only"] = _pairs(only, "--only")
    if keep:
        values["keep"] = [name.strip() for name in keep.split(",")]
    return checked(SplitConfig, values, source="workbench data split")


def _pairs(text: str, option: str) -> dict[str, str]:
    parts = [part.partition("=") for part in text.split(",")]
    if any(not equals or not name.strip() for name, equals, _ in parts):
        msg = f"{option} {text!r}: expected name=value, several parted by commas."
        raise InputError(msg)
    return {name.strip(): value.strip() for name, _, value in parts}


def read_frozen(folder: Path) -> FrozenSplit:
    """Read the frozen split of a folder that :func:`split_dataset` has written.

    Raises
    ------
    InputError
        If there is none.
    """
    if not (folder / FROZEN_SPLIT).is_file():
        msg = f"{folder}: holds no {FROZEN_SPLIT}; name a folder made by `workbench data split`."
        raise InputError(msg)
    return read_frozen_split(folder / FROZEN_SPLIT)


def count_rows(summary: SplitSummary) -> ReportTable:
    """Return how many images each split got, as people read it."""
    left_out = f"; {summary.n_left_out} images are in no split" if summary.n_left_out else ""
    return ReportTable(
        "split", f"Images per split{left_out}", summary.counts.rename_axis("").reset_index()
    )


def duplicates_of(dataset: Dataset) -> pd.DataFrame:
    """Return the pairs of images of a data set that are the same, or nearly so.

    Returns
    -------
    DataFrame
        As :func:`workbench.datasets.find_duplicates`; images that can't be read are passed over.
    """
    return find_duplicates(signatures_of(dataset).by_id)


def find_leaks(
    dataset: Dataset,
    *,
    splits: Sequence[str] = ("train", "val", "test"),
    workers: int = 1,
    cache: Path | None = None,
    step: Callable[[], None] = lambda: None,
) -> pd.DataFrame:
    """Return pairs of images, the same or nearly so, that lie in different splits of a data set.

    Parameters
    ----------
    dataset
        With its splits. Images that can't be read are passed over.
    splits
        Those that must have no image in common.
    workers, cache, step
        As :func:`signatures_of` takes them.

    Returns
    -------
    DataFrame
        As :func:`workbench.datasets.leaking_pairs`; empty if there is no leak.
    """
    signatures = signatures_of(dataset, workers=workers, cache=cache, step=step)
    return leaking_pairs(signatures.images, find_duplicates(signatures.by_id), splits=splits)


def refuse_tested_copies(config: DatasetConfig, *, cache: Path | None = None) -> list[str]:
    """Refuse to train on images that are also tested on.

    Parameters
    ----------
    config
        Data set and names of its splits.
    cache
        As :func:`signatures_of` takes it.

    Returns
    -------
    list of str
        A sentence if validation images are copies of training images: the choice of the best epoch
        is then too kind, the scores are not.

    Raises
    ------
    InputError
        If a test image, or a near-duplicate of one, is also in training or validation.
    """
    dataset = open_dataset(config.path)
    signatures = signatures_of(dataset, cache=cache)
    duplicates = find_duplicates(signatures.by_id)
    for learned in (config.train, config.validation):
        check_leakage(signatures.images, duplicates, splits=(learned, config.test))
    kind = (config.train, config.validation)
    leaks = leaking_pairs(signatures.images, duplicates, splits=kind)
    if leaks.empty:
        return []
    pairs = ", ".join(f"{pair.image_id_a} and {pair.image_id_b}" for pair in leaks.itertuples())
    note = (
        f"Note: validation images that are copies of training images: {len(leaks)} ({pairs}). "
        "`workbench data split` keeps copies together."
    )
    return [note]


def split_dataset(
    dataset: Dataset,
    config: SplitConfig,
    out: Path,
    *,
    workers: int = 1,
    cache: Path | None = None,
    step: Callable[[], None] = lambda: None,
) -> SplitSummary:
    """Divide a data set, its duplicates kept together, and freeze what came out.

    Parameters
    ----------
    dataset
        To divide; its files stay where they are.
    config
        How.
    out
        Folder that becomes a data set of its own: ``dataset.yaml``, which names the images where
        they are, ``split.json``, the frozen split, and ``duplicates.csv``, the pairs found.
    workers, cache, step
        As :func:`signatures_of` takes them.

    Returns
    -------
    SplitSummary

    Raises
    ------
    InputError
        If an image can't be read, the images can't be divided so (:func:`assign_splits`), kept
        splits leak, or ``out`` holds another split or data set.
    """
    signatures = signatures_of(dataset, workers=workers, cache=cache, step=step)
    _refuse_unreadable(dataset, signatures.problems)
    duplicates = find_duplicates(signatures.by_id)
    assigned = assign_splits(signatures.images, config, duplicates=duplicates)
    images = signatures.images.set_index("image_id").loc[assigned.index]
    images = images.assign(split=assigned).reset_index()
    together = duplicates["image_id_a"].isin(assigned.index) & duplicates["image_id_b"].isin(
        assigned.index
    )
    check_leakage(images, duplicates, splits=sorted(assigned.unique()))
    frozen = freeze_split(images, dataset=dataset.name, config=config)
    _refuse_other_content(out, frozen)
    write_dataset_file(out / DATASET_FILE, _described(dataset))
    write_text(out / DUPLICATES, duplicates[together].to_csv(index=False))
    # Last: where it is, all is.
    write_text(out / FROZEN_SPLIT, frozen_split_json(frozen))
    return SplitSummary(
        folder=out,
        frozen=frozen,
        counts=_counts(images, config.stratify_by),
        duplicates=duplicates[together].reset_index(drop=True),
        n_left_out=len(signatures.images) - len(images),
    )


def verify_split(
    dataset: Dataset,
    frozen: FrozenSplit,
    *,
    workers: int = 1,
    cache: Path | None = None,
    step: Callable[[], None] = lambda: None,
) -> pd.DataFrame:
    """Name the images of a data set that are no longer as they were frozen.

    Parameters
    ----------
    dataset
        As it is now.
    frozen
        From :func:`workbench.datasets.read_frozen_split`.
    workers, cache, step
        As :func:`signatures_of` takes them.

    Returns
    -------
    DataFrame
        Columns image_id and change, see :func:`workbench.datasets.verify_frozen_split`; an image
        that can't be read is "unreadable". Empty if all is as it was.
    """
    signatures = signatures_of(dataset, workers=workers, cache=cache, step=step)
    changes = verify_frozen_split(frozen, signatures.images)
    unreadable = changes["image_id"].isin(signatures.problems["image_id"])
    changes.loc[unreadable, "change"] = "unreadable"
    return changes


def _refuse_unreadable(dataset: Dataset, problems: pd.DataFrame) -> None:
    if len(problems):
        msg = (
            f"data set {dataset.root}: {len(problems)} images can't be read, so they can't be "
            f"divided; mend them or take them out of the data set. {problems['problem'].iloc[0]}"
        )
        raise InputError(msg)


def _refuse_other_content(out: Path, frozen: FrozenSplit) -> None:
    """Keep a frozen split, or the manifest of a data set, from being replaced."""
    if (out / FROZEN_SPLIT).is_file():
        there = read_frozen_split(out / FROZEN_SPLIT)
        if there.digest != frozen.digest:
            msg = (
                f"{out / FROZEN_SPLIT}: holds another frozen split ({there.digest[:12]}, new is "
                f"{frozen.digest[:12]}); name a new folder, or delete this one first."
            )
            raise InputError(msg)
    elif any((out / name).exists() for name in (MANIFEST, DATASET_FILE, "images")):
        msg = f"{out} is a data set already; name a new folder for the split."
        raise InputError(msg)


def _described(dataset: Dataset) -> DatasetFile:
    """Return how a data set is read, with the frozen split beside."""
    root = dataset.root
    if root.suffix in (".yaml", ".yml"):
        file = read_dataset_file(root)
        return file.model_copy(
            update={"path": root.parent / file.path, "split_file": Path(FROZEN_SPLIT)}
        )
    return DatasetFile(path=root, layout=dataset.layout, split_file=Path(FROZEN_SPLIT))


def _counts(images: pd.DataFrame, stratify_by: str | None) -> pd.DataFrame:
    strata = images[stratify_by] if stratify_by else pd.Series("all", index=images.index)
    counts = pd.crosstab(strata, images["split"]).rename_axis(index=stratify_by, columns=None)
    order = [name for name in ("train", "val", "test") if name in counts]
    return counts[order + [name for name in counts if name not in order]]
