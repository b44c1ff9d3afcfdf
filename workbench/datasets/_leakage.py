"""Images that are tested on and were learned from."""

from collections.abc import Sequence

import pandas as pd

from workbench.schema import InputError


def leaking_pairs(
    images: pd.DataFrame,
    duplicates: pd.DataFrame,
    *,
    splits: Sequence[str] = ("train", "val", "test"),
) -> pd.DataFrame:
    """Return the duplicates that lie in two different splits.

    Parameters
    ----------
    images
        A row per image: image_id, split.
    duplicates
        From :func:`find_duplicates`.
    splits
        Those that must have no image in common; other splits may hold what they will.

    Returns
    -------
    DataFrame
        The rows of ``duplicates`` with ``split_a`` and ``split_b``.
    """
    split = dict(zip(images["image_id"], images["split"], strict=True))
    pairs = duplicates.assign(
        split_a=duplicates["image_id_a"].map(split), split_b=duplicates["image_id_b"].map(split)
    )
    checked = pairs["split_a"].isin(splits) & pairs["split_b"].isin(splits)
    return pairs[checked & (pairs["split_a"] != pairs["split_b"])].reset_index(drop=True)


def check_leakage(
    images: pd.DataFrame,
    duplicates: pd.DataFrame,
    *,
    splits: Sequence[str] = ("train", "val", "test"),
) -> None:
    """Refuse a split in which an image is tested on that was also learned from.

    Parameters
    ----------
    images, duplicates, splits
        As :func:`leaking_pairs` takes them. Validation images count too: a model is chosen by
        them.

    Raises
    ------
    InputError
        If duplicates lie in different splits; the message names the pairs and the cure.

    Examples
    --------
    >>> images = pd.DataFrame({"image_id": ["a", "b"], "split": ["train", "test"]})
    >>> pair = {"image_id_a": "a", "image_id_b": "b", "kind": "near", "similarity": 0.97}
    >>> check_leakage(images, pd.DataFrame([pair]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    workbench.schema.InputError: 1 pair of duplicate images lies in different splits, ...
    """
    leaks = leaking_pairs(images, duplicates, splits=splits)
    if leaks.empty:
        return
    shown = [
        f"{pair.image_id_a} ({pair.split_a}) and {pair.image_id_b} ({pair.split_b}), {pair.kind}"
        + (f", similarity {pair.similarity:.2f}" if pair.kind == "near" else "")
        for pair in leaks.head(5).itertuples()
    ]
    more = f"; and {len(leaks) - 5} more pairs" if len(leaks) > 5 else ""
    pairs = "pair of duplicate images lies" if len(leaks) == 1 else "pairs of duplicate images lie"
    msg = (
        f"{len(leaks)} {pairs} in different splits, so scores would be of images the model has "
        f"learned from: {'; '.join(shown)}{more}. Divide the images anew with their duplicates "
        "kept together, or take one of each pair out of the data set."
    )
    raise InputError(msg)
