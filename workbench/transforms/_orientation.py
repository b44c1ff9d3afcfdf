"""The eight ways to lay a square down: quarter turns, mirrored or not."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Orientation:
    """A mirroring followed by quarter turns.

    Attributes
    ----------
    quarter_turns
        From the row axis towards the column axis, 0 to 3, as :func:`numpy.rot90` counts.
    mirrored
        Whether left and right change places first.

    Examples
    --------
    >>> image = np.array([[1, 2], [3, 4]])
    >>> Orientation(1, True).turn(image)
    array([[1, 3],
           [2, 4]])
    >>> Orientation(1, True).turn_back(Orientation(1, True).turn(image))
    array([[1, 2],
           [3, 4]])
    """

    quarter_turns: int = 0
    mirrored: bool = False

    def turn(self, image: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return an image, shape (height, width) or (height, width, channels), laid down so."""
        return np.rot90(image[:, ::-1] if self.mirrored else image, self.quarter_turns)

    def turn_back(self, image: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return an image that was laid down so as it was before."""
        turned = np.rot90(image, -self.quarter_turns)
        return turned[:, ::-1] if self.mirrored else turned


ORIENTATIONS: Final = tuple(
    Orientation(quarter_turns, mirrored) for mirrored in (False, True) for quarter_turns in range(4)
)
"""All eight, the unchanged one first."""
