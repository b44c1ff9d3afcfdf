"""What readers of labels share: notes, the labels of one image, a source of many images."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from workbench.datasets._names import some
from workbench.schema import InputError, LabelImage

Array: TypeAlias = npt.NDArray[Any]
IntArray: TypeAlias = npt.NDArray[np.int64]
Shape: TypeAlias = tuple[int, int]
LabelKind: TypeAlias = Literal[
    "folder",
    "manifest",
    "file",
    "coco",
    "coco_results",
    "rle_csv",
    "mask_folders",
    "npz",
    "geojson",
    "dataset",
]


@dataclass(frozen=True)
class LabelNote:
    """What was converted, left out or looks suspicious in a label image.

    Attributes
    ----------
    code
        "binary_mask", "colours", "grey_colours", "alpha", "float" (converted);
        "overlap", "no_pixels", "crowd", "confidences" (lost or left out); "pieces", "overflow"
        (suspicious, unchanged).
    text
        The same in words, with numbers.
    """

    code: str
    text: str


@dataclass(frozen=True, eq=False)
class LabelRead:
    """The labels of one image.

    Attributes
    ----------
    labels
        uint32, shape (height, width); (planes, height, width) only where the file is a volume.
    notes
        What was converted, left out or looks suspicious.
    confidences
        The score of each cell id; None where the source has none.
    """

    labels: LabelImage
    notes: tuple[LabelNote, ...] = ()
    confidences: Mapping[int, float] | None = None


class LabelReader(Protocol):
    """Reads the labels of one image; gets its size, for sources that don't say it themselves."""

    def __call__(self, image_id: str, shape: Shape | None, check_pieces: bool) -> LabelRead: ...


@dataclass(frozen=True)
class LabelSource:
    """Labels of many images, none of them read yet; small, and can be pickled.

    Attributes
    ----------
    path
        What was opened.
    kind
        "folder", "manifest", "file", "coco" (images and annotations), "coco_results" (the bare
        list of annotations that detectors write), "rle_csv" (Data Science Bowl 2018),
        "mask_folders" (the same, one file per nucleus), "npz", "geojson" (one file per image), or
        "dataset" (in another layout).
    image_ids
        In the order of the source.
    left_out
        What lies there but is no label image, one sentence each.
    numbers
        COCO's number of each image id; empty for other kinds.
    """

    path: Path
    kind: LabelKind
    image_ids: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    numbers: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    reader: LabelReader = field(kw_only=True, repr=False, compare=False)

    def read(
        self, image_id: str, *, shape: Shape | None = None, check_pieces: bool = True
    ) -> LabelRead:
        """Read the labels of one image.

        Parameters
        ----------
        image_id
            One of ``image_ids``.
        shape
            (height, width) of the image, for sources that don't say it themselves; it is not
            compared with what a source does say.
        check_pieces
            Whether to note cells that lie in several pieces.

        Returns
        -------
        LabelRead
            Cells of label images keep their numbers; those of annotations, masks and runs are
            numbered from 1 in file order.

        Raises
        ------
        InputError
            If the id is not there, the file can't be read, or its meaning is not certain.
        """
        if image_id not in self.image_ids:
            msg = (
                f"{self.path}: has no labels for {image_id!r}; there are {len(self.image_ids)} "
                f"images: {some(list(self.image_ids))}."
            )
            raise InputError(msg)
        return self.reader(image_id, shape, check_pieces)
