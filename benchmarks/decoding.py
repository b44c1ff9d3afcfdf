"""Decoding of perfect maps in memory, every encoding and decoder, beside StarDist's own.

All decode the same cells in this one run, on one core. Each must give the cells back, or nothing
is written.
"""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
from page import machine, markdown_table, rounded, write_section
from pairs import N_CELLS, SIZE_PX, synthetic_pair
from scoring import median_ms

from workbench.inference import ENCODINGS, StarConvexDecoder
from workbench.metrics import label_overlap, match_overlap

LEAST_FOUND = 0.97
HOW = f"""Milliseconds of processor time on one core, maps in memory, compilation not counted;
{N_CELLS} synthetic cells on {SIZE_PX} x {SIZE_PX} px, many of which touch. Encoding is what
training does for each view. Each must find {LEAST_FOUND:.0%} of the cells at IoU 0.5. StarDist's
line is its non-maximum suppression and painting of the same maps as our star_convex, with the same
thresholds; it keeps and counts polygons, ours pixels."""

Labels = np.ndarray


def main() -> None:
    """Write the table."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    labels = synthetic_pair()[0].astype(np.int32)

    def gives_back(found: Labels) -> None:
        assert match_overlap(label_overlap(labels, found)).tp >= LEAST_FOUND * N_CELLS

    rows = []
    for name, encoding in ENCODINGS.items():
        encoding_ms = median_ms(lambda encoding=encoding: encoding.encode(labels))
        maps = encoding.perfect(encoding.encode(labels))
        for kind in encoding.decoders:
            time_ms = median_ms(
                lambda encoding=encoding, maps=maps, kind=kind: encoding.decode(maps, kind()),
                gives_back,
            )
            rows.append([f"{name}: {kind().kind}", rounded(encoding_ms), rounded(time_ms)])
    if by_stardist := _stardist(labels):
        rows.append(["StarDist's suppression and painting", "", rounded(median_ms(by_stardist))])
    table = markdown_table(["", "encode, ms", "decode, ms"], rows)
    versions = machine("numpy", "numba", "scipy", "stardist")
    write_section("Decoding", "\n\n".join([HOW, versions, table]))


def _stardist(labels: Labels) -> Callable[[], Any] | None:
    try:
        from stardist.geometry import polygons_to_label
        from stardist.nms import non_maximum_suppression
    except ImportError:
        return None
    maps = ENCODINGS["star_convex"].perfect(ENCODINGS["star_convex"].encode(labels))
    settings = StarConvexDecoder()

    def decode() -> Labels:
        points, scores, rays = non_maximum_suppression(
            maps[..., 1:], maps[..., 0], b=0,
            nms_thresh=settings.nms_overlap, prob_thresh=settings.object_threshold,
        )  # fmt: skip
        return polygons_to_label(rays, points, shape=labels.shape, prob=scores)

    return decode


if __name__ == "__main__":
    main()
