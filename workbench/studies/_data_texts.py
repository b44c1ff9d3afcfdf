"""What a data set is, before it is read whole: layout, splits, axes and channels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from workbench.analysis import DataFingerprint
from workbench.datasets import LAYOUTS, Dataset, Record, read_record_image, record_info
from workbench.report import ReportTable
from workbench.schema import InputError

N_IMAGES_SHOWN = 5
N_NOTES_SHOWN = 10


def dataset_lines(dataset: Dataset) -> list[str]:
    """Return layout, size, splits and metadata of a data set as sentences.

    Parameters
    ----------
    dataset
        Of which nothing is read here.
    """
    records = dataset.records
    splits = pd.Series([record.split for record in records]).value_counts(sort=False)
    columns = list(dict.fromkeys(name for record in records for name in record.metadata))
    labelled = sum(record.labels is not None for record in records)
    notes = list(dataset.notes[:N_NOTES_SHOWN])
    if len(dataset.notes) > N_NOTES_SHOWN:
        notes.append(f"... and {len(dataset.notes) - N_NOTES_SHOWN} more notes.")
    return [
        f"{dataset.name}: {LAYOUTS[dataset.layout].title} (layout {dataset.layout})",
        f"Images: {len(records):,}, {labelled:,} of them annotated",
        f"Splits: {', '.join(f'{name} {count:,}' for name, count in splits.items())}",
        f"Metadata: {', '.join(columns) or 'none'}",
        *(f"Note: {note}" for note in notes),
    ]


def axes_rows(dataset: Dataset, *, n: int = N_IMAGES_SHOWN) -> ReportTable:
    """Return how the first images are read: axes, channels, pixel size, and who says so.

    Parameters
    ----------
    dataset
        Its first images are read.
    n
        How many.
    """
    frame = pd.DataFrame([_image_row(record) for record in dataset.records[:n]])
    more = f" of {len(dataset.records):,}" if len(dataset.records) > n else ""
    return ReportTable(
        "axes", f"How images are read, the first {len(frame)}{more}. Axes: T, Z, C, Y, X; S are "
        "the samples of a colour.", frame,
    )  # fmt: skip


def fingerprint_rows(found: DataFingerprint) -> ReportTable:
    """Return the fingerprint of a data set as people read it: how each number is spread."""
    spreads = {
        "Height, px": found.height_px,
        "Width, px": found.width_px,
        "Cells per image": found.cells_per_image,
        "Cell area, px": found.cell_area_px,
        "Cell diameter, px": found.cell_diameter_px,
        "Cell diameter, µm": found.cell_diameter_um,
    }
    for kind in found.intensities:
        name = f"{kind.channels} x {kind.dtype}"
        spreads[f"Intensity, 1st percentile ({name})"] = kind.low
        spreads[f"Intensity, 99th percentile ({name})"] = kind.high
    frame = pd.DataFrame([{"Of": name} | spread.model_dump() for name, spread in spreads.items()])
    known = {name: share for name, share in found.class_shares.items() if not np.isnan(share)}
    shares = ", ".join(f"{name} {share:.1%}" for name, share in known.items())
    size = found.pixel_size_um
    facts = [
        f"{found.n_images:,} images, {found.n_labelled:,} annotated, {found.n_cells:,} cells",
        f"pixels: {shares}" if shares else "pixels: no labels",
        f"pixel size {size:.4g} µm" if size > 0 else "pixel size not told",
    ]
    numbers = [str(name) for name in frame if name not in ("Of", "n")]
    return ReportTable(
        "fingerprint", "; ".join(facts) + ".", frame, formats=dict.fromkeys(numbers, _four_digits)
    )


def ceiling_rows(ceilings: pd.DataFrame) -> ReportTable:
    """Return what :func:`encoding_ceilings` measured as people read it."""
    headers = {"encoding": "Encoding", "decoder": "Decoder", "n_images": "Images"}
    headers |= {name: name.replace("f1@", "F1 @ ") for name in ceilings if name not in headers}
    return ReportTable(
        "ceilings",
        "Mean F1 of references that were encoded and decoded again, by IoU that a match needs.",
        ceilings,
        headers=headers,
    )


def _four_digits(value: Any) -> str:
    return "–" if np.isnan(value) else f"{value:.4g}"


def _image_row(record: Record) -> dict[str, str]:
    columns = ("Image", "Axes", "Told by", "Shape", "Read as", "Channels", "Pixel, µm")
    row = dict.fromkeys(columns, "") | {"Image": record.image_id}
    try:
        info, image = record_info(record), read_record_image(record)
    except InputError as error:
        return row | {"Read as": str(error)}
    if info:
        row |= {
            "Axes": info.axes,
            "Told by": info.axes_from,
            "Shape": " x ".join(map(str, info.shape)),
        }
    height, width, channels = image.pixels.shape
    names = ", ".join(image.channel_names) or (f"{channels}, not named" if channels > 1 else "1")
    size = image.pixel_size_um
    return row | {
        "Read as": f"{height} x {width}, {image.pixels.dtype}",
        "Channels": names,
        "Pixel, µm": "not told" if np.isnan(size) else f"{size:.4g}",
    }
