"""Label images as COCO annotations; run lengths, since polygons would lose pixels."""

from typing import Any, Final

import numpy as np
from scipy import ndimage

from workbench.schema import LabelImage

COCO_FILE: Final = "annotations.json"
COCO_CATEGORY: Final = {"id": 1, "name": "cell"}


def coco_annotations(
    labels: LabelImage, *, image_number: int, first_number: int
) -> list[dict[str, Any]]:
    """Return the cells of an image as COCO annotations.

    Parameters
    ----------
    labels
        Shape (height, width).
    image_number
        COCO's number of the image.
    first_number
        COCO's number of the first annotation; the others follow.

    Returns
    -------
    list of dict
        One per cell by ascending id: packed run lengths, area, box (x, y, width, height), and
        ``cell_id``, which COCO does not know and our readers take over.

    References
    ----------
    .. [1] T.-Y. Lin et al., Microsoft COCO, ECCV 2014; cocodataset.org, format of results.

    Examples
    --------
    >>> coco_annotations(np.array([[0, 7], [0, 7]]), image_number=1, first_number=1)[0]["bbox"]
    [1, 0, 1, 2]
    """
    ids, ranks = np.unique(np.append(0, labels.astype(np.int64)), return_inverse=True)
    ranks = ranks[1:].reshape(labels.shape)
    boxes = ndimage.find_objects(ranks, max_label=ids.size - 1)
    annotations = []
    for place, box in enumerate(boxes, start=1):
        mask = ranks[box] == place
        rows, columns = box
        annotations.append(
            {
                "id": first_number + place - 1,
                "image_id": image_number,
                "category_id": COCO_CATEGORY["id"],
                "segmentation": {
                    "size": list(labels.shape),
                    "counts": packed_runs(_runs(mask, rows.start, columns.start, labels.shape)),
                },
                "area": int(mask.sum()),
                "bbox": [
                    columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start,
                ],
                "iscrowd": 0,
                "cell_id": int(ids[place]),
            }
        )  # fmt: skip
    return annotations


def packed_runs(lengths: list[int]) -> str:
    """Pack run lengths into COCO's string.

    Parameters
    ----------
    lengths
        Lengths of runs of 0 and 1 in turn, 0 first.

    Returns
    -------
    str
        Six bits a character, of which five carry the number, lowest first; from the fourth length
        on, differences to the length before last.

    Examples
    --------
    >>> packed_runs([1, 2, 1])
    '121'
    """
    letters = []
    for place, length in enumerate(lengths):
        number = length - (lengths[place - 2] if place > 2 else 0)
        more = True
        while more:
            digit = number & 31
            number >>= 5
            more = number != (-1 if digit & 16 else 0)
            letters.append(chr(digit + (32 if more else 0) + 48))
    return "".join(letters)


def _runs(mask: Any, top: int, left: int, shape: tuple[int, ...]) -> list[int]:
    """Return the run lengths down the columns of a mask that lies in a larger image."""
    height, width = shape
    columns = mask.T
    edges = np.diff(np.pad(columns.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    at_column, first = np.nonzero(edges == 1)
    last = np.nonzero(edges == -1)[1]
    offset = (at_column + left) * height + top
    bounds = np.column_stack([offset + first, offset + last]).ravel()
    # A run that ends at the bottom of a column goes on at the top of the next.
    joined = np.flatnonzero(bounds[1:-1:2] == bounds[2::2]) * 2 + 1
    bounds = np.delete(bounds, np.concatenate([joined, joined + 1]))
    lengths: list[int] = np.diff(bounds, prepend=0, append=height * width).tolist()
    return lengths[:-1] if lengths[-1] == 0 else lengths
