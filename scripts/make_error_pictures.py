"""Draw the cases by which docs/errors.md explains the errors of cells; the tests check the same.

    python scripts/make_error_pictures.py

Each case shows one rule on 12 x 12 pixels: the reference left, the prediction right, rows below the
drawing being empty. Letters are cells, dots background.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from workbench.metrics import CellErrors, Ignored, ignored_cells, label_errors, label_overlap
from workbench.schema import OUTCOME_COLOURS, LabelImage

FOLDER: Final = Path(__file__).parents[1] / "docs" / "pictures" / "errors"
SIZE: Final = 12
PIXEL: Final = 10
GAP: Final = 18
TOP: Final = 16
IGNORED_MASK: Final = np.arange(SIZE) >= 8


@dataclass(frozen=True)
class Case:
    """A drawing and what is to be said of its cells.

    Attributes
    ----------
    name
        Of the case and its picture.
    drawing
        Reference and prediction, line by line.
    reference, predicted
        Outcome and detail of each cell, by its letter.
    n_events
        Number of errors.
    border
        As :func:`label_errors` takes it.
    masked
        Whether the columns from 8 on are not judged.
    """

    name: str
    drawing: str
    reference: Mapping[str, str]
    predicted: Mapping[str, str]
    n_events: int
    border: Any = "keep"
    masked: bool = False
    labels: tuple[LabelImage, LabelImage] = field(init=False)

    def __post_init__(self) -> None:
        """Read the drawing."""
        sides = np.zeros((2, SIZE, SIZE), np.int64)
        for row, line in enumerate(self.drawing.split("\n")):
            for side, letters in zip(sides, line.split(), strict=True):
                side[row, : len(letters)] = [0 if x == "." else ord(x) - 64 for x in letters]
        object.__setattr__(self, "labels", (sides[0], sides[1]))

    @property
    def mask(self) -> np.ndarray:
        """Where nothing is judged."""
        return np.broadcast_to(IGNORED_MASK & self.masked, (SIZE, SIZE))

    def label(self) -> CellErrors:
        """Return what the workbench says of the cells."""
        overlap = label_overlap(*self.labels)
        ignored: Ignored | None = None
        if self.masked:
            ignored = ignored_cells(*self.labels, overlap, self.mask)
        return label_errors(overlap, border=self.border, ignored=ignored)

    def told(self) -> tuple[dict[str, str], dict[str, str]]:
        """Return outcome and detail of each cell by its letter, as the workbench says them."""
        errors, overlap = self.label(), label_overlap(*self.labels)
        sides = (
            (overlap.reference_ids, errors.reference),
            (overlap.predicted_ids, errors.predicted),
        )
        first, second = (
            {
                chr(64 + int(cell)): f"{outcome} {detail}".strip()
                for cell, outcome, detail in zip(ids, side.outcomes, side.details, strict=True)
            }
            for ids, side in sides
        )
        return first, second


CASES: Final = (
    Case(
        "matched",
        """\
............ ............
..AAAAAA.... ...QQQQQQ...
..AAAAAA.... ...QQQQQQ...
..AAAAAA.... ...QQQQQQ...
..AAAAAA.... ...QQQQQQ...
..AAAAAA.... ...QQQQQQ...
..AAAAAA.... ...QQQQQQ...""",
        {"A": "matched"}, {"Q": "matched"}, 0,
    ),
    Case(
        "missed-clean",
        """\
............ ............
..AAAAAA.... ............
..AAAAAA.... ............
..AAAAAA.... ............
..AAAAAA.... ............""",
        {"A": "missed clean"}, {}, 1,
    ),
    Case(
        "missed-near-miss",
        """\
............ ............
.AAAAABBBBB. .....QQQQQQ.
.AAAAABBBBB. .....QQQQQQ.
.AAAAABBBBB. .....QQQQQQ.
.AAAAABBBBB. .....QQQQQQ.
.AAAAABBBBB. .....QQQQQQ.""",
        {"A": "missed near_miss", "B": "matched"}, {"Q": "matched"}, 1,
    ),
    Case(
        "spurious-background",
        """\
