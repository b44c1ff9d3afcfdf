"""GeoJSON, as QuPath reads and writes it: one file an image, one feature a cell."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy import ndimage

from workbench.datasets._files import describe_image
from workbench.datasets._image_values import WHOLE_FILE, ImageChoice
from workbench.datasets._label_cells import paint_cells, piece_notes
from workbench.datasets._label_runs import refuse_covering, ring_runs, run_pixels
from workbench.datasets._label_values import IntArray, LabelRead, Shape
from workbench.datasets._polygons import mask_polygons
from workbench.schema import InputError, LabelImage

GEOJSON: Final = ".geojson"
CELL_ID: Final = "cell_id"
MAX_COORDINATE: Final = 1e9
"""No slide is so wide."""


def labels_geojson(labels: LabelImage) -> str:
    """Return a label image as GeoJSON that QuPath opens.

    Parameters
    ----------
    labels
        Shape (height, width).

    Returns
    -------
    str
        A FeatureCollection with one detection per cell: its outline along pixel edges in pixels,
        (0, 0) being the image's outer corner; a MultiPolygon where it lies in several pieces. The
        cell's number is its measurement ``cell_id``.

    References
    ----------
    .. [1] RFC 7946; QuPath documentation, "Exporting annotations", objects as GeoJSON.

    Examples
    --------
    >>> json.loads(labels_geojson(np.array([[0, 7]])))["features"][0]["geometry"]["coordinates"]
    [[[1, 0], [2, 0], [2, 1], [1, 1], [1, 0]]]
    """
    features = [_feature(cell_id, mask, box) for cell_id, mask, box in _masks(labels)]
    return json.dumps({"type": "FeatureCollection", "features": features}, separators=(",", ":"))


@dataclass(frozen=True)
class GeojsonLabels:
    """Reads GeoJSON files by image id; they don't say how large their images are."""

    paths: Mapping[str, Path]

    def __call__(self, image_id: str, shape: Shape | None, check_pieces: bool) -> LabelRead:
        """Read the labels of one image."""
        path = self.paths[image_id]
        if shape is None:
            msg = (
                f"{path}: GeoJSON doesn't say how large its image is; score it against references "
                "that are images."
            )
            raise InputError(msg)
        features = list(_features(path))
        given = [_cell_id(feature) for feature in features]
        numbers = [cell_id for cell_id in given if cell_id is not None]
        # Numbers from elsewhere are taken over only where each cell has one of its own.
        own = len(numbers) == len(features) == len(set(numbers))
        runs = [_runs(path, place, feature, shape) for place, feature in enumerate(features)]
        refuse_covering(runs, shape, name=str(path))
        chosen = numbers if own else range(1, len(runs) + 1)
        labels, notes = paint_cells(zip(chosen, map(run_pixels, runs), strict=True), shape)
        return LabelRead(labels, notes + (piece_notes(labels) if check_pieces else ()))


@dataclass(frozen=True)
class GeojsonFile:
    """Reads the GeoJSON of one image, whose size its image tells."""

    path: Path
    image: Path
    choice: ImageChoice = WHOLE_FILE

    def __call__(self) -> LabelImage:
        """Read it."""
        info = describe_image(self.image, self.choice)
        shape = (info.shape[info.axes.index("Y")], info.shape[info.axes.index("X")])
        return GeojsonLabels({"": self.path})("", shape, check_pieces=False).labels


def _masks(labels: LabelImage) -> Iterator[tuple[int, Any, tuple[slice, slice]]]:
    ids, ranks = np.unique(labels, return_inverse=True)
    ranks = ranks.reshape(labels.shape) + (0 if 0 in ids else 1)
    cells = ids[ids > 0]
    for place, box in enumerate(ndimage.find_objects(ranks, max_label=cells.size), start=1):
        yield int(cells[place - 1]), ranks[box] == place, box


def _feature(cell_id: int, mask: Any, box: tuple[slice, slice]) -> dict[str, Any]:
    top, left = box[0].start, box[1].start
    polygons = [
        [[(x + left, y + top) for x, y in ring] for ring in polygon]
        for polygon in mask_polygons(mask)
    ]
    single = len(polygons) == 1
    return {
        "type": "Feature",
        "geometry": {
            "type": "Polygon" if single else "MultiPolygon",
            "coordinates": polygons[0] if single else polygons,
        },
        "properties": {"objectType": "detection", "measurements": {CELL_ID: cell_id}},
    }


def _features(path: Path) -> Iterator[dict[str, Any]]:
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        msg = f"{path}: can't be read ({error.strerror}); restore the file."
        raise InputError(msg) from error
    except (ValueError, RecursionError) as error:
        msg = f"{path}: not a JSON file ({error}); export it again."
        raise InputError(msg) from error
    features = content.get("features", [content]) if isinstance(content, dict) else content
    if not isinstance(features, list) or not all(isinstance(item, dict) for item in features):
        msg = f"{path}: expected GeoJSON, a collection of features; export it again."
        raise InputError(msg)
    yield from features


def _cell_id(feature: Mapping[str, Any]) -> int | None:
    properties = feature.get("properties")
    measurements = properties.get("measurements") if isinstance(properties, dict) else None
    value = measurements.get(CELL_ID) if isinstance(measurements, dict) else None
    return int(value) if isinstance(value, int | float) and 0 < value < 2**32 else None


def _runs(path: Path, place: int, feature: Mapping[str, Any], shape: Shape) -> IntArray:
    name = f"{path}, feature {place + 1}"
    geometry = feature.get("geometry")
    if not isinstance(geometry, dict):
        geometry = {}
    kind, coordinates = str(geometry.get("type")), geometry.get("coordinates")
    polygons = {"Polygon": [coordinates], "MultiPolygon": coordinates}.get(kind)
    if polygons is None:
        msg = f"{name}: a geometry of type {kind} has no area; delete it."
        raise InputError(msg)
    try:
        checked = [_checked(rings) for rings in polygons]
    except (TypeError, ValueError) as error:
        msg = (
            f"{name}: is no polygon of x and y of at least three corners ({error}); correct or "
            "delete it."
        )
        raise InputError(msg) from error
    found = [ring_runs(rings, shape, name=name) for rings in checked]
    return np.concatenate(found) if found else np.zeros((0, 2), np.int64)


def _checked(rings: Any) -> Sequence[Any]:
    checked = [np.asarray(ring, np.float64) for ring in rings]
    for ring in checked:
        if ring.ndim != 2 or ring.shape[1] < 2 or len(ring) < 3 or not np.isfinite(ring).all():
            msg = f"got {ring.size} values"
            raise ValueError(msg)
        if np.abs(ring).max() > MAX_COORDINATE:
            msg = f"a corner at {np.abs(ring).max():g}"
            raise ValueError(msg)
    return [ring[:, :2] for ring in checked]
