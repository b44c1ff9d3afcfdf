"""Tables of errors and of cells made by hand, from what happened in each image."""

from collections.abc import Mapping, Sequence

import pandas as pd
from hypothesis import strategies as st

from workbench.schema import ERROR_TYPES

Event = tuple[int, int, int]
"""Reference cells, predicted cells, and pairs of them that are matched."""

BOUNDARY, MISSED, SPURIOUS = (1, 1, 0), (1, 0, 0), (0, 1, 0)
EVENTS = (
    BOUNDARY, MISSED, SPURIOUS,
    (1, 2, 0), (1, 3, 1), (2, 1, 0), (3, 1, 1), (2, 2, 0), (2, 3, 1),
)  # fmt: skip


def error_of(event: Event) -> str:
    """The type of an event."""
    g, p, _ = event
    if not g or not p:
        return "missed" if g else "spurious"
    if g == 1:
        return "boundary" if p == 1 else "split"
    return "merge" if p == 1 else "catastrophe"


def error_table(
    images: Mapping[tuple[str, str], tuple[int, Sequence[Event]]], **columns: object
) -> pd.DataFrame:
    """The error table of ``{(model, image): (cells found without error, events)}``."""
    rows = []
    for (model, image_id), (n_found, events) in images.items():
        matched = n_found + sum(m for _, _, m in events)
        n_reference = n_found + sum(g for g, _, _ in events)
        n_predicted = n_found + sum(p for _, p, _ in events)
        for error in ERROR_TYPES:
            own = [event for event in events if error_of(event) == error]
            rows.append(
                {
                    "dataset": "d", "image_id": image_id, "group": "", "model": model, "seed": 0,
                    "threshold": 0.5, "error": error, "n_events": len(own),
                    "reference_cells": sum(g - m for g, _, m in own),
                    "predicted_cells": sum(p - m for _, p, m in own),
                    "added_matches": sum(g - m for g, _, m in own),
                    "added_predicted": sum(g - p for g, p, _ in own),
                    "tp": matched, "n_reference": n_reference, "n_predicted": n_predicted,
                }
            )  # fmt: skip
    return pd.DataFrame(rows).assign(**columns)


def f1_of(n_found: int, events: Sequence[Event]) -> float:
    """F1 of an image with these events."""
    matched = n_found + sum(m for _, _, m in events)
    n_cells = 2 * n_found + sum(g + p for g, p, _ in events)
    return 2 * matched / n_cells


def cell_rows(
    model: str, image_id: str, side: str, cells: Mapping[int, tuple[str, int]], **columns: object
) -> pd.DataFrame:
    """Cells of ``{cell id: (outcome, event)}``; each lies in a box of its own, by its id."""
    ids = list(cells)
    facts: dict[str, object] = {
        "dataset": "d", "image_id": image_id, "model": model, "seed": 0, "side": side,
        "cell_id": ids, "outcome": [cells[i][0] for i in ids], "event": [cells[i][1] for i in ids],
        "area_px": [100 + i for i in ids], "partner_id": 0, "confidence": float("nan"),
        "top_px": [20 * i for i in ids], "left_px": 0, "bottom_px": [20 * i + 10 for i in ids],
        "right_px": 10,
    }  # fmt: skip
    return pd.DataFrame(facts | columns)


def cell_table(
    images: Mapping[tuple[str, str], tuple[int, Sequence[Event]]], **columns: object
) -> pd.DataFrame:
    """The cell table of the same images as :func:`error_table` describes."""
    parts = []
    for (model, image_id), (n_found, events) in images.items():
        found = dict.fromkeys(range(1, n_found + 1), ("matched", 0))
        sides = {"reference": dict(found), "predicted": dict(found)}
        for number, event in enumerate(events, 1):
            for side, size in zip(sides, event[:2], strict=True):
                for place in range(size):
                    outcome = "matched" if place < event[2] else error_of(event)
                    sides[side][len(sides[side]) + 1] = (outcome, number)
        parts += [cell_rows(model, image_id, side, cells) for side, cells in sides.items()]
    return pd.concat(parts, ignore_index=True).assign(**columns)


def images(
    min_images: int = 1, max_images: int = 5
) -> st.SearchStrategy[list[tuple[int, list[Event]]]]:
    """Images with cells, and any errors."""
    image = st.tuples(st.integers(0, 6), st.lists(st.sampled_from(EVENTS), max_size=6))
    with_cells = image.filter(lambda one: one[0] > 0 or len(one[1]) > 0)
    return st.lists(with_cells, min_size=min_images, max_size=max_images)


def named(model: str, listed: Sequence[tuple[int, Sequence[Event]]]) -> dict:
    """Images i0, i1, ... of a model."""
    return {(model, f"i{place}"): image for place, image in enumerate(listed)}
