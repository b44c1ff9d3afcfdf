"""Values to napari layers: descriptions of layers, and a viewer brought to show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.schema import ERROR_TYPES, OUTCOME_COLOURS, OUTCOMES, LabelImage, Outcome

OWN: Final = "workbench"
"""Key in the metadata of layers that are ours; others are never touched."""
REFERENCE: Final = "reference"
OUTCOME_LAYER: Final = "outcomes"
EVENT_LAYER: Final = "failures"
FOCUS_LAYER: Final = "this failure"
MAP_PREFIX: Final = "map: "

CODES: Final[Mapping[Outcome, int]] = {name: code for code, name in enumerate(OUTCOMES, start=1)}
REFERENCE_COLOUR: Final = "#00A676"
PREDICTED_COLOUR: Final = "#FFFFFF"
OTHER_COLOUR: Final = "#FFD9A0"
"""Of models that are not the one whose failures are listed."""
FOCUS_COLOUR: Final = "#FFE800"
CHANNEL_COLOURS: Final = ("cyan", "magenta", "yellow", "green", "red", "blue", "gray")
COARSE_PX: Final = 1024
LIMIT_PERCENTILES: Final = (0.1, 99.9)

Kind = Literal["image", "labels", "points", "shapes"]


@dataclass(frozen=True, eq=False)
class LayerSpec:
    """One layer, before there is a viewer.

    Attributes
    ----------
    name, kind, data
        As napari has them.
    first
        Settings that a new layer starts with; what people change afterwards stays.
    always
        Settings that belong to the data and change with them.
    """

    name: str
    kind: Kind
    data: Any
    first: Mapping[str, Any] = field(default_factory=dict)
    always: Mapping[str, Any] = field(default_factory=dict)

    @property
    def as_tuple(self) -> tuple[Any, dict[str, Any], str]:
        """As readers of napari plugins hand over layers."""
        return self.data, {"name": self.name, **self.first, **self.always}, self.kind


def picture_layers(
    image: Any, channel_names: Sequence[str] = (), *, levels: Sequence[Any] = ()
) -> list[LayerSpec]:
    """Describe the layers of an image: one in colours, or one for each channel.

    Parameters
    ----------
    image
        Shape (height, width, channels). Three channels of uint8 without names are colours.
    channel_names
        One for each channel, or empty.
    levels
        The same image at falling resolutions, read when it is looked at, the full one first;
        ``image`` is then not needed.
    """
    stack = _down_to_coarse(levels) if levels else [image]
    n_channels, dtype = stack[0].shape[2], np.dtype(stack[0].dtype)
    if n_channels == 3 and dtype == np.uint8 and not channel_names:
        return [LayerSpec("image", "image", _one_or_all(stack), {"rgb": True})]
    coarse = np.asarray(stack[-1])
    specs = []
    for place in range(n_channels):
        name = channel_names[place] if channel_names else f"channel {place + 1}"
        colour = "gray" if n_channels == 1 else CHANNEL_COLOURS[place % len(CHANNEL_COLOURS)]
        specs.append(
            LayerSpec(
                "image" if n_channels == 1 else name,
                "image",
                _one_or_all([level[..., place] for level in stack]),
                {"colormap": colour, "blending": "additive" if place else "translucent"},
                {"contrast_limits": _limits(coarse[..., place])},
            )
        )
    return specs


def map_layers(maps: npt.NDArray[Any], names: Sequence[str]) -> list[LayerSpec]:
    """Describe hidden layers of what a network painted.

    Parameters
    ----------
    maps
        Shape (maps, height, width).
    names
        One for each.
    """
    return [
        LayerSpec(
            MAP_PREFIX + name,
            "image",
            values.astype(np.float32),
            {"colormap": "magma", "visible": False, "opacity": 0.7},
            {"contrast_limits": _limits(values)},
        )
        for name, values in zip(names, maps, strict=True)
    ]


def outcome_layer(codes: npt.NDArray[np.uint8]) -> LayerSpec:
    """Describe the layer in which every cell is filled by what became of it.

    Parameters
    ----------
    codes
        From :func:`outcome_codes`.
    """
    return LayerSpec(
        OUTCOME_LAYER,
        "labels",
        codes,
        {"opacity": 0.35, "colormap": cycle(*(OUTCOME_COLOURS[name] for name in OUTCOMES))},
    )


def outcome_codes(
    reference: LabelImage,
    predicted: LabelImage,
    reference_outcomes: Mapping[int, Outcome],
    predicted_outcomes: Mapping[int, Outcome],
) -> npt.NDArray[np.uint8]:
    """Return the outcome of each pixel's cell: its place in ``OUTCOMES`` from 1, 0 for no cell.

    Lost reference cells lie over matched cells, and predicted cells that are wrong over both: so
    every error shows, a cell swallowed by a matched one too. Outlines of all cells are drawn.

    Parameters
    ----------
    reference, predicted
        Label images of one shape.
    reference_outcomes, predicted_outcomes
        Outcome of each cell id.
    """
    codes = _painted(predicted, predicted_outcomes, ("matched", "ignored"))
    for labels, outcomes in ((reference, reference_outcomes), (predicted, predicted_outcomes)):
        errors = _painted(labels, outcomes, ERROR_TYPES)
        np.copyto(codes, errors, where=errors > 0)
    return codes


def outline_layer(name: str, labels: LabelImage, colour: str, **first: Any) -> LayerSpec:
    """Describe a layer of cells in one colour; :func:`draw_cells` makes outlines of them."""
    return LayerSpec(
        name,
        "labels",
        labels.astype(np.int32),
        {"opacity": 0.9, **first},
        {"colormap": cycle(colour)},
    )


def event_layer(rows: pd.DataFrame) -> LayerSpec:
    """Describe a ring in the colour of its type at the middle of each failure.

    Parameters
    ----------
    rows
        ``error`` and the box of each failure of one image.
    """
    places = np.column_stack(
        [(rows["top_px"] + rows["bottom_px"] - 1) / 2, (rows["left_px"] + rows["right_px"] - 1) / 2]
    ).reshape(-1, 2)
    sides = np.maximum(rows["bottom_px"] - rows["top_px"], rows["right_px"] - rows["left_px"])
    colours = [OUTCOME_COLOURS[error] for error in rows["error"]]
    return LayerSpec(
        EVENT_LAYER,
        "points",
        places.astype(float),
        {"symbol": "ring", "opacity": 0.9},
        {
            "features": rows[["error", "event"]].reset_index(drop=True),
            "size": float(np.median(sides)) / 4 + 2 if len(rows) else 10,
            "face_color": colours or "white",
            "border_color": colours or "white",
        },
    )


def focus_layer(box: tuple[float, float, float, float] | None) -> LayerSpec:
    """Describe the frame around one failure.

    Parameters
    ----------
    box
        Top, left, bottom, right, half-open; None for no frame.
    """
    corners, width = [], 1.0
    if box is not None:
        top, left, bottom, right = box
        # Seen whole, a large failure is shown at less than its size: its frame must not vanish.
        width = max(0.8, max(bottom - top, right - left) / 70)
        # Pixels reach half a pixel to either side of their centre; two more keep the cell free.
        rows, columns = (top - 2.5, bottom + 1.5), (left - 2.5, right + 1.5)
        around = [(rows[0], 0), (rows[0], 1), (rows[1], 1), (rows[1], 0)]
        corners = [np.array([(row, columns[side]) for row, side in around], float)]
    return LayerSpec(
        FOCUS_LAYER,
        "shapes",
        corners,
        {"edge_color": FOCUS_COLOUR, "face_color": "transparent", "opacity": 1},
        {"edge_width": width},
    )


def show_layers(viewer: Any, specs: Sequence[LayerSpec]) -> None:
    """Bring a viewer to show layers: data of those that fit are swapped, the others made anew.

    A layer that shows a description already is left as it is; a hidden one gets its data when
    somebody looks at it. Layers that people added themselves stay.

    Parameters
    ----------
    viewer
        A napari viewer or viewer model.
    specs
        From the lowest layer to the highest.
    """
    wanted = {spec.name: spec for spec in specs}
    for layer in [layer for layer in viewer.layers if OWN in layer.metadata]:
        if layer.name not in wanted or not _fits(layer, wanted[layer.name]):
            viewer.layers.remove(layer)
    for place, spec in enumerate(specs):
        if spec.name not in viewer.layers:
            _insert(viewer, spec, place)
            continue
        layer = viewer.layers[spec.name]
        layer.metadata[OWN]["wanted"] = spec
        if layer.visible:
            _catch_up(layer)


def stale(layer: Any) -> None:
    """Let the next call of :func:`show_layers` give a layer its data again."""
    layer.metadata[OWN]["shown"] = None


def draw_cells(layer: Any, *, filled: bool) -> None:
    """Draw the cells of a layer as outlines, or filled."""
    contour = 0 if filled else 1
    if layer.contour != contour:
        layer.contour = contour
        layer.opacity = 0.4 if filled else 0.9


@lru_cache
def cycle(*colours: str) -> Any:
    """Return the colours of labels 1, 2, ..., in turn; one colour is that of all.

    napari needs seconds to prepare a table of colours by label, for this it needs none.
    """
    from napari.utils.colormaps import CyclicLabelColormap

    return CyclicLabelColormap(colors=["transparent", *colours])


def _insert(viewer: Any, spec: LayerSpec, place: int) -> None:
    from napari.layers import Layer

    _, options, kind = spec.as_tuple
    state = {"shown": spec, "wanted": spec}
    if kind == "shapes":
        options["shape_type"] = "polygon"
    data = None if kind == "shapes" and not spec.data else _own_data(spec)
    layer = Layer.create(data, {**options, "metadata": {OWN: state}}, kind)
    layer.events.visible.connect(lambda: _catch_up(layer) if layer.visible else None)
    active = viewer.layers.selection.active
    viewer.layers.insert(place, layer)
    # A new layer becomes the active one, whose keys would come before ours.
    viewer.layers.selection.active = active or layer


def _catch_up(layer: Any) -> None:
    state = layer.metadata[OWN]
    if state["shown"] is not state["wanted"]:
        _swap(layer, state["wanted"])
        state["shown"] = state["wanted"]


def _own_data(spec: LayerSpec) -> Any:
    # People paint in labels; what is described must stay as it is.
    is_array = isinstance(spec.data, np.ndarray)
    return spec.data.copy() if spec.kind == "labels" and is_array else spec.data


def _fits(layer: Any, spec: LayerSpec) -> bool:
    if layer._type_string != spec.kind:
        return False
    if spec.kind != "image":
        return True
    return bool(
        layer.rgb == spec.first.get("rgb", False)
        and layer.multiscale == isinstance(spec.data, list)
    )


def _swap(layer: Any, spec: LayerSpec) -> None:
    if spec.kind == "shapes" and len(layer.data) != len(spec.data):
        layer.data = []
        drawn = {**spec.first, **spec.always}
        del drawn["opacity"]
        if spec.data:
            layer.add(spec.data, shape_type="polygon", **drawn)
        return
    layer.data = _own_data(spec)
    for name, value in spec.always.items():
        if name != "colormap" or layer.colormap is not value:
            setattr(layer, name, value)


def _painted(
    labels: LabelImage, outcomes: Mapping[int, Outcome], chosen: Sequence[Outcome]
) -> npt.NDArray[np.uint8]:
    ids = np.array([cell for cell, what in outcomes.items() if what in chosen], np.int64)
    codes = np.array([CODES[outcomes[int(cell)]] for cell in ids], np.uint8)
    largest = int(labels.max(initial=0))
    if largest > labels.size + 2**20:  # ids far above the number of cells: a table of them is long
        order = np.argsort(ids)
        at = np.searchsorted(ids[order], labels).clip(max=max(len(ids) - 1, 0))
        found = len(ids) > 0 and ids[order][at] == labels
        return np.where(found, codes[order][at] if len(ids) else 0, 0).astype(np.uint8)
    table = np.zeros(largest + 1, np.uint8)
    is_there = ids <= largest
    table[ids[is_there]] = codes[is_there]
    return table[labels]


def _one_or_all(stack: list[Any]) -> Any:
    return stack if len(stack) > 1 else stack[0]


def _down_to_coarse(levels: Sequence[Any]) -> list[Any]:
    """Return levels down to one of which a whole is soon read; every second pixel where none is."""
    stack = list(levels)
    while max(stack[-1].shape[:2]) > COARSE_PX:
        stack.append(stack[-1][::2, ::2])
    return stack


def _limits(values: npt.NDArray[Any]) -> tuple[float, float]:
    low, high = np.percentile(np.asarray(values, np.float32), LIMIT_PERCENTILES).tolist()
    return (low, high) if high > low else (low, low + 1)
