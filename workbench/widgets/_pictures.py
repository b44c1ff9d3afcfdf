"""Where the pictures of a panel come from."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, Literal, Protocol, TypeAlias

Level: TypeAlias = Literal["images", "cells"]

TILE_PX: Final = 128
LARGE_PX: Final = 512


class Pictures(Protocol):
    """Pictures by image id: :class:`workbench.studies.Thumbnails`, or anything alike.

    Each is a JPEG. An unknown image raises KeyError.
    """

    def thumbnail(self, image_id: str, *, outlined: bool = False) -> bytes:
        """Return a small picture of an image, as it stands on disk."""

    def picture(self, image_id: str, *, outlined: bool = False) -> bytes:
        """Return a large picture of an image."""

    def crop(
        self, image_id: str, cell_id: int, *, outlined: bool = False, size_px: int = TILE_PX
    ) -> bytes:
        """Return the surroundings of a cell."""


def row_picture(
    pictures: Pictures | None,
    row: Mapping[str, Any],
    *,
    level: Level,
    outlined: bool,
    large: bool,
) -> bytes:
    """Return the picture of a row: the image, or the surroundings of the cell.

    Parameters
    ----------
    pictures
        None where there are none.
    row
        With ``image_id``, and ``cell_id`` where it is a cell.
    level
        What the row stands for.
    outlined
        Whether to draw the outlines of labels.
    large
        For a look at this one alone, or for a tile of the gallery.

    Returns
    -------
    bytes
        Empty where there is no such picture.
    """
    image_id = str(row["image_id"])
    if pictures is not None:
        with suppress(KeyError):
            if level == "cells":
                size_px = LARGE_PX if large else TILE_PX
                cell_id = int(row["cell_id"])
                return pictures.crop(image_id, cell_id, outlined=outlined, size_px=size_px)
            draw = pictures.picture if large else pictures.thumbnail
            return draw(image_id, outlined=outlined)
    return b""