............ ............
............ ..QQQQQQ....
............ ..QQQQQQ....
............ ..QQQQQQ....
............ ..QQQQQQ....""",
        {}, {"Q": "spurious background"}, 1,
    ),
    Case(
        "spurious-sliver",
        """\
............ ............
..AAAAAAA... ..QQQQQQQ...
..AAAAAAA... ..QQQQQQQ...
..AAAAAAA... ..QQQQQQQ...
..AAAAAAA... ..QQQQQRR...
..AAAAAAA... ..QQQQQQQ...
..AAAAAAA... ..QQQQQQQ...
..AAAAAAA... ..QQQQQQQ...""",
        {"A": "matched"}, {"Q": "matched", "R": "spurious sliver"}, 1,
    ),
    Case(
        "boundary-shrunk",
        """\
............ ............
..AAAAAAAA.. ............
..AAAAAAAA.. ............
..AAAAAAAA.. ....QQQQQ...
..AAAAAAAA.. ....QQQQQ...
..AAAAAAAA.. ....QQQQQ...
..AAAAAAAA.. ....QQQQQ...
..AAAAAAAA.. ............
..AAAAAAAA.. ............""",
        {"A": "boundary shrunk"}, {"Q": "boundary shrunk"}, 1,
    ),
    Case(
        "boundary-grown",
        """\
............ ............
............ ..QQQQQQQQ..
............ ..QQQQQQQQ..
...AAAAA.... ..QQQQQQQQ..
...AAAAA.... ..QQQQQQQQ..
...AAAAA.... ..QQQQQQQQ..
...AAAAA.... ..QQQQQQQQ..
...AAAAA.... ..QQQQQQQQ..
............ ..QQQQQQQQ..""",
        {"A": "boundary grown"}, {"Q": "boundary grown"}, 1,
    ),
    Case(
        "boundary-shifted",
        """\
............ ............
..AAAAAA.... ............
..AAAAAA.... ............
..AAAAAA.... ....QQQQQQ..
..AAAAAA.... ....QQQQQQ..
..AAAAAA.... ....QQQQQQ..
..AAAAAA.... ....QQQQQQ..
............ ....QQQQQQ..
............ ....QQQQQQ..""",
        {"A": "boundary shifted"}, {"Q": "boundary shifted"}, 1,
    ),
    Case(
        "boundary-ragged",
        """\
....AAAA.... ............
....AAAA.... ............
....AAAA.... ............
....AAAA.... ............
....AAAA.... QQQQQQQQQQQQ
....AAAA.... QQQQQQQQQQQQ
....AAAA.... QQQQQQQQQQQQ
....AAAA.... QQQQQQQQQQQQ
....AAAA.... ............
....AAAA.... ............
....AAAA.... ............
....AAAA.... ............""",
        {"A": "boundary ragged"}, {"Q": "boundary ragged"}, 1,
    ),
    Case(
        "too-far-for-boundary",
        """\
............ ............
.AAAAAA..... ............
.AAAAAA..... ............
.AAAAAA..... ............
.AAAAAA..... ............
.AAAAAA..... .....QQQQQQ.
.AAAAAA..... .....QQQQQQ.
............ .....QQQQQQ.
............ .....QQQQQQ.
............ .....QQQQQQ.
............ .....QQQQQQ.""",
        {"A": "missed near_miss"}, {"Q": "spurious background"}, 2,
    ),
    Case(
        "split-fragment",
        """\
............ ............
..AAAAAA.... ..QQQQQQ....
..AAAAAA.... ..QQQQQQ....
..AAAAAA.... ..QQQQQQ....
..AAAAAA.... ..QQQQQQ....
..AAAAAA.... ..QQQQQQ....
..AAAAAA.... ..QQQQQQ....
..AAAAAA.... ..RRRRRR....
..AAAAAA.... ..RRRRRR....""",
        {"A": "matched"}, {"Q": "matched", "R": "split fragment"}, 1,
    ),
    Case(
        "split-shattered",
        """\
