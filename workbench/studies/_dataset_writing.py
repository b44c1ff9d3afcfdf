"""New data set folders: claimed before, complete at the end."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from workbench.datasets import ImageRead, Record, write_image
from workbench.schema import InputError, Sample
from workbench.store import atomic_path, write_text

MANIFEST: Final = "manifest.csv"
UNFINISHED: Final = ".unfinished"
"""Stands in a folder while it is being filled."""

MANIFEST_COLUMNS: Final = ("image_id", "image", "labels", "split")


def claim_folder(out: Path) -> None:
    """Make a folder for a new data set.

    Raises
    ------
    InputError
        If it holds something that no interrupted command left there.
    """
    if out.exists() and not out.is_dir():
        msg = f"{out}: is a file; name a new folder."
        raise InputError(msg)
    if out.is_dir() and any(out.iterdir()) and not (out / UNFINISHED).is_file():
        msg = f"{out}: holds something already; name a new folder."
        raise InputError(msg)
    write_text(out / UNFINISHED, "Not complete; the command that made it goes on from here.\n")


def release_folder(out: Path) -> None:
    """Say that a claimed folder is complete."""
    (out / UNFINISHED).unlink(missing_ok=True)


def write_image_whole(path: Path, image: ImageRead) -> None:
    """Write an image as TIFF, whole or not at all; see :func:`workbench.datasets.write_image`."""
    ending = ".ome.tif" if path.name.endswith(".ome.tif") else ".tif"
    with atomic_path(path) as partial:
        # The writer chooses its format by the whole ending.
        staged = partial.with_name(partial.stem.removesuffix(".ome") + ending)
        write_image(staged, image)
        staged.replace(partial)


def manifest_row(record: Record, sample: Sample, image: str, labels: str) -> dict[str, str]:
    """Return an image's line of a manifest, with all that is known of it."""
    known = {
        "channel_names": ";".join(sample.channel_names),
        "pixel_size_um": f"{sample.pixel_size_um:.10g}" if sample.pixel_size_um > 0 else "",
    }
    return {
        "image_id": record.image_id,
        "image": image,
        "labels": labels,
        "split": record.split,
        **record.metadata,
        **{name: value for name, value in known.items() if value},
    }


def write_manifest(
    path: Path,
    rows: Sequence[Mapping[str, object]],
    *,
    columns: Sequence[str] = MANIFEST_COLUMNS,
) -> None:
    """Write ``manifest.csv``: these columns, then all others; what a row lacks is empty."""
    names = list(dict.fromkeys([*columns, *(name for row in rows for name in row)]))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())
