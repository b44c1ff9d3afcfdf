"""The maps that a network paints of an image of any size: windows, orientations, blending."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from workbench.inference._config import PredictionConfig
from workbench.inference._devices import supports_bf16
from workbench.inference._encoding import Encoding
from workbench.schema import FloatImage
from workbench.transforms import ORIENTATIONS, Orientation

if TYPE_CHECKING:
    import torch

# Of a window's side, as in MONAI and nnU-Net.
BLENDING_SD: Final = 0.125
# A pixel that only the edges of windows cover has a value too.
LEAST_WEIGHT: Final = 1e-3


def predict_maps(
    network: torch.nn.Module,
    image: FloatImage,
    encoding: Encoding,
    config: PredictionConfig,
    *,
    place: tuple[slice, slice] | None = None,
) -> FloatImage:
    """Return the maps that a network paints of an image, blended over windows.

    Parameters
    ----------
    network
        In evaluation mode, on any device.
    image
        Normalised, shape (height, width, 3); smaller than a window is allowed: it is mirrored up
        to its size, and cut back afterwards.
    encoding
        What the maps mean.
    config
        Windows, and the orientations in which each is looked at.
    place
        Rows and columns to paint; all by default. Windows lie on the image, wherever the place
        begins, so the maps of a place are those of the whole image there.

    Returns
    -------
    ndarray of float32
        Shape (height, width, channels of the encoding) of the place.

    Notes
    -----
    Windows are spread evenly, the least number whose neighbours share ``config.overlap`` of their
    side or more. A pixel is the mean over the windows that cover it, weighted by a Gaussian about
    the window's centre with a standard deviation of an eighth of its side.
    """
    import torch

    rows, columns = place or (slice(0, image.shape[0]), slice(0, image.shape[1]))
    lacking = [(0, max(0, config.window_px - length)) for length in image.shape[:2]]
    padded = np.pad(image, (*lacking, (0, 0)), mode="symmetric") if np.any(lacking) else image
    windows = [
        (down, across)
        for down in _cuts(padded.shape[0], rows, config)
        for across in _cuts(padded.shape[1], columns, config)
    ]
    top, left = windows[0][0].start, windows[0][1].start
    bottom, right = (cut.start + config.window_px for cut in windows[-1])
    device = next(network.parameters()).device
    seen = np.require(padded[top:bottom, left:right], np.float32, ["C", "W"])
    pixels = torch.from_numpy(seen).to(device).permute(2, 0, 1)
    size = (rows.stop - rows.start, columns.stop - columns.start)
    blended = torch.zeros((encoding.channels, *size), device=device)
    with torch.inference_mode():
        for batch in _batches(windows, config.batch_size):
            views = torch.stack([pixels[:, d.within(top), a.within(left)] for d, a in batch])
            painted = _paint(network, views, encoding, config.orientations)
            for (down, across), maps in zip(batch, painted, strict=True):
                shares = torch.outer(down.shares.to(device), across.shares.to(device))
                into = blended[:, down.wanted, across.wanted]
                into.addcmul_(maps[:, down.seen, across.seen], shares)
    result: FloatImage = blended.permute(1, 2, 0).cpu().numpy()
    return result


@dataclass(frozen=True, eq=False)
class _Cut:
    """A window along one axis: where it starts, and what it gives to the stretch that is wanted.

    ``shares`` sum to 1 over the windows that cover a pixel; ``seen`` is the part of the window
    that lies in the stretch, ``wanted`` the part of the stretch that lies in the window.
    """

    start: int
    length: int
    seen: slice
    wanted: slice
    shares: torch.Tensor

    def within(self, start: int) -> slice:
        """Return the window's place in pixels that begin at a start."""
        return slice(self.start - start, self.start - start + self.length)


def _cuts(length: int, wanted: slice, config: PredictionConfig) -> list[_Cut]:
    import torch

    side = config.window_px
    step = max(1, int(side * (1 - config.overlap)))
    n_windows = 1 + -(-(length - side) // step)
    starts = np.linspace(0, length - side, n_windows).round().astype(int).tolist()
    from_centre = np.arange(side) - (side - 1) / 2
    weights = np.exp(-0.5 * (from_centre / (BLENDING_SD * side)) ** 2).clip(LEAST_WEIGHT)
    total = np.zeros(length)
    for start in starts:
        total[start : start + side] += weights
    cuts = []
    for start in starts:
        first, last = max(start, wanted.start), min(start + side, wanted.stop)
        if first >= last:
            continue
        seen = slice(first - start, last - start)
        cuts.append(
            _Cut(
                start=start,
                length=side,
                seen=seen,
                wanted=slice(first - wanted.start, last - wanted.start),
                shares=torch.from_numpy((weights[seen] / total[first:last]).astype(np.float32)),
            )
        )
    return cuts


def _batches(
    windows: Sequence[tuple[_Cut, _Cut]], batch_size: int
) -> Iterator[Sequence[tuple[_Cut, _Cut]]]:
    return (windows[at : at + batch_size] for at in range(0, len(windows), batch_size))


def _paint(
    network: torch.nn.Module, views: torch.Tensor, encoding: Encoding, n_orientations: int
) -> torch.Tensor:
    """Return the maps of square views, the mean over the orientations in which they are seen."""
    unturned, *others = ORIENTATIONS[:n_orientations]
    total = _activated(network, _turned(views, unturned), encoding)
    for orientation in others:
        turned = _activated(network, _turned(views, orientation), encoding).permute(0, 2, 3, 1)
        for place, maps in enumerate(turned):
            total[place] += _as_maps(encoding.turn_back(maps.cpu().numpy(), orientation), total)
    return total / n_orientations


def _turned(views: torch.Tensor, orientation: Orientation) -> torch.Tensor:
    """Turn a batch as :meth:`Orientation.turn` turns an image."""
    mirrored = views.flip(3) if orientation.mirrored else views
    return mirrored.rot90(orientation.quarter_turns, (2, 3))


def _as_maps(maps: npt.NDArray[np.float32], like: torch.Tensor) -> torch.Tensor:
    import torch

    channels_first = np.ascontiguousarray(maps.transpose(2, 0, 1))
    return torch.from_numpy(channels_first).to(like.device)


def _activated(network: torch.nn.Module, views: torch.Tensor, encoding: Encoding) -> torch.Tensor:
    import torch

    device = views.device
    with torch.autocast(device.type, torch.bfloat16, enabled=supports_bf16(device)):
        logits = network(views).logits
    return encoding.activate(logits.float())
