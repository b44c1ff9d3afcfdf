"""A split written down with the hash of every image, so that a later run can be held to it."""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from workbench.datasets._split_config import SplitConfig
from workbench.schema import InputError

FROZEN_FORMAT: Final = "workbench split 1"
CHANGE_COLUMNS: Final = ("image_id", "change")


class FrozenImage(BaseModel):
    """One image of a frozen split.

    Attributes
    ----------
    image_id, split
        As in the data set.
    image_sha256, labels_sha256
        Of the decoded pixels, from :func:`pixels_sha256`; None where there are no labels.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    image_id: str
    split: str
    image_sha256: str
    labels_sha256: str | None = None


class FrozenSplit(BaseModel):
    """Which image is in which split, and what the images hold.

    Attributes
    ----------
    dataset
        Name of the data set.
    config
        How it was divided; None for a split that came with the data.
    images
        Sorted by image_id.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str
    config: SplitConfig | None = None
    images: tuple[FrozenImage, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of all of it: equal exactly if config, images and splits are."""
        content = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


def freeze_split(
    images: pd.DataFrame, *, dataset: str, config: SplitConfig | None = None
) -> FrozenSplit:
    """Return a split as a value that can be written down.

    Parameters
    ----------
    images
        A row per image: image_id, split, image_sha256, labels_sha256 (missing without labels).
    dataset
        Name of the data set.
    config
        How it was divided.

    Examples
    --------
    >>> images = pd.DataFrame({"image_id": ["a"], "split": ["test"], "image_sha256": ["00"],
    ...                        "labels_sha256": [None]})
    >>> freeze_split(images, dataset="mine").images[0].split
    'test'
    """
    fields = list(FrozenImage.model_fields)
    values = images[fields].astype(object).where(images[fields].notna(), None)
    rows = values.sort_values("image_id").to_dict("records")
    return FrozenSplit(
        dataset=dataset, config=config, images=tuple(FrozenImage(**row) for row in rows)
    )


def frozen_split_json(frozen: FrozenSplit) -> str:
    """Return a frozen split as JSON with one line per image, and its digest.

    Examples
    --------
    >>> image = FrozenImage(image_id="a", split="test", image_sha256="00")
    >>> text = frozen_split_json(FrozenSplit(dataset="mine", images=(image,)))
    >>> print(text)  # doctest: +ELLIPSIS
    {
      "format": "workbench split 1",
      "digest": "...",
      "dataset": "mine",
      "config": null,
      "images": [
        {"image_id": "a", "split": "test", "image_sha256": "00", "labels_sha256": null}
      ]
    }
    <BLANKLINE>
    """
    content = frozen.model_dump(mode="json")
    images = content.pop("images")
    head = {"format": FROZEN_FORMAT, "digest": frozen.digest, **content}
    lines = [f"  {_json(key)}: {_json(value)}," for key, value in head.items()]
    rows = ",\n".join(f"    {_json(image)}" for image in images)
    return "\n".join(["{", *lines, '  "images": [', rows, "  ]", "}", ""])


def read_frozen_split(path: Path) -> FrozenSplit:
    """Read a frozen split.

    Raises
    ------
    InputError
        If the file is missing or no frozen split, or was changed after it was frozen.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        msg = f"{path}: no such file; freeze the split of the data set first."
        raise InputError(msg) from None
    except (ValueError, RecursionError, OSError) as error:
        msg = f"{path}: not JSON ({error}); restore the file, or freeze the split again."
        raise InputError(msg) from error
    if not isinstance(content, dict) or content.pop("format", None) != FROZEN_FORMAT:
        msg = f"{path}: expected a frozen split (format {FROZEN_FORMAT!r}); is it another file?"
        raise InputError(msg)
    digest = content.pop("digest", None)
    try:
        frozen = FrozenSplit.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        msg = f"{path}: {place}: {first['msg']}; restore the file, or freeze the split again."
        raise InputError(msg) from None
    if frozen.digest != digest:
        msg = (
            f"{path}: its content has the digest {frozen.digest[:12]}, but it was frozen as "
            f"{str(digest)[:12]}: the file was changed by hand. Restore it, or freeze the split "
            "again."
        )
        raise InputError(msg)
    return frozen


def verify_frozen_split(frozen: FrozenSplit, images: pd.DataFrame) -> pd.DataFrame:
    """Name the images that are no longer what they were when the split was frozen.

    Parameters
    ----------
    frozen
        From :func:`read_frozen_split`.
    images
        A row per image as it is now: image_id, split, image_sha256, labels_sha256.

    Returns
    -------
    DataFrame
        Columns image_id and change, one row per difference, sorted; ``change`` is "missing",
        "new", "image changed", "labels changed" or "split changed". Empty if all is as it was.

    Examples
    --------
    >>> then = pd.DataFrame({"image_id": ["a", "b"], "split": "test", "image_sha256": ["00", "11"],
    ...                      "labels_sha256": "22"})
    >>> now = then.assign(image_id=["a", "c"], labels_sha256="33")
    >>> verify_frozen_split(freeze_split(then, dataset="mine"), now).values.tolist()
    [['a', 'labels changed'], ['b', 'missing'], ['c', 'new']]
    """
    current = {i.image_id: i for i in freeze_split(images, dataset=frozen.dataset).images}
    rows = [
        (image_id, change)
        for image_id, before in {image.image_id: image for image in frozen.images}.items()
        for change in _changes(before, current.get(image_id))
    ]
    known = {image.image_id for image in frozen.images}
    rows += [(image_id, "new") for image_id in current if image_id not in known]
    return pd.DataFrame(sorted(rows), columns=list(CHANGE_COLUMNS))


def _changes(before: FrozenImage, now: FrozenImage | None) -> list[str]:
    if now is None:
        return ["missing"]
    compared = {
        "image changed": before.image_sha256 != now.image_sha256,
        "labels changed": before.labels_sha256 != now.labels_sha256,
        "split changed": before.split != now.split,
    }
    return [change for change, happened in compared.items() if happened]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
