"""Corrected annotations: each a new version beside the data set's own, which is never touched."""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from filelock import FileLock

from workbench.schema import InputError, LabelImage
from workbench.store._json_lines import append_lines, read_lines
from workbench.store._labels import write_labels
from workbench.store._run import Run


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class AnnotationVersion:
    """One corrected annotation of one image.

    Attributes
    ----------
    image_id, version
        Version 1 is the first after the data set's own, which is 0.
    parent
        The version that was corrected.
    note, reviewer
        In free words.
    time
        In UTC.
    """

    image_id: str
    version: int
    parent: int = 0
    note: str = ""
    reviewer: str = ""
    time: str = field(default_factory=_now)


def save_annotation(
    run: Run,
    image_id: str,
    labels: LabelImage,
    *,
    parent: int = 0,
    note: str = "",
    reviewer: str = "",
) -> AnnotationVersion:
    """Store corrected labels as the next version of an image's annotation.

    Two people who save at once get two versions.

    Parameters
    ----------
    run
        Whose predictions led to the correction.
    image_id
        The image.
    labels
        Shape (height, width); 0 is background.
    parent
        Version that was corrected.
    note, reviewer
        In free words.

    Returns
    -------
    AnnotationVersion
        What was stored; the labels lie at ``run.annotation_file(image_id, version)``.

    Raises
    ------
    InputError
        If the parent does not exist, or the disk does not take the file.
    """
    folder = run.annotations_file.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            last = max((v.version for v in annotation_versions(run, image_id)), default=0)
            if not 0 <= parent <= last:
                msg = f"{image_id}: annotation version {parent} does not exist; the last is {last}."
                raise InputError(msg)
            saved = AnnotationVersion(image_id, last + 1, parent, note, reviewer)
            write_labels(run.annotation_file(image_id, saved.version), labels)
            # Listed when it is whole: a version that is listed can be read.
            append_lines(run.annotations_file, [asdict(saved)])
    except OSError as error:
        msg = f"{folder}: can't save the annotation ({error}); free space or choose another run."
        raise InputError(msg) from error
    return saved


def annotation_versions(run: Run, image_id: str | None = None) -> list[AnnotationVersion]:
    """Return the corrected annotations of one image, or of all, oldest first."""
    rows: list[dict[str, Any]] = read_lines(run.annotations_file)
    versions = [AnnotationVersion(**row) for row in rows if {"image_id", "version"} <= set(row)]
    return [version for version in versions if image_id in (None, version.image_id)]
