"""A data set to a prepared one: normalised, resampled, equalised, cut into windows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from workbench.datasets import Record, open_dataset
from workbench.schema import InputError
from workbench.store import lock_run, write_text
from workbench.studies._cluster import dask_client
from workbench.studies._code import source_digest
from workbench.studies._dataset_writing import MANIFEST, write_manifest
from workbench.studies._prepare_parts import (
    NOTES,
    Part,
    PrepareConfig,
    PreparedFile,
    part_files,
    prepare_part,
)
from workbench.studies._progress_text import Milestones

BATCH: Final = 16
FIRST_COLUMNS: Final = ("image_id", "image", "labels", "target", "split")


def prepare_dataset(
    source: Path,
    out: Path,
    config: PrepareConfig,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    tell: Callable[[str], None] = print,
) -> pd.DataFrame:
    """Prepare every image of a data set once, for all that will read it.

    A model that reads the new data set takes its images as they are (``preparation: as_is``); any
    other preparation would be applied to windows, whose percentiles are not those of their image.

    Images are written as ``images/*.tif``, labels as ``labels/*.tif`` with the ids of the source,
    targets as ``targets/*.tif``. Splits and metadata stay; columns height, width, dtype, n_cells
    and pixel_size_um, where the source has them, are those of the new files. Windows are called
    ``<image_id>_r<row>_c<column>``, know their source by the columns source_image_id, row_px and
    column_px, and have its image_id as their ``group`` unless the source names a group, so that no
    split by group parts windows of one image.

    What was prepared before, from the same pixels in the same way, is not prepared again; a call
    that was killed goes on. Until it ends the manifest lists nothing, so that nobody trains on
    half a data set. The folder then belongs to this function: what lies in its images/, labels/
    and targets/ and is not part of the data set is removed.

    Parameters
    ----------
    source
        Folder of a data set, see :func:`workbench.datasets.open_dataset`.
    out
        Folder of the new one: an empty or new folder, or one from an earlier call.
    config
        How.
    workers, scheduler
        Processes on this machine, or the address of a running Dask scheduler.
    tell
        Called with a line of text now and then.

    Returns
    -------
    DataFrame
        One row per source image: image_id, n_images (files made of it), n_cells, n_vanished (cells
        too small for the new pixel size), reused (prepared by an earlier call), problem (why it
        was passed over, else "").

    Raises
    ------
    InputError
        If the source can't be used, every image fails, or ``out`` holds something else.
    """
    records = open_dataset(source).records
    _refuse_foreign_folder(source, out)
    try:
        (out / NOTES).mkdir(parents=True, exist_ok=True)
        with lock_run(out):
            _write_manifest(out, [], config)
            parts = _prepare_parts(
                records, out.resolve(), config, workers=workers, scheduler=scheduler, tell=tell
            )
            if not any(part.files for part in parts.values()):
                msg = f"not one image could be prepared. {next(iter(parts.values())).problem}"
                raise InputError(msg)
            rows = [
                row for record in records for row in _rows(record, parts[record.image_id], config)
            ]
            _remove_surplus(out, rows, parts)
            write_text(out / "prepare.json", config.model_dump_json(indent=2) + "\n")
            _write_manifest(out, rows, config)
    except OSError as error:
        msg = f"{out}: can't write there ({error.strerror}); choose another folder."
        raise InputError(msg) from error
    return _summary([parts[record.image_id] for record in records])


def _refuse_foreign_folder(source: Path, out: Path) -> None:
    if out.resolve() == source.resolve():
        msg = f"{out}: the prepared data set needs a folder of its own, not that of its source."
        raise InputError(msg)
    if out.exists() and not out.is_dir():
        msg = f"{out} is a file; name a new folder for the prepared data set."
        raise InputError(msg)
    if out.is_dir() and any(out.iterdir()) and not (out / NOTES).is_dir():
        msg = f"{out} holds files that are no prepared data set; name a new or empty folder."
        raise InputError(msg)


def _prepare_parts(
    records: Sequence[Record],
    out: Path,
    config: PrepareConfig,
    *,
    workers: int,
    scheduler: str | None,
    tell: Callable[[str], None],
) -> dict[str, Part]:
    """Prepare all images; return what became of each by its id."""
    code = source_digest(
        ["from workbench.studies._prepare_parts import prepare_part"], with_drawing=False
    )
    batches = [records[at : at + BATCH] for at in range(0, len(records), BATCH)]
    milestones = Milestones(len(records), "images prepared", tell)
    parts: dict[str, Part] = {}

    def took(batch: Sequence[Part]) -> None:
        for part in batch:
            parts[part.image_id] = part
            milestones.step()

    if scheduler or (workers > 1 and len(batches) > 1):
        for batch in _on_cluster(batches, out, config, code, workers=workers, scheduler=scheduler):
            took(batch)
    # Here too: what was lost with a worker.
    for records_left in batches:
        if records_left[0].image_id not in parts:
            took(_prepare_batch(records_left, out, config, code))
    return parts


def _on_cluster(
    batches: Sequence[Sequence[Record]],
    out: Path,
    config: PrepareConfig,
    code: str,
    *,
    workers: int,
    scheduler: str | None,
) -> Iterator[list[Part]]:
    from distributed import as_completed

    with dask_client(workers, scheduler) as client:
        futures = [
            client.submit(_prepare_batch, batch, out, config, code, pure=False) for batch in batches
        ]
        for future in as_completed(futures):
            if future.status == "error" and isinstance(future.exception(), OSError):
                future.result()
            if future.status == "finished":
                yield future.result()


def _prepare_batch(
    records: Sequence[Record], out: Path, config: PrepareConfig, code: str
) -> list[Part]:
    return [prepare_part(record, out, config, code) for record in records]


def _rows(record: Record, part: Part, config: PrepareConfig) -> Iterator[dict[str, object]]:
    """Yield the lines of the manifest that one source image becomes."""
    for file in part.files:
        paths = part_files(
            Path(), file.image_id, labels=file.n_cells is not None, three_class=config.three_class
        )
        yield {
            "image_id": file.image_id,
            **{column: path.as_posix() for column, path in paths.items()},
            "split": record.split,
            **{name: value for name, value in record.metadata.items() if name != "target"},
            **_measured_anew(record.metadata, file, part, config),
            **(_origin(record, file) if config.window_px else {}),
        }


def _measured_anew(
    metadata: Mapping[str, str], file: PreparedFile, part: Part, config: PrepareConfig
) -> dict[str, object]:
    """Return columns of the source that would no longer be true."""
    measured = {
        "height": file.height,
        "width": file.width,
        "dtype": config.image_type,
        "n_cells": file.n_cells,
        "pixel_size_um": part.pixel_size_um,
    }
    return {name: value for name, value in measured.items() if name in metadata}


def _origin(record: Record, file: PreparedFile) -> dict[str, object]:
    return {
        "source_image_id": record.image_id,
        "row_px": file.row_px,
        "column_px": file.column_px,
        "group": record.metadata.get("group") or record.image_id,
    }


def _write_manifest(out: Path, rows: Sequence[Mapping[str, object]], config: PrepareConfig) -> None:
    needed = [name for name in FIRST_COLUMNS if name != "target" or config.three_class]
    write_manifest(out / MANIFEST, rows, columns=needed)


def _remove_surplus(
    out: Path, rows: Sequence[Mapping[str, object]], parts: Mapping[str, Part]
) -> None:
    """Remove files of earlier calls that are no part of the data set any more."""
    wanted = {out / str(row[column]) for row in rows for column in row if column in FIRST_COLUMNS}
    wanted |= {out / NOTES / f"{part.image_id}.json" for part in parts.values() if part.files}
    for folder in ("images", "labels", "targets", NOTES):
        for path in (out / folder).glob("*"):
            if path not in wanted:
                path.unlink()


def _summary(parts: Sequence[Part]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "image_id": part.image_id,
                "n_images": len(part.files),
                "n_cells": part.n_cells,
                "n_vanished": part.n_vanished,
                "reused": part.reused,
                "problem": part.problem,
            }
            for part in parts
        ]
    )