............ ............
..AAAAAAAA.. ..QQQ..RRR..
..AAAAAAAA.. ..QQQ..RRR..
..AAAAAAAA.. ..QQQ..RRR..
..AAAAAAAA.. ..QQQ..RRR..
..AAAAAAAA.. ..QQQ..RRR..
..AAAAAAAA.. ..QQQ..RRR..""",
        {"A": "split shattered"}, {"Q": "split shattered", "R": "split shattered"}, 1,
    ),
    Case(
        "split-in-equal-halves",
        """\
............ ............
..AAAAAA.... ..QQQRRR....
..AAAAAA.... ..QQQRRR....
..AAAAAA.... ..QQQRRR....
..AAAAAA.... ..QQQRRR....""",
        {"A": "matched"}, {"Q": "matched", "R": "split fragment"}, 1,
    ),
    Case(
        "split-of-a-cell-in-pieces",
        """\
............ ............
.AAAA....... .QQQQ.......
.AAAA....... .QQQQ.......
.AAAA....... .QQQQ.......
............ ............
............ ............
.......AAA.. .......RRR..
.......AAA.. .......RRR..""",
        {"A": "matched"}, {"Q": "matched", "R": "split fragment"}, 1,
    ),
    Case(
        "merge-swallowed",
        """\
............ ............
..AAAAAABB.. ..QQQQQQQQ..
..AAAAAABB.. ..QQQQQQQQ..
..AAAAAABB.. ..QQQQQQQQ..
..AAAAAABB.. ..QQQQQQQQ..
..AAAAAABB.. ..QQQQQQQQ..
..AAAAAABB.. ..QQQQQQQQ..""",
        {"A": "matched", "B": "merge swallowed"}, {"Q": "matched"}, 1,
    ),
    Case(
        "merge-fused",
        """\
............ ............
..AAA.BBB... ..QQQQQQQ...
..AAA.BBB... ..QQQQQQQ...
..AAA.BBB... ..QQQQQQQ...
..AAA.BBB... ..QQQQQQQ...
..AAA.BBB... ..QQQQQQQ...
..AAA.BBB... ..QQQQQQQ...""",
        {"A": "merge fused", "B": "merge fused"}, {"Q": "merge fused"}, 1,
    ),
    Case(
        "merge-of-one-pixel",
        """\
............ ............
..AAAA...... ..QQQQQ.....
..AAAAB..... ..QQQQQ.....
..AAAA...... ..QQQQQ.....""",
        {"A": "matched", "B": "merge swallowed"}, {"Q": "matched"}, 1,
    ),
    Case(
        "catastrophe",
        """\
............ ............
..AAAABBBB.. ..QQQQQQQQ..
..AAAABBBB.. ..QQQQQQQQ..
..AAAABBBB.. ..QQQQQQQQ..
..AAAABBBB.. ..QQQQQQQQ..
..AAAABBBB.. ..QQQQQQQQ..
..AAAABBBB.. ..RRRRRRR...
..AAAABBBB.. ..RRRRRRR...
..AAAABBBB.. ..RRRRRRR...""",
        {"A": "catastrophe", "B": "catastrophe"}, {"Q": "catastrophe", "R": "catastrophe"}, 1,
    ),
    Case(
        "border-match-aware",
        """\
AAAAA....... ............
AAAAA....... QQQQQ.......
AAAAA....... QQQQQ.......
AAAAA....... QQQQQ.......
AAAAA....... QQQQQ.......
............ ............
............ .........RRR
............ .........RRR
...BBBB..... .........RRR
...BBBB..... ............
...BBBB..... ............
............ ............""",
        {"A": "ignored", "B": "missed clean"}, {"Q": "ignored", "R": "ignored"}, 1,
        border="match_aware",
    ),
    Case(
        "ignore-mask",
        """\
