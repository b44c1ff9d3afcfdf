"""What it takes to open the panels of a comparison, and how smoothly the comparer moves.

Opening is measured in Python, on a score table and an image table as a run of seven models on 7,000
images leaves them; moving in a headless Chromium, which draws without a graphics card.
"""

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from page import machine, markdown_table, rounded, write_section

from workbench.metrics import cell_columns, label_overlap
from workbench.studies import ImageCells, leaderboards
from workbench.widgets import ComparerState, comparer, data_explorer, leaderboard

N_MODELS, N_IMAGES = 7, 7_000
N_CELLS = 5_000
SIZE_PX = 2_000
MEASURES = (
    *(("f1", threshold) for threshold in (0.5, 0.7, 0.9)),
    *((name, 0.5) for name in ("precision", "recall", "panoptic_quality")),
    *((name, np.nan) for name in ("aji", "dice")),
)
MODELS = [f"model {place}" for place in range(N_MODELS)]
FRAMES = """async ([drag, seconds]) => {
  const canvas = document.querySelector("canvas");
  const { left, top } = canvas.getBoundingClientRect();
  canvas.setPointerCapture = () => {};
  const send = (kind, x) => canvas.dispatchEvent(new PointerEvent(kind,
    { pointerId: 1, clientX: left + x, clientY: top + 200, bubbles: true }));
  const wheel = (deltaY) => canvas.dispatchEvent(new WheelEvent("wheel",
    { deltaY, clientX: left + 200, clientY: top + 200, bubbles: true, cancelable: true }));
  const frame = () => new Promise(requestAnimationFrame);
  const start = performance.now();
  let n = 0;
  send("pointerdown", 200);
  while (performance.now() - start < 1000 * seconds) {
    if (drag) send("pointermove", 200 + (3 * n) % 150);
    else wheel(Math.floor(n / 10) % 2 ? 1 : -1);
    await frame();
    n += 1;
  }
  send("pointerup", 200);
  return n / ((performance.now() - start) / 1000);
}"""
ANSWER = """async (key) => {
  const frame = () => new Promise(requestAnimationFrame);
  const start = performance.now();
  const pressed = new KeyboardEvent("keydown", { key, bubbles: true });
  document.querySelector(".wbc").dispatchEvent(pressed);
  await frame();
  await frame();
  return performance.now() - start;
}"""
HOW = f"""Python: processor time on one core. {N_MODELS} models on {N_IMAGES:,} images, eight
measures: until the panel is there to be drawn, and until a change of its state is answered; the
page is what a saved notebook keeps. The comparer shows {SIZE_PX:,} x {SIZE_PX:,} px with
{N_CELLS:,} cells in three panels, in Chromium without a graphics card: frames per second (at most
60) while it is dragged and while it zooms, and the time until a key has painted all panels anew."""


def main() -> None:
    """Write the table."""
    rows = [*_board_rows(), *_explorer_rows(), *_comparer_rows()]
    table = markdown_table(["", "measured"], rows)
    write_section("Panels", "\n\n".join([HOW, machine("numpy", "pandas", "anywidget"), table]))


def _board_rows() -> list[list[str]]:
    scores = score_table()
    opening, panel = seconds(lambda: leaderboard(leaderboards(scores)))
    slices = list(panel.schema["slices"])
    sorting, _ = seconds(lambda: panel.change(sort="f1@0.9"))
    slicing, _ = seconds(lambda: panel.change(images=slices[1]))
    keeping, _ = seconds(panel.static_html)
    return [
        ["leaderboard: opening", f"{rounded(opening)} s"],
        ["leaderboard: sorting by another measure", f"{rounded(1000 * sorting)} ms"],
        ["leaderboard: another slice", f"{rounded(1000 * slicing)} ms"],
        [f"leaderboard: its page, {len(slices)} slices", f"{rounded(keeping)} s"],
    ]


def _explorer_rows() -> list[list[str]]:
    images, cells = image_table(), cell_table()
    opening, panel = seconds(lambda: data_explorer(images, cells))
    filtering, _ = seconds(lambda: panel.change("images", filters={"modality": "DAPI"}))
    sorting, _ = seconds(lambda: panel.change("cells", sort="area_px", brush=(10, 90, 0.2, 0.9)))
    keeping, _ = seconds(panel.static_html)
    return [
        [f"explorer, {len(cells):,} cells: opening", f"{rounded(opening)} s"],
        ["explorer: a filter of images", f"{rounded(1000 * filtering)} ms"],
        ["explorer: a brush and an order of cells", f"{rounded(1000 * sorting)} ms"],
        ["explorer: its page", f"{rounded(keeping)} s"],
    ]


