"""Images through a network: our windows against MONAI's, and the memory that a large image takes.

Both run the same network on the same image in this one run, in turns, on one core; what counts is
the ratio. The large image is segmented in a process of its own, whose largest memory is read when
it ends.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.inferers import sliding_window_inference
from page import machine, markdown_table, rounded, write_section

from workbench.inference import (
    ModelDescription,
    PredictionConfig,
    TrainedNetwork,
    find_encoding,
    predict_maps,
    segment_image,
    supports_bf16,
)
from workbench.models import Outputs

SIZES = ((1024, 1024), (2000, 3000))
ROUNDS = 3
LARGE_PX = 10_000
GIB = 2**30
TINY = ModelDescription(architecture="unet", settings={"channels": [4, 8], "residual_units": 0})
HOW = """The same U-Net of default size, the same windows of 256 pixels with a quarter of overlap,
blended by a Gaussian, four a pass; wall time on one core, the median of three, in turns."""


def main() -> None:
    """Write both times, their ratio, and the memory."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    torch.set_num_threads(1)
    header = ["image, pixels", "windows", "ours, s", "MONAI, s", "ours, times MONAI's"]
    table = markdown_table(header, [_row(size) for size in SIZES])
    large = large_image_in_a_process()
    memory = (
        f"An image of {LARGE_PX:,} x {LARGE_PX:,} pixels in three channels, read from a mapped "
        f"file, through a U-Net of two levels with 4 and 8 channels: {large['n_cells']:,} cells, "
        f"{large['peak_gib']:.2f} GiB at most (all of the process, the mapped file included), "
        f"{large['seconds']:.0f} s."
    )
    write_section("Inference", "\n\n".join([HOW, machine("torch", "monai"), table, memory]))


def _row(size: tuple[int, int]) -> list[str]:
    torch.manual_seed(0)
    network = ModelDescription(architecture="unet").build().eval()
    encoding, config = find_encoding("three_class"), PredictionConfig()
    image = np.random.default_rng(0).random((*size, 3), np.float32)
    n_windows = 0

    def maps(windows: Any) -> Any:
        nonlocal n_windows
        n_windows += len(windows)
        with torch.autocast("cpu", torch.bfloat16, enabled=supports_bf16(windows.device)):
            logits = network(windows).logits
        return encoding.activate(logits.float())

    def theirs() -> np.ndarray:
        images = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))[None]
        with torch.inference_mode():
            blended = sliding_window_inference(
                images,
                roi_size=(config.window_px, config.window_px),
                sw_batch_size=config.batch_size,
                predictor=maps,
                overlap=config.overlap,
                mode="gaussian",
            )
        return blended[0].permute(1, 2, 0).numpy()

    def ours() -> np.ndarray:
        return predict_maps(network, image, encoding, config)

    step = config.window_px * (1 - config.overlap)
    windows_alike = all((length - config.window_px) % step == 0 for length in size)
    own, other = ours(), theirs()
    # Where the last window would reach beyond the edge, MONAI moves it alone; ours spread evenly.
    assert not windows_alike or np.abs(own - other).mean() < 0.02
    n_windows_each = n_windows
    pairs = [(_seconds(ours), _seconds(theirs)) for _ in range(ROUNDS)]
    own, other = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    name = " x ".join(f"{length:,}" for length in size)
    return [name, str(n_windows_each), rounded(own), rounded(other), f"{ratio:.2f}"]


def _seconds(function: Callable[[], Any]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def large_image_in_a_process() -> dict[str, float]:
    """Return cells, seconds and the largest memory of segmenting a large image."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.npy"
        _write_large_image(path)
        answer = subprocess.run(
            [sys.executable, __file__, str(path)], capture_output=True, text=True, check=True
        )
    return json.loads(answer.stdout.splitlines()[-1])


def _write_large_image(path: Path) -> None:
    """Write bright discs on a dark ground, repeated, with noise that repeats too."""
    rows, columns = np.ogrid[:50, :50]
    disc = (rows - 25) ** 2 + (columns - 25) ** 2 < 18**2
    block = np.tile(disc, (10, 10))[..., None] * 150 + np.random.default_rng(0).integers(
        0, 80, (500, 500, 3)
    )
    image = np.lib.format.open_memmap(
        path, mode="w+", dtype=np.uint8, shape=(LARGE_PX, LARGE_PX, 3)
    )
    for row in range(0, LARGE_PX, 500):
        image[row : row + 500] = np.tile(block.astype(np.uint8), (1, LARGE_PX // 500, 1))
    image.flush()


class BrightCells(torch.nn.Module):
    """A tiny U-Net whose weights decide nothing: what is bright is a cell."""

    def __init__(self) -> None:
        super().__init__()
        self.body = TINY.build()

    def forward(self, images: torch.Tensor) -> Outputs:
        brightness = images.mean(dim=1) - 0.5
        logits = torch.stack([-brightness, brightness, torch.full_like(brightness, -1)], dim=1)
        return Outputs(20 * logits + 0.001 * self.body(images).logits)


def segment_large_image(path: Path) -> None:
    """Segment an image from a mapped file and print what it took."""
    torch.set_num_threads(1)
    image = np.load(path, mmap_mode="r")
    network = BrightCells().eval()
    started = time.perf_counter()
    found = segment_image(
        image,
        networks=[TrainedNetwork(network, TINY)],
        description=TINY,
        config=PredictionConfig(batch_size=16),
    )
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        json.dumps(
            {
                "n_cells": int(found.labels.max()),
                "seconds": time.perf_counter() - started,
                "peak_gib": peak_kib * 1024 / GIB,
            }
        )
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        segment_large_image(Path(sys.argv[1]))
    else:
        main()