............ ............
......AAAA.. ............
......AAAA.. ............
......AAAA.. ............
............ ............
............ .......QQQQ.
............ .......QQQQ.
............ .......QQQQ.
.BBBB....... ............
.BBBB....... ............
.BBBB....... ............""",
        {"A": "missed clean", "B": "missed clean"}, {"Q": "ignored"}, 2,
        masked=True,
    ),
)  # fmt: skip


def picture(case: Case) -> str:
    """Return a case as SVG: either side filled by outcome, the other side's outlines over it."""
    errors = case.label()
    width = 2 * SIZE * PIXEL + GAP + 4
    height = SIZE * PIXEL + TOP + 4
    sides = (
        ("reference", case.labels[0], errors.reference.outcomes, case.labels[1]),
        ("predicted", case.labels[1], errors.predicted.outcomes, case.labels[0]),
    )
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for place, (title, labels, outcomes, others) in enumerate(sides):
        parts.append(f'<g transform="translate({2 + place * (SIZE * PIXEL + GAP)} {TOP})">')
        parts.append(f'<text x="0" y="-5" fill="#444">{title}</text>')
        parts.append(f'<rect width="{SIZE * PIXEL}" height="{SIZE * PIXEL}" fill="#f1f1f1"/>')
        ids = np.unique(labels[labels > 0])
        for cell, outcome in zip(ids, outcomes, strict=True):
            colour = OUTCOME_COLOURS[outcome]
            parts.append(f'<path d="{filled(labels == cell)}" fill="{colour}"/>')
        if case.masked:
            left = int(IGNORED_MASK.argmax()) * PIXEL
            parts.append(
                f'<rect x="{left}" width="{SIZE * PIXEL - left}" height="{SIZE * PIXEL}" '
                'fill="#000" fill-opacity="0.18"/>'
            )
        parts.append(f'<path d="{edges(labels)}" stroke="#222" stroke-width="1.5" fill="none"/>')
        parts.append(
            f'<path d="{edges(others)}" stroke="#222" stroke-width="1" stroke-dasharray="2 2" '
            'fill="none"/>'
        )
        parts += [_letter(labels == cell, chr(64 + int(cell))) for cell in ids]
        parts.append("</g>")
    return "\n".join([*parts, "</svg>\n"])


def filled(cell: np.ndarray) -> str:
    """Return the runs of a cell's rows as a path."""
    return "".join(
        f"M{start * PIXEL} {row * PIXEL}h{(stop - start) * PIXEL}v{PIXEL}H{start * PIXEL}z"
        for row in range(SIZE)
        for start, stop in runs(cell[row])
    )


def edges(labels: LabelImage) -> str:
    """Return the lines between pixels of different cells as a path."""
    padded = np.pad(labels, 1)
    across = padded[:-1, 1:-1] != padded[1:, 1:-1]
    along = padded[1:-1, :-1] != padded[1:-1, 1:]
    flat = (
        f"M{start * PIXEL} {row * PIXEL}H{stop * PIXEL}"
        for row in range(SIZE + 1)
        for start, stop in runs(across[row])
    )
    upright = (
        f"M{column * PIXEL} {start * PIXEL}V{stop * PIXEL}"
        for column in range(SIZE + 1)
        for start, stop in runs(along[:, column])
    )
    return "".join([*flat, *upright])


def runs(marks: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield start and end of each run of marks."""
    steps = np.diff(np.pad(marks.astype(int), 1))
    yield from zip(np.flatnonzero(steps > 0), np.flatnonzero(steps < 0), strict=True)


def _letter(cell: np.ndarray, letter: str) -> str:
    rows, columns = np.nonzero(cell)
    # On the pixel of the cell that is closest to its middle, for a cell may lie in pieces.
    nearest = np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2)
    x, y = (columns[nearest] + 0.5) * PIXEL, (rows[nearest] + 0.5) * PIXEL
    return (
        f'<text x="{x:g}" y="{y + 4:g}" text-anchor="middle" font-weight="bold" fill="#fff" '
        f'stroke="#222" stroke-width="2.4" paint-order="stroke">{letter}</text>'
    )


def main() -> None:
    """Write all pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for case in CASES:
        (FOLDER / f"{case.name}.svg").write_text(picture(case), encoding="utf-8")
    print(f"{len(CASES)} pictures in {FOLDER}")


if __name__ == "__main__":
    main()
