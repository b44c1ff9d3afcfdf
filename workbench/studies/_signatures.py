"""What each image of a data set is recognised by, read once and remembered."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench.datasets import (
    Dataset,
    ImageSignature,
    Record,
    image_signature,
    pixels_sha256,
    read_sample,
)
from workbench.schema import InputError
from workbench.store import atomic_path
from workbench.studies._processes import mapped

# Goes into every key of the cache: raise it when a signature changes its meaning.
CACHE_FORMAT: Final = 1


@dataclass(frozen=True, eq=False)
class Signatures:
    """What the images of a data set are recognised by.

    Attributes
    ----------
    images
        One row per readable image: image_id, split, image_sha256, labels_sha256 (None without
        labels), then the metadata columns.
    by_id
        The signature of each, for :func:`workbench.datasets.find_duplicates`.
    problems
        One row per image that can't be read: image_id, problem.
    """

    images: pd.DataFrame
    by_id: Mapping[str, ImageSignature]
    problems: pd.DataFrame


def signatures_of(
    dataset: Dataset,
    *,
    workers: int = 1,
    cache: Path | None = None,
    step: Callable[[], None] = lambda: None,
) -> Signatures:
    """Read every image once and keep what it is recognised by.

    Parameters
    ----------
    dataset
        Whose images; at most a few are in memory at a time.
    workers
        Processes to read with; 1 reads in this one. Starting them takes about two seconds each.
    cache
        File that remembers signatures. An image is read again if its file or that of its labels
        has another path, size or time of change.
    step
        Called after each image.

    Returns
    -------
    Signatures
        In the order of the data set; images that can't be read are listed, not raised.
    """
    keys = [_cache_key(record) for record in dataset.records]
    known = _load_cache(cache)
    unknown = [
        (place, record)
        for place, (key, record) in enumerate(zip(keys, dataset.records, strict=True))
        if key not in known
    ]
    found: dict[int, _Content | str] = {
        place: known[key] for place, key in enumerate(keys) if key in known
    }
    for _ in found:
        step()
    try:
        with mapped(_content, [record for _, record in unknown], workers=workers) as contents:
            for (place, _), content in zip(unknown, contents, strict=True):
                found[place] = content
                step()
    finally:
        _save_cache(cache, keys, found, known)
    return _collected(dataset.records, [found[place] for place in range(len(keys))])


@dataclass(frozen=True, eq=False)
class _Content:
    signature: ImageSignature
    labels_sha256: str | None


def _content(record: Record) -> _Content | str:
    """Return what an image holds, or why it can't be read."""
    try:
        sample = read_sample(record)
    except InputError as error:
        return str(error)
    labels = None if sample.reference is None else pixels_sha256(sample.reference)
    return _Content(image_signature(sample.image), labels)


def _collected(records: Sequence[Record], contents: Sequence[_Content | str]) -> Signatures:
    rows, problems = [], []
    by_id: dict[str, ImageSignature] = {}
    for record, content in zip(records, contents, strict=True):
        if isinstance(content, str):
            problems.append({"image_id": record.image_id, "problem": content})
            continue
        by_id[record.image_id] = content.signature
        hashes = {
            "image_sha256": content.signature.pixels_sha256,
            "labels_sha256": content.labels_sha256,
        }
        about = {"image_id": record.image_id, "split": record.split}
        rows.append(about | hashes | {k: v for k, v in record.metadata.items() if k not in about})
    columns = ["image_id", "split", "image_sha256", "labels_sha256"]
    return Signatures(
        images=pd.DataFrame(rows) if rows else pd.DataFrame(columns=columns),
        by_id=by_id,
        problems=pd.DataFrame(problems, columns=["image_id", "problem"]),
    )


def _cache_key(record: Record) -> str | None:
    """Return what tells whether a record's files are unchanged; None if nothing can."""
    parts = [
        _stamp(getattr(record, field.name))
        for field in fields(record)
        if field.name not in ("image_id", "split", "metadata")
    ]
    if None in parts:
        return None
    return hashlib.sha256(repr((CACHE_FORMAT, parts)).encode()).hexdigest()


def _stamp(value: Any) -> str | None:
    """Return a value as text, a file with its size and time of change; None if unforeseen."""
    if isinstance(value, Path):
        if not value.is_file():
            return None
        stat = value.stat()
        return f"{value.resolve()} {stat.st_size} {stat.st_mtime_ns}"
    if value is None or isinstance(value, str | int | float):
        return repr(value)
    if is_dataclass(value):
        value = tuple(getattr(value, field.name) for field in fields(value))
    if not isinstance(value, tuple):
        return None
    parts = [_stamp(part) for part in value]
    return None if None in parts else repr(parts)


def _load_cache(cache: Path | None) -> dict[str | None, _Content]:
    if cache is None or not cache.is_file():
        return {}
    try:
        table = pd.read_parquet(cache)
        return {row["key"]: _from_row(row) for row in table.to_dict("records")}
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # only a cache: computed again


def _save_cache(
    cache: Path | None,
    keys: Sequence[str | None],
    found: Mapping[int, _Content | str],
    known: Mapping[str | None, _Content],
) -> None:
    learned = {
        keys[place]: content
        for place, content in found.items()
        if keys[place] is not None and isinstance(content, _Content)
    }
    if cache is None or learned.keys() <= known.keys():
        return
    rows = [_to_row(key, content) for key, content in {**known, **learned}.items()]
    with atomic_path(cache) as partial:
        pd.DataFrame(rows).to_parquet(partial, index=False)


def _to_row(key: str | None, content: _Content) -> dict[str, Any]:
    signature = asdict(content.signature)
    thumbnail = content.signature.thumbnail.astype("<f4")
    about = {"key": key, "labels_sha256": content.labels_sha256, "side": len(thumbnail)}
    return about | signature | {"thumbnail": thumbnail.tobytes()}


def _from_row(row: Mapping[str, Any]) -> _Content:
    signature = {field.name: row[field.name] for field in fields(ImageSignature)}
    side = row["side"]
    signature["thumbnail"] = np.frombuffer(row["thumbnail"], "<f4").reshape(side, side)
    labels = row["labels_sha256"]
    return _Content(ImageSignature(**signature), labels if isinstance(labels, str) else None)
