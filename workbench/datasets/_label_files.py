"""Label image files: one alone, a folder of them, or those that a manifest names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from workbench.datasets._files import LABEL_SUFFIXES
from workbench.datasets._image_decoders import open_image
from workbench.datasets._image_values import ImageInfo
from workbench.datasets._label_forms import MAX_COLOUR_CHANNELS, recognise_labels
from workbench.datasets._label_ids import refuse_repeated, short_id
from workbench.datasets._label_values import Array, LabelRead, LabelSource, Shape
from workbench.schema import InputError


@dataclass(frozen=True)
class LabelFiles:
    """Reads label images by image id."""

    paths: Mapping[str, Path]

    def __call__(self, image_id: str, shape: Shape | None, check_pieces: bool) -> LabelRead:
        del shape  # Images know theirs.
        path = self.paths[image_id]
        pixels = read_pixels(path)
        return LabelRead(*recognise_labels(pixels, name=str(path), check_pieces=check_pieces))


def label_files(folder: Path) -> tuple[dict[str, Path], tuple[str, ...]]:
    """Return label files by image id, and what else lies there."""
    files: dict[str, Path] = {}
    left_out = []
    for path in sorted(folder.iterdir()):
        if path.is_dir() or path.name.startswith("."):
            continue
        if path.suffix.lower() not in LABEL_SUFFIXES:
            left_out.append(f"{path.name}: no label file ({', '.join(LABEL_SUFFIXES)})")
        elif path.name.endswith("_seg.npy"):
            left_out.append(f"{path.name}: Cellpose's own file; export its masks as TIFF or PNG")
        else:
            image_id = short_id(path.stem)
            if image_id in files:
                msg = (
                    f"{folder}: {files[image_id].name} and {path.name} both stand for "
                    f"{image_id!r}; keep one of them, and images in a folder of their own."
                )
                raise InputError(msg)
            files[image_id] = path
    return files, tuple(left_out)


def open_manifest(path: Path, table: Mapping[str, Sequence[str]]) -> LabelSource:
    """List the images of a table with the columns image_id and labels."""
    refuse_repeated(path, table["image_id"])
    rows = dict(zip(table["image_id"], table["labels"], strict=True))
    files = {image_id: path.parent / labels for image_id, labels in rows.items() if labels}
    left_out = tuple(f"{image_id}: has no labels" for image_id in rows if image_id not in files)
    if not files:
        msg = f"{path}: names labels for none of its {len(rows)} images; fill in its column labels."
        raise InputError(msg)
    return LabelSource(path, "manifest", tuple(files), left_out, reader=LabelFiles(files))


def read_csv(path: Path) -> dict[str, list[str]]:
    """Return the columns of a CSV file as text."""
    try:
        # Without a header of its own pandas refuses lines longer than the first; with one it
        # would shift their columns.
        table = pd.read_csv(
            path, header=None, dtype=str, keep_default_na=False, encoding="utf-8-sig"
        ).fillna("")
    except (ValueError, OSError) as error:  # pandas' and Unicode's errors are ValueErrors
        msg = f"{path}: not a CSV file in UTF-8 ({error}); save it again as CSV UTF-8."
        raise InputError(msg) from error
    header, *rows = table.to_numpy().tolist()
    if not rows:
        msg = f"{path}: is empty, not one image is listed in it."
        raise InputError(msg)
    columns = {
        name.strip(): [value.strip() for value in values]
        for name, values in zip(header, zip(*rows, strict=True), strict=True)
    }
    for name in ("image_id", "ImageId"):
        if "" in columns.get(name, []):
            line = columns[name].index("") + 2
            msg = f"{path}, line {line}: the {name} is empty; fill it in or delete the line."
            raise InputError(msg)
    return columns


def file_stamp(path: Path) -> tuple[int, int]:
    """Return what changes when a file is written anew."""
    try:
        status = path.stat()
    except OSError as error:
        msg = f"{path}: can't be read any more ({error.strerror}); restore the file."
        raise InputError(msg) from error
    return status.st_mtime_ns, status.st_size


def read_pixels(path: Path) -> Array:
    """Read an image file as it is, whatever its values mean."""
    if path.suffix.lower() not in LABEL_SUFFIXES:
        msg = (
            f"{path}: expected a file ending in {', '.join(LABEL_SUFFIXES)}; convert it, without "
            "lossy compression."
        )
        raise InputError(msg)
    with open_image(path) as opened:
        info = opened.info
        return _arranged_labels(opened.load((slice(None),) * len(info.shape)), info)


def _arranged_labels(pixels: Array, info: ImageInfo) -> Array:
    kept = [i for i, size in enumerate(info.shape) if size > 1 or info.axes[i] in "YX"]
    pixels = pixels.reshape([info.shape[i] for i in kept])
    axes = "".join(info.axes[i] for i in kept)
    if info.axes_from == "NPY":
        return pixels  # Nothing names its axes: its shape alone says what it can be.
    match axes:
        case "YX":
            return pixels
        case "SYX" | "CYX" if pixels.shape[0] <= MAX_COLOUR_CHANNELS:
            return np.moveaxis(pixels, 0, -1)
        case "YXS" | "YXC" if pixels.shape[2] <= MAX_COLOUR_CHANNELS:
            return pixels
        # Q and I are what stacks without metadata have.
        case "ZYX" | "QYX" | "IYX":
            return pixels
    msg = (
        f"{info.path}: expected one label image with axes YX, or ZYX for a volume, got {info.axes} "
        f"of shape {info.shape}; save each channel or time point as a file of its own."
    )
    raise InputError(msg)
