"""Known errors put into labels, to see that they are found again and what they cost."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt
import scipy

from workbench.schema import InputError, LabelImage

InjectedKind = Literal[
    "missed", "spurious", "split", "merge", "shrunk", "grown", "shifted", "catastrophe"
]
INJECTED_KINDS: Final[tuple[InjectedKind, ...]] = get_args(InjectedKind)

BoolArray = npt.NDArray[np.bool_]
Places = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]

# Shares of a cell that leave no doubt which error it is, whatever its outline.
SMALLEST_PX: Final = 40
KEPT: Final = 0.6
SHRUNK: Final = 0.35
GROWN: Final = 2.6
REPARTED: Final = 0.62
SIMILAR: Final = 0.6
SHIFTED: Final = (0.15, 0.4)
NEAREST, FARTHEST = 0.3, 1.5  # in diameters


@dataclass(frozen=True)
class InjectedError:
    """One error that was put in.

    Attributes
    ----------
    kind
        Which.
    reference_ids, predicted_ids
        The cells in it, before and after.
    """

    kind: InjectedKind
    reference_ids: tuple[int, ...]
    predicted_ids: tuple[int, ...]


def inject_errors(
    labels: LabelImage, counts: Mapping[InjectedKind, int], *, rng: np.random.Generator
) -> tuple[LabelImage, tuple[InjectedError, ...]]:
    """Put errors of known kinds into labels, no cell in two of them.

    Parameters
    ----------
    labels
        Label image, shape (height, width).
    counts
        How many of each kind. ``missed`` removes a cell; ``spurious`` adds a disc on background;
        ``split`` cuts a cell in two, 60 to 40; ``merge`` gives two neighbours one id; ``shrunk``
        keeps the inner 35 %; ``grown`` covers 2.6 times the area; ``shifted`` moves a cell until
        its IoU is 0.15 to 0.4; ``catastrophe`` parts two neighbours of similar size across.
    rng
        Chooses the cells.

    Returns
    -------
    tuple
        Labels with errors, int64, and what was put in. Fewer than asked for where no more cells
        fit: all have at least 40 px, and what grows or moves needs free background.

    Raises
    ------
    InputError
        If a kind is unknown.

    Examples
    --------
    >>> labels = np.zeros((20, 20), int)
    >>> labels[2:10, 2:10], labels[12:19, 12:19] = 1, 2
    >>> wrong, errors = inject_errors(labels, {"missed": 1}, rng=np.random.default_rng(0))
    >>> len(np.unique(wrong)), errors[0].kind
    (2, 'missed')
    """
    if unknown := set(counts) - set(INJECTED_KINDS):
        msg = f"no error is called {sorted(unknown)[0]!r}; there are {', '.join(INJECTED_KINDS)}."
        raise InputError(msg)
    scene = _Scene(labels, rng)
    errors: list[InjectedError] = []
    for kind in INJECTED_KINDS:
        for _ in range(counts.get(kind, 0)):
            error = scene.add_spurious() if kind == "spurious" else scene.change(kind)
            if error is None:
                break
            errors.append(error)
    return scene.wrong, tuple(errors)


class _Scene:
    """Labels while errors are put in: what is there, what is free, which cells are left."""

    def __init__(self, labels: LabelImage, rng: np.random.Generator) -> None:
        self.labels = labels.astype(np.int64)
        self.wrong = self.labels.copy()
        self.rng = rng
        ids, areas = np.unique(self.labels[self.labels > 0], return_counts=True)
        large = ids[areas >= SMALLEST_PX]
        self.left: list[int] = rng.permutation(large).tolist()
        self.next_id = int(ids.max(initial=0)) + 1
        # Each cell's pixels, sorted once.
        order = np.argsort(self.labels, axis=None, kind="stable")
        bounds = np.searchsorted(self.labels.ravel()[order], [ids, ids + 1])
        self.pixels: dict[int, Places] = {
            int(cell): np.unravel_index(order[start:stop], labels.shape)
            for cell, start, stop in zip(ids, *bounds, strict=True)
        }

    def change(self, kind: InjectedKind) -> InjectedError | None:
        """Change the first cell that a kind fits."""
        changes: Mapping[str, Callable[[int], InjectedError | None]] = {
            "missed": self._remove,
            "split": self._split,
            "merge": self._merge,
            "shrunk": self._shrink,
            "grown": self._grow,
            "shifted": self._shift,
            "catastrophe": self._part_across,
        }
        for cell in list(self.left):
            error = changes[kind](cell)
            if error is not None:
                self.left = [other for other in self.left if other not in error.reference_ids]
                return error
        return None

    def add_spurious(self) -> InjectedError | None:
        """Add a disc where background reaches far enough, as large as small cells are."""
        room = scipy.ndimage.distance_transform_edt(self._free())
        radius = np.sqrt(SMALLEST_PX / np.pi)
        places = np.argwhere(room > radius + 2)
        if not len(places):
            return None
        middle = places[self.rng.integers(len(places))]
        rows, columns = np.indices(self.labels.shape)
        disc = (rows - middle[0]) ** 2 + (columns - middle[1]) ** 2 <= radius**2
        self.wrong[disc] = self.next_id
        self.next_id += 1
        return InjectedError("spurious", (), (self.next_id - 1,))

    def _free(self) -> BoolArray:
        return (self.labels == 0) & (self.wrong == 0)

    def _remove(self, cell: int) -> InjectedError:
        self.wrong[self.pixels[cell]] = 0
        return InjectedError("missed", (cell,), ())

    def _split(self, cell: int) -> InjectedError:
        rows, columns = self.pixels[cell]
        along = _longest_axis(rows, columns)
        rest = np.argsort(along, kind="stable")[round(KEPT * rows.size) :]
        self.wrong[rows[rest], columns[rest]] = self.next_id
        self.next_id += 1
        return InjectedError("split", (cell,), (cell, self.next_id - 1))

    def _merge(self, cell: int) -> InjectedError | None:
        other = self._neighbour(cell, similar=0.0)
        if other is None:
            return None
        self.wrong[self.pixels[other]] = cell
        return InjectedError("merge", (cell, other), (cell,))

    def _part_across(self, cell: int) -> InjectedError | None:
        other = self._neighbour(cell, similar=SIMILAR)
        if other is None:
            return None
        # The larger one gives a little more to the rest, so that this is mostly of one cell.
        first, second = sorted((cell, other), key=lambda x: self.pixels[x][0].size)
        centres = np.array([[np.mean(axis) for axis in self.pixels[x]] for x in (first, second)])
        towards = centres[1] - centres[0]
        for which, spare in ((first, 0), (second, 2)):
            rows, columns = self.pixels[which]
            across = rows * towards[1] - columns * towards[0]
            order = np.argsort(across, kind="stable")
            n_kept = round(REPARTED * rows.size) - spare
            kept, rest = order[:n_kept], order[n_kept:]
            self.wrong[rows[kept], columns[kept]] = first
            self.wrong[rows[rest], columns[rest]] = second
        return InjectedError("catastrophe", (first, second), (first, second))

    def _shrink(self, cell: int) -> InjectedError:
        rows, columns = self.pixels[cell]
        inner = _depth(rows, columns)
        order = np.argsort(-inner, kind="stable")[round(SHRUNK * rows.size) :]
        self.wrong[rows[order], columns[order]] = 0
        return InjectedError("shrunk", (cell,), (cell,))

    def _grow(self, cell: int) -> InjectedError | None:
        n_pixels = self.pixels[cell][0].size
        window = self._window(cell)
        distance = scipy.ndimage.distance_transform_edt(self.labels[window] != cell)
        distance[~self._free()[window]] = np.inf
        n_more = round((GROWN - 1) * n_pixels)
        if np.isfinite(distance).sum() < n_more:
            return None
        closest = np.argsort(distance, axis=None, kind="stable")[:n_more]
        self.wrong[window].flat[closest] = cell
        return InjectedError("grown", (cell,), (cell,))

    def _shift(self, cell: int) -> InjectedError | None:
        rows, columns = self.pixels[cell]
        free = self._free()
        free[rows, columns] = True
        height, width = free.shape
        diameter = np.sqrt(4 / np.pi * rows.size)
        for step in range(int(NEAREST * diameter) + 1, int(FARTHEST * diameter)):
            for down, right in self.rng.permutation([(0, 1), (1, 0), (0, -1), (-1, 0)]):
                moved = rows + step * down, columns + step * right
                if min(moved[0].min(), moved[1].min()) < 0:
                    continue
                if moved[0].max() >= height or moved[1].max() >= width or not free[moved].all():
                    continue
                shared = int((self.labels[moved] == cell).sum())
                if SHIFTED[0] <= shared / (2 * rows.size - shared) <= SHIFTED[1]:
                    self.wrong[rows, columns] = 0
                    self.wrong[moved] = cell
                    return InjectedError("shifted", (cell,), (cell,))
        return None

    def _window(self, cell: int) -> tuple[slice, slice]:
        rows, columns = self.pixels[cell]
        reach = int(np.sqrt(rows.size)) + 2
        return (
            slice(max(0, rows.min() - reach), rows.max() + reach + 1),
            slice(max(0, columns.min() - reach), columns.max() + reach + 1),
        )

    def _neighbour(self, cell: int, *, similar: float) -> int | None:
        """Return the closest cell that is left and not much smaller or larger."""
        rows, columns = self.pixels[cell]
        inside = self.labels[self._window(cell)]
        near = set(np.unique(inside).tolist()).intersection(self.left) - {cell}
        fitting = [
            other
            for other in near
            if min(rows.size, self.pixels[other][0].size)
            >= similar * max(rows.size, self.pixels[other][0].size)
        ]

        def distance(other: int) -> float:
            there = self.pixels[other]
            return float(np.hypot(there[0].mean() - rows.mean(), there[1].mean() - columns.mean()))

        return min(fitting, key=distance, default=None)


def _longest_axis(
    rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return the place of each pixel along the direction in which the cell is longest."""
    centred = np.stack([rows - rows.mean(), columns - columns.mean()])
    _, vectors = np.linalg.eigh(centred @ centred.T)
    along: npt.NDArray[np.float64] = vectors[:, -1] @ centred
    return along


def _depth(rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the distance of each pixel of a cell from outside of it."""
    cell = np.zeros((np.ptp(rows) + 3, np.ptp(columns) + 3), bool)
    inside = rows - rows.min() + 1, columns - columns.min() + 1
    cell[inside] = True
    depth: npt.NDArray[np.float64] = scipy.ndimage.distance_transform_edt(cell)[inside]
    return depth