def _comparer_rows() -> list[list[str]]:
    pictures = LargePictures()
    start = ComparerState(panels=("reference", *pictures.shifts))
    opening, panel = seconds(lambda: comparer(pictures, start=start))
    packing, _ = seconds(lambda: panel._parcel("large", "near"))
    rows = [
        ["comparer: opening", f"{rounded(1000 * opening)} ms"],
        ["comparer: packing a layer for the browser", f"{rounded(1000 * packing)} ms"],
    ]
    try:
        from scripts.browser import chromium
    except ImportError:
        return rows  # without Playwright nothing moves
    with TemporaryDirectory() as folder, chromium() as browser:
        path = Path(folder) / "comparer.html"
        path.write_text(panel.static_html(), encoding="utf-8")
        page = browser.new_page(viewport={"width": 1366, "height": 900})
        page.goto(path.as_uri())
        page.locator("figcaption").first.wait_for()
        page.locator(".wbc").focus()
        page.wait_for_timeout(2000)
        dragging = page.evaluate(FRAMES, [True, 3])
        zooming = page.evaluate(FRAMES, [False, 3])
        page.keyboard.press("0")
        page.wait_for_timeout(2000)
        answers = {key: page.evaluate(ANSWER, key) for key in ("o", "c")}
    return [
        *rows,
        ["comparer: dragging", f"{rounded(dragging)} frames/s"],
        ["comparer: zooming", f"{rounded(zooming)} frames/s"],
        ["comparer: fills in the place of outlines", f"{rounded(answers['o'])} ms"],
        ["comparer: the curtain", f"{rounded(answers['c'])} ms"],
    ]


def seconds(act: Callable[[], Any]) -> tuple[float, Any]:
    """Return how long it took, and what it returned."""
    started = time.process_time()
    made = act()
    return time.process_time() - started, made


def score_table() -> pd.DataFrame:
    """Return scores of models that share what is difficult."""
    rng = np.random.default_rng(0)
    easy = rng.beta(5, 2, N_IMAGES)
    images = [f"image {place:05d}" for place in range(N_IMAGES)]
    slides = [f"slide {place % 12}" for place in range(N_IMAGES)]
    parts = [
        pd.DataFrame({
            "dataset": "nuclei", "image_id": images, "group": slides, "model": model, "seed": 0,
            "metric": metric, "threshold": threshold, "n_reference": 30,
            "value": (easy + rng.normal(0, 0.1, N_IMAGES)).clip(0, 1),
        })
        for model in MODELS for metric, threshold in MEASURES
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def image_table() -> pd.DataFrame:
    """Return what the explorer shows of the images of a run."""
    rng = np.random.default_rng(0)
    scores = {f"f1_{model}": rng.random(N_IMAGES) for model in MODELS}
    facts = {
        "image_id": [f"image {place:05d}" for place in range(N_IMAGES)],
        "modality": rng.choice(["DAPI", "H&E", "phase contrast"], N_IMAGES),
        "n_cells": rng.integers(1, 200, N_IMAGES),
    }
    return pd.DataFrame(facts | scores)


def cell_table(n: int = 300_000) -> pd.DataFrame:
    """Return what it shows of their reference cells."""
    rng = np.random.default_rng(0)
    outcomes = {f"outcome_{model}": rng.choice(["matched", "missed"], n) for model in MODELS}
    overlaps = {f"iou_{model}": rng.random(n) for model in MODELS}
    facts = {
        "image_id": [f"image {place:05d}" for place in rng.integers(0, N_IMAGES, n)],
        "cell_id": np.arange(1, n + 1),
        "area_px": rng.lognormal(4, 1, n),
    }
    return pd.DataFrame(facts | overlaps | outcomes)


class LargePictures:
    """One large image of discs on a grid, and two models that shift them."""

    shifts = {"near": (3, 5), "far": (9, 9)}

    def __init__(self) -> None:
        self.scores = pd.DataFrame({"image_id": ["large"], "near": [0.9], "far": [0.4]})
        n = int(np.ceil(np.sqrt(N_CELLS)))
        rows, columns = np.divmod(np.arange(SIZE_PX) * n / SIZE_PX, 1)
        inside = np.hypot(columns[:, None] - 0.5, columns[None] - 0.5) < 0.42
        labels = (rows[:, None] * n + rows[None] + 1) * inside
        self.labels = labels.astype(np.uint32)

    def image(self, _: str) -> tuple[np.ndarray, tuple[str, ...]]:
        """Return noise, brighter in the cells, in three colours."""
        noise = np.random.default_rng(0).normal(60, 20, (SIZE_PX, SIZE_PX, 3))
        return (noise + 100 * (self.labels[..., None] > 0)).clip(0, 255).astype(np.uint8), ()

    def reference(self, _: str) -> ImageCells:
        """Return the discs."""
        cells = self._cells(self.labels)
        return ImageCells(self.labels, cells[cells["side"] == "reference"])

    def predicted(self, _: str, model: str) -> ImageCells:
        """Return the shifted discs."""
        predicted = np.roll(self.labels, self.shifts[model], (0, 1))
        cells = self._cells(predicted)
        lost = np.where(cells["side"] == "reference", "missed", "spurious")
        outcomes = np.where(cells["matched_iou"].notna(), "matched", lost)
        return ImageCells(predicted, cells.assign(outcome=outcomes))

    def _cells(self, predicted: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame(cell_columns(label_overlap(self.labels, predicted)))


if __name__ == "__main__":
    main()
