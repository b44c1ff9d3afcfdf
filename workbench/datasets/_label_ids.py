"""Image ids: read off file names, and brought together between two sources."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from workbench.datasets._label_values import LabelSource
from workbench.datasets._names import some
from workbench.schema import InputError

ID_ENDINGS: Final = re.compile(
    r"(?<=.)(?:[_-](?:img|image))?(?:[_-](?:cp_masks|labels?|masks?|seg))?(?:\.ome)?$",
    re.IGNORECASE,
)
_Key: TypeAlias = Callable[[str], str]


@dataclass(frozen=True)
class LabelPairs:
    """Which predicted labels belong to which reference.

    Attributes
    ----------
    pairs
        (reference id, predicted id) in the order of the reference; the predicted id is None where
        it is missing.
    extra
        Predicted ids without a reference.
    """

    pairs: tuple[tuple[str, str | None], ...]
    extra: tuple[str, ...]


def pair_labels(reference: LabelSource, predicted: LabelSource) -> LabelPairs:
    """Find the predicted labels of every reference image.

    Parameters
    ----------
    reference, predicted
        What to bring together. Ids are compared as they are, then less the endings that
        :func:`open_labels` drops; COCO results by the reference's COCO numbers too. Two single
        files belong together whatever they are called.

    Returns
    -------
    LabelPairs
        A pair for every reference image.

    Raises
    ------
    InputError
        If no predicted id has a reference.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from workbench.datasets import open_labels
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("truth.npy", "cellpose_masks.npy"):
    ...     np.save(folder / name, np.zeros((2, 2), int))
    >>> pair_labels(
    ...     open_labels(folder / "truth.npy"), open_labels(folder / "cellpose_masks.npy")
    ... ).pairs
    (('truth', 'cellpose'),)
    """
    if reference.kind == predicted.kind == "file":
        return LabelPairs(((reference.image_ids[0], predicted.image_ids[0]),), ())
    rounds: tuple[tuple[_Key, _Key], ...] = ((str, str), (short_id, short_id))
    if predicted.kind == "coco_results" and reference.numbers:
        # Its ids are numbers alone; a file called 2.tif need not be the image numbered 2.
        rounds = ((lambda image_id: reference.numbers[image_id], str),)
    found: dict[str, str] = {}
    extra = predicted.image_ids
    for reference_key, predicted_key in rounds:
        open_ids = [image_id for image_id in reference.image_ids if image_id not in found]
        partners = _by_key(extra, predicted_key)
        wanted = _by_key(open_ids, reference_key)
        found |= {wanted[key]: partners[key] for key in wanted if key in partners}
        taken = set(found.values())
        extra = tuple(image_id for image_id in extra if image_id not in taken)
    if not found:
        msg = (
            f"no image of {predicted.path} has the name of one in {reference.path}; for example "
            f"{predicted.image_ids[0]!r} beside {reference.image_ids[0]!r}. Labels belong together "
            "by image id: the stem of a file, or what the index says."
        )
        raise InputError(msg)
    pairs = tuple((image_id, found.get(image_id)) for image_id in reference.image_ids)
    return LabelPairs(pairs, extra)


def short_id(stem: str) -> str:
    """Return the stem of a file less what programs append to the name of an image."""
    return ID_ENDINGS.sub("", stem, count=1)


def refuse_repeated(path: Path, names: Sequence[str]) -> None:
    """Raise if an index names an image twice."""
    repeated = [name for name, n in Counter(names).items() if n > 1]
    if repeated:
        msg = f"{path}: {some(repeated)} stands more than once; each image needs its own id."
        raise InputError(msg)


def _by_key(image_ids: Sequence[str], key: _Key) -> dict[str, str]:
    """Return ids by key, without those that share one: neither would be certain."""
    keys = [key(image_id) for image_id in image_ids]
    repeated = {name for name, n in Counter(keys).items() if n > 1}
    return {
        name: image_id
        for name, image_id in zip(keys, image_ids, strict=True)
        if name not in repeated
    }
