"""Scoring many images from disk to Parquet with ``workbench score``: time and memory.

Two folders of zlib-compressed uint16 TIFFs of 512 x 512 pixels are made, which is not counted, and
a quarter of them, then all, scored by the command line as users call it: memory must not grow.
"""

import argparse
import contextlib
import resource
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil
import pyarrow.parquet as pq
import tifffile
from page import machine, markdown_table, write_section
from pairs import N_CELLS, SIZE_PX, synthetic_pair

from workbench.metrics import MEASURES

N_IMAGES = 7022
WORKERS = 2
SEEDS = range(4)
SAMPLING_S = 0.2
N_FIRST = 8
OVERLAP_MEASURES = [m.name for m in MEASURES.values() if m.kind not in ("distance", "data set")]


@dataclass(frozen=True)
class Outcome:
    """What one scoring took, all its processes together.

    ``memory_bytes`` counts what processes share (libraries) once, ``resident_bytes`` in each.
    """

    n_images: int
    n_cells: int
    seconds: float
    processor_s: float
    memory_bytes: int
    resident_bytes: int


def main() -> None:
    """Write the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--images", type=int, default=N_IMAGES, metavar="N")
    n_images = options.parse_args().images
    with TemporaryDirectory(prefix="scoring-many-") as temporary:
        root = Path(temporary)
        write_pairs(root / "all", n_images)
        keep_some(root / "all", root / "quarter", n_images // 4)
        keep_some(root / "all", root / "first", N_FIRST)
        score(root / "first", root / "out-first")  # compiles
        outcomes = [
            score(root / "quarter", root / "out-quarter"),
            score(root / "all", root / "out-all"),
        ]
    rows = [
        [
            f"{x.n_images:,}",
            f"{x.n_cells:,}",
            f"{x.seconds:.1f}",
            f"{x.processor_s:.1f}",
            f"{x.memory_bytes / 2**20:,.0f}",
            f"{x.resident_bytes / 2**20:,.0f}",
        ]
        for x in outcomes
    ]
    header = ["images", "reference cells", "s", "processor s", "memory, MiB", "resident, MiB"]
    ratio = outcomes[1].memory_bytes / outcomes[0].memory_bytes
    busy = outcomes[1].processor_s / outcomes[1].seconds
    write_section(
        "Many images, from disk to tables",
        f"""`workbench score --workers {WORKERS}` on pairs of {SIZE_PX} x {SIZE_PX} px with
{N_CELLS} cells each, zlib-compressed uint16 TIFF: {len(OVERLAP_MEASURES)} overlap measures and mHD
to `images.parquet` and `cells.parquet`. Seconds by the clock, from the start of the command to its
end, during which the machine gave it {busy:.1f} cores on average; the most memory of all its
processes together, with what they share counted once, and in each. Four times the images took
{ratio:.2f} times the memory. No peer is here: none goes from folders to tables of cells.

{machine("numpy", "numba", "pyarrow", "tifffile")}

{markdown_table(header, rows)}""",
    )


def write_pairs(root: Path, n_images: int) -> None:
    """Write a few pairs of label images, over and over, turned and mirrored."""
    for side in ("reference", "predicted"):
        (root / side).mkdir(parents=True)
    pairs = [synthetic_pair(seed) for seed in SEEDS]
    for place in range(n_images):
        variant, chosen = divmod(place, len(pairs))
        for side, labels in zip(("reference", "predicted"), pairs[chosen], strict=True):
            turned = np.rot90(labels if variant % 2 else labels.T, variant // 2)
            path = root / side / f"image_{place:05d}.tif"
            tifffile.imwrite(
                path, turned.astype(np.uint16), compression="zlib", compressionargs={"level": 1}
            )


def keep_some(source: Path, target: Path, n_images: int) -> None:
    """Link the first images into a folder of their own."""
    for side in ("reference", "predicted"):
        (target / side).mkdir(parents=True)
        for path in sorted((source / side).iterdir())[:n_images]:
            (target / side / path.name).hardlink_to(path)


def score(folder: Path, out: Path) -> Outcome:
    """Run the command in a process of its own and watch it."""
    command = [sys.executable, "-c", "from workbench.cli import main; main()", "score"]
    options = {
        "--reference": folder / "reference",
        "--predicted": folder / "predicted",
        "--out": out,
        "--workers": WORKERS,
        "--measures": ",".join([*OVERLAP_MEASURES, "mhd"]),
    }
    arguments = [str(word) for option in options.items() for word in option]
    started, before = time.perf_counter(), _processor_s()
    process = subprocess.Popen([*command, *arguments], stdout=subprocess.DEVNULL)
    memory = resident = 0
    while process.poll() is None:
        now = _memory_bytes(process.pid)
        memory, resident = max(memory, now[0]), max(resident, now[1])
        time.sleep(SAMPLING_S)
    seconds, processor_s = time.perf_counter() - started, _processor_s() - before
    assert process.returncode == 0, process.returncode
    images = pq.read_table(out / "images.parquet", columns=["image_id", "status"]).to_pandas()
    assert set(images["status"]) == {"ok"}
    sides = pq.read_table(out / "cells.parquet", columns=["side"])["side"].to_pandas()
    shutil.rmtree(out)
    n_cells = int((sides == "reference").sum())
    n_images = images["image_id"].nunique()
    return Outcome(n_images, n_cells, seconds, processor_s, memory, resident)


def _memory_bytes(pid: int) -> tuple[int, int]:
    """Return the memory of a process and all it has started: shared once, shared in each."""
    memory = resident = 0
    with contextlib.suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                facts = process.memory_full_info()
                memory += getattr(facts, "pss", facts.uss)  # only Linux shares it out
                resident += facts.rss
    return memory, resident


def _processor_s() -> float:
    """Return the processor time of all processes that were started and have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
