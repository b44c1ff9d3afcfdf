"""Cells as flows towards their middle, as Cellpose writes and reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from workbench.inference._confidence import mean_in_cells
from workbench.inference._config import FlowDecoder
from workbench.inference._encoding import drop_small
from workbench.inference._flow_paths import cells_of_flows, flow_errors
from workbench.schema import FloatImage, LabelImage
from workbench.transforms import Orientation, flow_target

if TYPE_CHECKING:
    import torch

FLOW_SCALE: Final = 5
"""Flows are learned five times as long, so that their error weighs as much as the foreground's."""


class FlowEncoding:
    """Foreground, and at each pixel of a cell the way to its middle.

    Decoded by walking: each pixel of the foreground follows the flow, and pixels that end at one
    place are one cell. Cells whose own flows differ too much from the predicted ones are dropped.

    References
    ----------
    .. [1] C. Stringer, T. Wang, M. Michaelos and M. Pachitariu, Nat. Methods 18:100-106, 2021.

    Examples
    --------
    >>> labels = np.zeros((24, 40), np.int32)
    >>> labels[4:20, 4:20], labels[4:20, 20:36] = 1, 2
    >>> encoding = FlowEncoding()
    >>> maps = encoding.perfect(encoding.encode(labels))
    >>> np.array_equal(encoding.decode(maps, FlowDecoder()), labels)
    True
    """

    channels: Final = 3
    decoders: Final = (FlowDecoder,)

    def encode(self, labels: LabelImage) -> FloatImage:
        """Return foreground (0 or 1) and flow (row, column), shape (height, width, 3).

        See :func:`flow_target`.
        """
        foreground = (labels > 0).astype(np.float32)[..., np.newaxis]
        return np.concatenate([foreground, flow_target(labels)], axis=-1)

    def perfect(self, target: FloatImage) -> FloatImage:
        """Return the target itself."""
        return target

    def activate(self, logits: torch.Tensor) -> torch.Tensor:
        """Return the foreground probability, and the flows; a logit is five times a flow."""
        import torch

        return torch.cat([logits[:, :1].sigmoid(), logits[:, 1:] / FLOW_SCALE], dim=1)

    def turn_back(self, maps: FloatImage, orientation: Orientation) -> FloatImage:
        """Return the maps of a turned image as those of the image itself, flows turned too."""
        turned = orientation.turn_back(maps)
        foreground, down, right = (turned[..., channel] for channel in range(self.channels))
        for _ in range(orientation.quarter_turns):
            down, right = right, -down
        if orientation.mirrored:
            right = -right
        return np.stack([foreground, down, right], axis=-1)

    def decode(self, maps: FloatImage, decoder: FlowDecoder) -> LabelImage:
        """Return the cells of maps, shape (height, width, 3).

        Returns
        -------
        ndarray of int32
            Shape (height, width), numbered from 1 without gaps; all 0 if nothing is foreground.
        """
        is_cell = maps[..., 0] >= decoder.foreground_threshold
        flows = maps[..., 1:]
        found = cells_of_flows(flows, is_cell, n_steps=decoder.n_steps)
        labels = drop_small(found, decoder.min_area_px)
        if decoder.flow_error_threshold is None:
            return labels
        bad = np.append(False, flow_errors(flows, labels) > decoder.flow_error_threshold)
        return drop_small(np.where(bad[labels], 0, labels), 1)

    def confidences(
        self, maps: FloatImage, labels: LabelImage
    ) -> Mapping[str, npt.NDArray[np.float32]]:
        """Return "interior": the mean foreground probability in each cell."""
        return {"interior": mean_in_cells(maps[..., 0], labels)}
