"""Procedural microscopy with exact labels: the demo data set, and cells for tests.

An image is made the way its microscope makes it. Cells are arranged on a canvas wider than the
field of view, so that borders cut cells and light reaches the image from outside; each kind of
image then turns the cells into light (emission, phase, absorbance) and the light into counts.
"""

import csv
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import tifffile
from pydantic import BaseModel, ConfigDict, Field
from scipy import ndimage

from workbench.schema import ImageArray, InputError, LabelImage, Sample

FloatMap: TypeAlias = npt.NDArray[np.float64]
OutlineDraw: TypeAlias = Callable[[np.random.Generator], FloatMap]

MARGIN_PX: Final = 32
MIN_AREA_PX: Final = 25
N_ANGLES: Final = 360


class SyntheticConfig(BaseModel):
    """What determines a synthetic data set, down to the last bit.

    Attributes
    ----------
    seed
        Image number i depends on (seed, i) alone: a longer data set begins with the shorter one.
    n_images
        From 12 on every modality comes in every density; 48 fill every split with all of them.
    size_px
        Height and width of the images. Cells keep their size, so larger images hold more.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(default=0, ge=0)
    n_images: int = Field(default=48, ge=12)
    size_px: int = Field(default=256, ge=64, le=4096)


def synthetic_samples(config: SyntheticConfig) -> Iterator[Sample]:
    """Yield fluorescent nuclei, phase-contrast cells and stained tissue in turn.

    Parameters
    ----------
    config
        Seed, number and size of the images.

    Yields
    ------
    Sample
        Image of shape (size, size, 1) or, for histology, (size, size, 3), uint8 or (12-bit counts
        of dense fluorescence) uint16. Reference labels 1..n without gaps, each one 4-connected
        piece of at least 25 px. Metadata: split, modality, cell_type, density, pixel_size_um.

    Examples
    --------
    >>> first = next(synthetic_samples(SyntheticConfig(size_px=64)))
    >>> first.image_id, first.image.shape, first.metadata["split"]
    ('fluorescence_sparse_00', (64, 64, 1), 'train')
    """
    for index in range(config.n_images):
        modality, density, turn = _stratum(index)
        kind = KINDS[modality]
        rng = np.random.default_rng([config.seed, index])
        image, reference = kind.paint(rng, config.size_px, density)
        yield Sample(
            image_id=f"{modality}_{density}_{turn:02d}",
            image=image,
            reference=reference,
            metadata={
                "split": _split(density, turn),
                "modality": modality,
                "cell_type": kind.cell_type,
                "density": density,
                "pixel_size_um": kind.pixel_size_um,
            },
        )


def write_synthetic_dataset(folder: Path, config: SyntheticConfig) -> None:
    """Write the images, their labels and a manifest.

    Parameters
    ----------
    folder
        Receives ``images/``, ``labels/`` and ``manifest.csv``. It appears when all is written;
        until then the files are in a hidden folder beside it.
    config
        Seed, number and size of the images.

    Raises
    ------
    InputError
        If the folder exists and isn't empty.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        msg = f"expected a new or empty folder, but {folder} holds something; name another one."
        raise InputError(msg)
    partial = folder.with_name(f".{folder.name}.partial-{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        _write_files(partial, config)
        # Windows refuses to rename onto a folder, even an empty one.
        if folder.exists():
            folder.rmdir()
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write_files(folder: Path, config: SyntheticConfig) -> None:
    (folder / "images").mkdir(parents=True)
    (folder / "labels").mkdir()
    rows = []
    for sample in synthetic_samples(config):
        image, labels = f"images/{sample.image_id}.tif", f"labels/{sample.image_id}.tif"
        _write_tiff(folder / image, sample.image)
        _write_tiff(folder / labels, np.asarray(sample.reference, dtype=np.uint16))
        files = {"image_id": sample.image_id, "image": image, "labels": labels}
        rows.append(files | dict(sample.metadata))
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        manifest = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        manifest.writeheader()
        manifest.writerows(rows)


def _write_tiff(path: Path, array: npt.NDArray[Any]) -> None:
    colour = array.shape[2:] == (3,)
    pixels = array if colour else array.reshape(array.shape[:2])
    photometric = "rgb" if colour else "minisblack"
    tifffile.imwrite(path, pixels, compression="zlib", photometric=photometric)


def _stratum(index: int) -> tuple[str, str, int]:
    """Return modality, density and how many such images came before.

    Every other image is fluorescence; phase contrast and histology share the rest.
    """
    modality = ("fluorescence", "phase_contrast", "fluorescence", "histology")[index % 4]
    stride = 2 if modality == "fluorescence" else 4
    turn, density = divmod(index // stride, 3)
    return modality, ("sparse", "medium", "dense")[density], turn


def _split(density: str, turn: int) -> str:
    """Deal the images of one modality and density to the splits.

    The densities are out of step, so that even a dozen images hold every modality in every split.
    """
    splits = ("train", "test", "train", "val", "train", "test", "train", "train")
    first = {"sparse": 0, "medium": 1, "dense": 3}[density]
    return splits[(first + turn) % len(splits)]


def _fluorescence(
    rng: np.random.Generator, size_px: int, density: str
) -> tuple[ImageArray, LabelImage]:
    """Paint stained nuclei as a widefield microscope and its camera record them."""
    n_nuclei, area_px, contact = {
        "sparse": (11, rng.uniform(350, 900), 0.25),
        "medium": (34, rng.uniform(220, 420), 0.4),
        "dense": (105, rng.uniform(120, 240), 0.75),
    }[density]
    elongation = rng.uniform(1.1, 1.8)
    roughness = rng.uniform(0.03, 0.08)

    def outline(rng: np.random.Generator) -> FloatMap:
        area = np.clip(area_px * rng.lognormal(0, 0.25), 90, 1400)
        longer = elongation * rng.lognormal(0, 0.12)
        return _blob(rng, area, elongation=longer, roughness=roughness)

    canvas_px = size_px + 2 * MARGIN_PX
    colonies = np.clip(0.7 + 0.5 * _texture(rng, canvas_px, 30), 0.15, 1)
    cells = _arrange(rng, colonies, outline, n_cells=n_nuclei, contact=contact, max_overlap=0.18)
    light = _blurred_by_depth(rng, cells, _nuclear_emission(rng, cells))
    light += rng.uniform(0.05, 0.25) * ndimage.gaussian_filter(light, 12)
    light += rng.uniform(0.03, 0.12) * (1 + 0.3 * _texture(rng, canvas_px, 50))
    light = _field_of_view(light * _vignette(rng, canvas_px, strength=0.35))
    twelve_bit = density == "dense"
    counts = _camera_counts(rng, light, full_scale=4095 if twelve_bit else 255)
    image = counts.astype(np.uint16 if twelve_bit else np.uint8)
    return image[..., np.newaxis], _visible_labels(cells)


def _nuclear_emission(rng: np.random.Generator, cells: "_Cells") -> FloatMap:
    """Return dye x thickness: chromatin mottles it, nucleoli leave it dark."""
    canvas_px = len(cells.labels)
    height = np.sqrt(1 - cells.rim**3) * (1 - 0.5 * np.exp(1 - cells.depth_px()))
    chromatin = rng.uniform(0.08, 0.25) * _texture(rng, canvas_px, rng.uniform(1.2, 2.2))
    nucleoli = rng.uniform(0.1, 0.5) * np.clip(_texture(rng, canvas_px, 2.5) - 1, 0, 1)
    dye = cells.spread(rng.lognormal(0, 0.35, cells.n + 1))
    return dye * height * np.clip(1 + chromatin - nucleoli, 0.15, None)


def _blurred_by_depth(rng: np.random.Generator, cells: "_Cells", emission: FloatMap) -> FloatMap:
    """Blur each nucleus by the point spread function at its distance from the focal plane."""
    plane = cells.spread(rng.choice(3, cells.n + 1, p=[0.6, 0.28, 0.12]))
    light = np.zeros_like(emission)
    for number, sigma_px in enumerate((0.7, 1.1, 1.7)):
        light += ndimage.gaussian_filter(emission * (plane == number), sigma_px)
    return light


def _camera_counts(rng: np.random.Generator, light: FloatMap, *, full_scale: int) -> FloatMap:
    """Count photons (Poisson), add read noise and offset, quantise."""
    photons_at_one = rng.uniform(60, 400)
    photons = rng.poisson(light * photons_at_one)
    electrons = photons + rng.normal(0, 3, photons.shape)
    brightest = photons_at_one * np.quantile(light, 0.998)
    gain = rng.uniform(0.3, 0.9) * full_scale / brightest
    return _quantised(0.02 * full_scale + gain * electrons, full_scale)


def _phase_contrast(
    rng: np.random.Generator, size_px: int, density: str
) -> tuple[ImageArray, LabelImage]:
    """Paint spread and rounded cells as a phase-contrast microscope shows them.

    Its phase ring also delays light that the cells bent only a little: the image is the phase
    minus a blurred copy of it, hence the halo around the cells and the shading off within them.
    """
    n_cells, contact = {"sparse": (13, 0.5), "medium": (26, 0.65), "dense": (48, 0.8)}[density]

    def outline(rng: np.random.Generator) -> FloatMap:
        if rng.random() < 0.08:
            return _blob(rng, rng.uniform(130, 260), elongation=1.1, roughness=0.02)
        return _spread_cell(rng, rng.uniform(450, 1250))

    canvas_px = size_px + 2 * MARGIN_PX
    colonies = np.clip(0.5 + 0.6 * _texture(rng, canvas_px, 35), 0.05, 1)
    cells = _arrange(rng, colonies, outline, n_cells=n_cells, contact=contact, max_overlap=0.15)
    phase = _cell_phase(rng, cells) + _debris(rng, canvas_px)
    phase = ndimage.gaussian_filter(phase, 0.6)
    halo = 0.6 * ndimage.gaussian_filter(phase, 2) + 0.3 * ndimage.gaussian_filter(phase, 7)
    light = 1 - rng.uniform(0.55, 0.85) * np.sin(phase - halo)
    light *= 1 + 0.06 * _texture(rng, canvas_px, 70) + 0.008 * _texture(rng, canvas_px, 2)
    grey = rng.uniform(105, 145) * _field_of_view(light)
    noisy = grey + rng.normal(0, rng.uniform(1, 2.5), grey.shape)
    return _quantised(noisy, 255).astype(np.uint8)[..., np.newaxis], _visible_labels(cells)


def _cell_phase(rng: np.random.Generator, cells: "_Cells") -> FloatMap:
    """Return the optical delay in radians: organelles around a nucleus with dark nucleoli."""
    canvas_px = len(cells.labels)
    # Cells hold about the same volume: those spread thin are dim, rounded ones are thick.
    thickness = np.clip(750 / cells.areas_px, 0.95, 4.5) ** 2
    height = cells.spread(thickness * rng.lognormal(0, 0.15, cells.n + 1))
    depth_px = cells.depth_px()
    body = np.exp(-5 * cells.rim**2)
    ruffles = 0.3 * np.exp(-((depth_px - 2.5) ** 2))
    profile = (0.5 + 0.6 * body) * (1 - np.exp((0.9 - depth_px) / 1.2)) + ruffles
    granularity = (0.1 + 0.4 * body) / np.maximum(height, 1)
    organelles = 1 + granularity * _texture(rng, canvas_px, 0.9)
    nuclei, nucleoli = _nuclei_within(rng, cells)
    inside = np.where(nuclei > 0, 0.7 + 0.35 * nuclei**6 + 0.7 * nucleoli, organelles)
    phase: FloatMap = height * profile * inside
    return phase


def _nuclei_within(rng: np.random.Generator, cells: "_Cells") -> tuple[FloatMap, FloatMap]:
    """Return a nucleus per cell, 0 to 1 from its centre to its rim, and one to three nucleoli."""
    nuclei = np.zeros(cells.labels.shape)
    nucleoli = np.zeros(cells.labels.shape)
    areas_px = np.clip(0.13 * cells.areas_px, 30, 130)
    for number, centre in enumerate(cells.centres, start=1):
        area = areas_px[number]
        outline = _blob(rng, area, elongation=1.25, roughness=0.03)
        window, rim = _stamp(outline, centre, nuclei.shape)
        inside = (rim < 1) & (cells.labels[window] == number)
        nuclei[window][inside] = np.maximum(rim[inside], 0.01)
        for shift in rng.normal(0, 0.2 * np.sqrt(area), (rng.integers(1, 4), 2)):
            dot, rim = _stamp(np.full(N_ANGLES, 1.7), centre + shift, nuclei.shape)
            nucleoli[dot] += np.clip(1 - rim, 0, 1)
    return nuclei, nucleoli


def _debris(rng: np.random.Generator, canvas_px: int) -> FloatMap:
    """Return the phase of specks that float about: too small to be taken for cells."""
    specks = np.zeros((canvas_px, canvas_px))
    for _ in range(rng.poisson(25 * (canvas_px / 256) ** 2)):
        outline = np.full(N_ANGLES, rng.uniform(1, 2.2))
        window, rim = _stamp(outline, rng.uniform(0, canvas_px, 2), specks.shape)
        specks[window] += rng.uniform(0.3, 0.8) * np.clip(1 - rim, 0, 1)
    return specks


def _histology(
    rng: np.random.Generator, size_px: int, density: str
) -> tuple[ImageArray, LabelImage]:
    """Paint a section stained with haematoxylin and eosin: stains absorb (Beer-Lambert)."""
    n_nuclei, area_px, contact = {
        "sparse": (32, rng.uniform(150, 260), 0.3),
        "medium": (65, rng.uniform(120, 200), 0.45),
        "dense": (125, rng.uniform(100, 160), 0.6),
    }[density]
    direction = rng.uniform(0, np.pi)

    def outline(rng: np.random.Generator) -> FloatMap:
        along_fibres = direction + rng.normal(0, 0.35)
        population = rng.random()
        if population < 0.2:  # lymphocytes
            return _blob(rng, rng.uniform(75, 105), elongation=1.08, roughness=0.03)
        if population < 0.4:  # fibroblasts
            area = rng.uniform(80, 135)
            return _blob(rng, area, elongation=2.4, roughness=0.04, angle_rad=along_fibres)
        area = np.clip(area_px * rng.lognormal(0, 0.2), 85, 500)
        return _blob(rng, area, elongation=1.35, roughness=0.05, angle_rad=along_fibres)

    canvas_px = size_px + 2 * MARGIN_PX
    lumen = _texture(rng, canvas_px, 18) - rng.uniform(1.5, 2.4)
    gap = 1 / (1 + np.exp(-25 * lumen))
    # Epithelium lines the lumen; fewer cells lie in the stroma behind it.
    crowding = np.where(lumen > -0.3, 0, np.where(lumen > -1.1, 1, 0.35))
    cells = _arrange(rng, crowding, outline, n_cells=n_nuclei, contact=contact, max_overlap=0.15)
    epithelium = np.exp(-(lumen**2)) * (1 - gap)
    haematoxylin = _haematoxylin(rng, cells) + (0.05 + 0.15 * epithelium) * (1 - gap)
    haematoxylin += 0.12 * ndimage.gaussian_filter(haematoxylin, 4) * (1 - gap)
    eosin = _eosin(rng, direction, fibrous=1 - 0.8 * epithelium) * (1 - gap)
    eosin *= 1 - 0.6 * (cells.labels > 0)
    absorbance = haematoxylin[..., np.newaxis] * HAEMATOXYLIN * rng.uniform(0.9, 1.1, 3)
    # Laboratories differ in how purple they leave the ground.
    ground = EOSIN + rng.uniform(0, 0.35) * (HAEMATOXYLIN - EOSIN)
    absorbance += eosin[..., np.newaxis] * ground
    lamp = np.array([244, 241, 245]) + rng.uniform(-4, 4, 3)
    light = ndimage.gaussian_filter(lamp * np.exp(-absorbance), (0.8, 0.8, 0))
    noisy = _field_of_view(light)
    noisy = noisy + rng.normal(0, 2.5, noisy.shape)
    return _quantised(noisy, 255).astype(np.uint8), _visible_labels(cells)


def _haematoxylin(rng: np.random.Generator, cells: "_Cells") -> FloatMap:
    """Return the stain of the nuclei: small ones dense, large ones pale with a dark membrane."""
    canvas_px = len(cells.labels)
    darkness = 1.1 * np.clip(110 / cells.areas_px, 0.4, 1.3) ** 0.7
    darkness *= rng.uniform(0.8, 1.2) * rng.lognormal(0, 0.25, cells.n + 1)
    membrane = 0.8 + 0.5 * np.exp(-1.3 * (cells.depth_px() - 2.3) ** 2)
    chromatin = 1 + 0.25 * _texture(rng, canvas_px, 1.0) + 0.1 * _texture(rng, canvas_px, 2)
    return cells.spread(darkness) * membrane * np.clip(chromatin, 0.2, None)


def _eosin(rng: np.random.Generator, direction: float, *, fibrous: FloatMap) -> FloatMap:
    """Return the stain of the stroma: wavy collagen fibres in a cloudy ground."""
    canvas_px = len(fibrous)
    grid = np.indices(fibrous.shape)
    rows = grid[0] + 5 * _texture(rng, canvas_px, 18)
    columns = grid[1] + 5 * _texture(rng, canvas_px, 18)
    across = np.cos(direction) * columns - np.sin(direction) * rows
    along = np.sin(direction) * columns + np.cos(direction) * rows
    noise = rng.normal(size=(256, 256))
    strands: FloatMap = ndimage.gaussian_filter(noise, (1.2, 14), mode="wrap")
    strands /= strands.std()
    fibres: FloatMap = ndimage.map_coordinates(strands, [across, along], order=1, mode="grid-wrap")
    ground = 0.42 + 0.07 * _texture(rng, canvas_px, 14) + 0.04 * _texture(rng, canvas_px, 1.5)
    waviness = rng.uniform(0.03, 0.09) * fibrous
    return np.clip(ground + waviness * fibres, 0.05, None) * rng.uniform(0.7, 1.2)


@dataclass(frozen=True)
class _Kind:
    cell_type: str
    pixel_size_um: str
    paint: Callable[[np.random.Generator, int, str], tuple[ImageArray, LabelImage]]


KINDS: Final = {
    "fluorescence": _Kind("nucleus", "0.65", _fluorescence),
    "phase_contrast": _Kind("fibroblast", "1.24", _phase_contrast),
    "histology": _Kind("tissue nucleus", "0.50", _histology),
}
# Absorbance in red, green and blue, near the stain vectors of Ruifrok and Johnston (2001).
HAEMATOXYLIN: Final = np.array([0.8, 1.1, 0.44])
EOSIN: Final = np.array([0.11, 1.0, 0.4])


@dataclass(frozen=True, eq=False)
class _Cells:
    """Cells on the canvas.

    Attributes
    ----------
    labels
        Number of the cell at each pixel, 0 between cells.
    rim
        How far out in its cell a pixel lies: 0 at the centre, 1 at the outline and between cells.
    centres
        Row and column of cell 1, 2, ...
    """

    labels: LabelImage
    rim: FloatMap
    centres: list[FloatMap]

    @property
    def n(self) -> int:
        return len(self.centres)

    @property
    def areas_px(self) -> FloatMap:
        """Area by cell number, at least 1."""
        areas = np.bincount(self.labels.ravel(), minlength=self.n + 1)
        return np.maximum(areas, 1).astype(np.float64)

    def depth_px(self) -> FloatMap:
        """Return how deep in its cell each pixel lies: 1 along the outline, seams included."""
        apart = np.pad(self.labels, 1, mode="edge")
        inner = self.labels > 0
        for neighbour in (apart[:-2, 1:-1], apart[2:, 1:-1], apart[1:-1, :-2], apart[1:-1, 2:]):
            inner &= neighbour == self.labels
        to_outline: FloatMap = ndimage.distance_transform_edt(inner)
        return to_outline + (self.labels > 0)

    def spread(self, values: npt.NDArray[Any]) -> FloatMap:
        """Give each pixel its cell's value; ``values[0]`` is ignored, between cells lies 0."""
        return np.where(self.labels > 0, values[self.labels], 0).astype(np.float64)


def _arrange(
    rng: np.random.Generator,
    crowding: FloatMap,
    outline: OutlineDraw,
    *,
    n_cells: int,
    contact: float,
    max_overlap: float,
) -> _Cells:
    """Place cells where ``crowding`` (0 to 1) lets them, each at another one with odds ``contact``.

    Pixels claimed twice go to the cell deeper in which they lie, so neighbours flatten each other.
    ``n_cells`` is the number per 256 x 256 px that fit if none is turned away.
    """
    labels = np.zeros(crowding.shape, dtype=np.int64)
    rim = np.ones(crowding.shape)
    centres: list[FloatMap] = []
    outlines: list[FloatMap] = []
    wanted = round(n_cells * crowding.size / 256**2)
    for _ in range(12 * wanted):
        if len(centres) == wanted:
            break
        candidate = outline(rng)
        if centres and rng.random() < contact:
            neighbour = rng.integers(len(centres))
            centre = _beside(rng, centres[neighbour], outlines[neighbour], candidate)
        else:
            # The first one lies in view, so that no image is empty.
            from_px = 0 if centres else MARGIN_PX
            centre = rng.uniform(from_px, len(labels) - from_px, 2)
        row, column = np.floor(centre).astype(int)
        on_canvas = min(row, column) >= 0 and max(row, column) < len(labels)
        if not on_canvas or rng.random() > crowding[row, column]:
            continue
        window, candidate_rim = _stamp(candidate, centre, labels.shape)
        inside = candidate_rim < 1
        taken = inside & ((labels[window] > 0) | (crowding[window] == 0))
        if taken.sum() > max_overlap * inside.sum():
            continue
        centres.append(centre)
        outlines.append(candidate)
        deeper = candidate_rim < rim[window]
        labels[window][deeper] = len(centres)
        rim[window][deeper] = candidate_rim[deeper]
    return _Cells(*_without_slivers(labels, rim), centres)


def _beside(
    rng: np.random.Generator, centre: FloatMap, outline: FloatMap, candidate: FloatMap
) -> FloatMap:
    """Return the centre from which the candidate just reaches into its neighbour."""
    angle = rng.integers(N_ANGLES)
    reach = float(outline[angle] + candidate[(angle + N_ANGLES // 2) % N_ANGLES])
    direction = 2 * np.pi * angle / N_ANGLES
    distance = rng.uniform(0.88, 1.0) * reach
    return centre + distance * np.array([np.sin(direction), np.cos(direction)])


def _stamp(
    outline: FloatMap, centre: FloatMap, shape: tuple[int, ...]
) -> tuple[tuple[slice, slice], FloatMap]:
    """Return the window around an outline and how far out its pixels lie: 1 on the outline."""
    reach = np.ceil(outline.max())
    top, left = np.clip(centre - reach, 0, shape).astype(int)
    bottom, right = np.clip(centre + reach + 1, 0, shape).astype(int)
    rows = np.arange(top, bottom)[:, np.newaxis] - centre[0]
    columns = np.arange(left, right)[np.newaxis, :] - centre[1]
    turn = np.arctan2(rows, columns) / (2 * np.pi)
    radius = outline[np.floor(turn * N_ANGLES).astype(int) % N_ANGLES]
    return (slice(top, bottom), slice(left, right)), np.hypot(rows, columns) / radius


def _blob(
    rng: np.random.Generator,
    area_px: float,
    *,
    elongation: float,
    roughness: float,
    angle_rad: float | None = None,
) -> FloatMap:
    """Return the radius of a bumpy ellipse at each angle; its own angle is random if not given."""
    angle = ANGLES - (rng.uniform(0, np.pi) if angle_rad is None else angle_rad)
    radius = 1 / np.sqrt(np.cos(angle) ** 2 / elongation + np.sin(angle) ** 2 * elongation)
    for waves in (2, 3, 4, 5):
        bump = rng.normal(0, 3.4 * roughness / waves**1.5)
        radius *= 1 + bump * np.cos(waves * ANGLES + rng.uniform(0, 2 * np.pi))
    return _with_area(radius, area_px)


def _spread_cell(rng: np.random.Generator, area_px: float) -> FloatMap:
    """Return the radius of a crawling cell at each angle: a body drawn out into tips."""
    n_tips = rng.choice([2, 3, 4], p=[0.5, 0.35, 0.15])
    first = rng.uniform(0, 2 * np.pi)
    radius = np.ones(N_ANGLES)
    for tip in range(n_tips):
        direction = first + 2 * np.pi * (tip + rng.uniform(-0.2, 0.2)) / n_tips
        # Exponential in the angle, since then a tip tapers instead of swelling.
        away = np.abs(np.sin((ANGLES - direction) / 2))
        radius += rng.uniform(1, 4) * np.exp(-away / rng.uniform(0.12, 0.25))
    for waves in (5, 8, 11):
        ruffle = rng.normal(0, 0.035)
        radius *= 1 + ruffle * np.cos(waves * ANGLES + rng.uniform(0, 2 * np.pi))
    return _with_area(radius, area_px)


ANGLES: Final = np.arange(N_ANGLES) * 2 * np.pi / N_ANGLES


def _with_area(radius: FloatMap, area_px: float) -> FloatMap:
    return radius * float(np.sqrt(area_px / (np.pi * np.mean(radius**2))))


def _without_slivers(labels: LabelImage, rim: FloatMap) -> tuple[LabelImage, FloatMap]:
    """Clear what of a cell is in view but not in its largest piece, or too small to be a cell."""
    visible = _field_of_view(labels)
    kept = np.zeros(visible.shape, dtype=bool)
    for number, box in enumerate(ndimage.find_objects(visible), start=1):
        if box is not None:
            pieces, _ = ndimage.label(visible[box] == number)
            areas = np.bincount(pieces.ravel())[1:]
            kept[box] |= (pieces == 1 + areas.argmax()) & (areas.max() >= MIN_AREA_PX)
    cleared = np.zeros(labels.shape, dtype=bool)
    _field_of_view(cleared)[...] = ~kept
    return np.where(cleared, 0, labels), np.where(cleared, 1, rim)


def _visible_labels(cells: _Cells) -> LabelImage:
    """Return the labels in the field of view, renumbered without gaps."""
    visible = _field_of_view(cells.labels)
    present, renumbered = np.unique(visible, return_inverse=True)
    return renumbered.reshape(visible.shape).astype(np.uint32) + np.uint32(present[0] > 0)


def _field_of_view(canvas: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return canvas[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]


def _texture(rng: np.random.Generator, canvas_px: int, scale_px: float) -> FloatMap:
    """Return smooth noise of mean 0 and standard deviation 1."""
    noise = rng.normal(size=(canvas_px, canvas_px))
    spectrum = ndimage.fourier_gaussian(np.fft.rfft2(noise), scale_px, n=canvas_px)
    smooth: FloatMap = np.fft.irfft2(spectrum, s=noise.shape)
    return (smooth - float(smooth.mean())) / float(smooth.std())


def _vignette(rng: np.random.Generator, canvas_px: int, *, strength: float) -> FloatMap:
    """Return the illumination: 1 near the middle, dimmer towards the corners."""
    row, column = canvas_px * rng.uniform(0.35, 0.65, 2)
    grid = np.indices((canvas_px, canvas_px))
    off_centre: FloatMap = ((grid[0] - row) ** 2 + (grid[1] - column) ** 2) / (canvas_px**2 / 2)
    return 1 - strength * off_centre


def _quantised(values: FloatMap, full_scale: int) -> FloatMap:
    return np.clip(np.rint(values), 0, full_scale)
