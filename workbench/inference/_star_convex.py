"""Cells as star-convex polygons, as StarDist writes and reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from workbench.inference._confidence import mean_in_cells
from workbench.inference._config import StarConvexDecoder
from workbench.inference._encoding import drop_small
from workbench.inference._polygons import suppressed
from workbench.schema import FloatImage, LabelImage
from workbench.transforms import N_RAYS, Orientation, distance_target, star_target

if TYPE_CHECKING:
    import torch

RAY_SCALE_PX: Final = 8
"""Logit 0 stands for a ray of about 5.5 pixels, and large logits for 8 pixels each."""


class StarConvexEncoding:
    """Object probability and 32 rays from each pixel to the edge of its cell.

    The object probability is the distance to the edge as a share of the cell's largest, so that
    the middle of a cell speaks for it. Decoded by greedy non-maximum suppression: the polygon of
    the most probable pixel is kept, those that overlap it too much are not, and so on. Cells that
    are not star-convex lose what no ray from their middle reaches.

    References
    ----------
    .. [1] U. Schmidt, M. Weigert, C. Broaddus and G. Myers, MICCAI 2018.

    Examples
    --------
    >>> labels = np.zeros((24, 40), np.int32)
    >>> labels[4:20, 4:20], labels[4:20, 20:36] = 1, 2
    >>> encoding = StarConvexEncoding()
    >>> decoded = encoding.decode(encoding.perfect(encoding.encode(labels)), StarConvexDecoder())
    >>> decoded.max(), bool((decoded[labels > 0] > 0).mean() > 0.98)
    (np.int32(2), True)
    """

    channels: Final = 1 + N_RAYS
    decoders: Final = (StarConvexDecoder,)

    def encode(self, labels: LabelImage) -> FloatImage:
        """Return object probability and rays in pixels, shape (height, width, 33).

        See :func:`distance_target` and :func:`star_target`.
        """
        return np.concatenate([distance_target(labels)[..., np.newaxis], star_target(labels)], -1)

    def perfect(self, target: FloatImage) -> FloatImage:
        """Return the target itself."""
        return target

    def activate(self, logits: torch.Tensor) -> torch.Tensor:
        """Return the object probability, and rays in pixels, above 0."""
        import torch

        rays = RAY_SCALE_PX * torch.nn.functional.softplus(logits[:, 1:])
        return torch.cat([logits[:, :1].sigmoid(), rays], dim=1)

    def turn_back(self, maps: FloatImage, orientation: Orientation) -> FloatImage:
        """Return the maps of a turned image as those of the image itself, rays renamed."""
        turned = orientation.turn_back(maps)
        # A quarter turn takes a ray to the one eight before it; a mirror takes angle a to pi - a.
        rays = np.arange(N_RAYS)
        if orientation.mirrored:
            rays = N_RAYS // 2 - rays
        rays = (rays - orientation.quarter_turns * (N_RAYS // 4)) % N_RAYS
        return np.concatenate([turned[..., :1], turned[..., 1 + rays]], axis=-1)

    def decode(self, maps: FloatImage, decoder: StarConvexDecoder) -> LabelImage:
        """Return the cells of maps, shape (height, width, 33).

        Returns
        -------
        ndarray of int32
            Shape (height, width), numbered from 1 without gaps; all 0 if nothing is probable
            enough. Where polygons overlap, the more probable one has the pixel.
        """
        labels = suppressed(
            maps[..., 0],
            maps[..., 1:],
            threshold=decoder.object_threshold,
            max_overlap=decoder.nms_overlap,
        )
        return drop_small(labels, decoder.min_area_px)

    def confidences(
        self, maps: FloatImage, labels: LabelImage
    ) -> Mapping[str, npt.NDArray[np.float32]]:
        """Return "interior": the mean object probability in each cell.

        It is about 0.4 for a perfect cell, as the probability falls towards the edge by
        definition: it ranks cells, and is no probability of being right.
        """
        return {"interior": mean_in_cells(maps[..., 0], labels)}
