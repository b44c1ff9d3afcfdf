"""Images to cells, through networks or a method without training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from workbench.inference._config import PredictionConfig
from workbench.inference._encodings import find_encoding, fitting_decoder
from workbench.inference._maps import predict_maps
from workbench.inference._model_files import ModelDescription, TrainedNetwork
from workbench.inference._tiles import Place, decode_in_tiles
from workbench.models import find_architecture, read_settings
from workbench.schema import FloatImage, ImageArray, InputError, LabelImage
from workbench.transforms import prepare_image, restore_labels, to_three_channels


@dataclass(frozen=True, eq=False)
class Prediction:
    """The cells of an image, and how sure the model is of each.

    Attributes
    ----------
    labels
        int32, shape (height, width), cells numbered from 1 without gaps.
    confidences
        One value a cell, in the order of ids, by definition of confidence; none for methods that
        have no probabilities.
    maps
        What the networks painted, averaged, shape (height, width, channels) of the image as it
        was prepared; None unless asked for.
    """

    labels: LabelImage
    confidences: Mapping[str, npt.NDArray[np.float32]] = field(default_factory=dict)
    maps: FloatImage | None = None


def segment_image(
    image: ImageArray,
    *,
    networks: Sequence[TrainedNetwork],
    description: ModelDescription,
    config: PredictionConfig,
    pixel_size_um: float | None = None,
    keep_maps: bool = False,
) -> Prediction:
    """Find the cells of an image.

    Several networks are an ensemble: each prepares the image in its own way, their maps are
    averaged, and the average is decoded once.

    Parameters
    ----------
    image
        Shape (height, width, channels), any numeric type; may be a memory-mapped file.
    networks
        Trained networks; none where the description names a method without training.
    description
        What the model is; that of one of the networks for an ensemble. Its decoder holds where
        ``config`` has none.
    config
        Windows, tiles and decoder; a method without training uses none of them.
    pixel_size_um
        Side of the image's pixels; needed where the description's preparation resamples. Cells
        are then found at that pixel size and brought back to the image's own.
    keep_maps
        Return the maps too, which takes the memory that tiles save.

    Returns
    -------
    Prediction
        Labels of the image's size and the confidences of their cells.

    Raises
    ------
    InputError
        If a network is needed and none is given, networks differ in encoding or pixel size, or
        the preparation resamples and the pixel size is unknown.

    Examples
    --------
    >>> image = np.zeros((20, 20, 1), np.uint8)
    >>> image[5:12, 5:12] = 200
    >>> from workbench.inference import ModelDescription, PredictionConfig
    >>> otsu = ModelDescription(architecture="otsu_watershed", settings={})
    >>> found = segment_image(image, networks=(), description=otsu, config=PredictionConfig())
    >>> int(found.labels.max()), found.confidences
    (1, {})
    """
    found = (
        _by_networks(image, networks, description, config, pixel_size_um, keep_maps=keep_maps)
        if networks
        else _by_method(image, description, pixel_size_um)
    )
    restored = restore_labels(
        found.labels,
        description.preparation,
        size_px=image.shape[:2],
        pixel_size_um=pixel_size_um,
    )
    if not restored.vanished:
        return Prediction(restored.labels, found.confidences, found.maps)
    kept = np.setdiff1d(restored.labels, [0])
    return Prediction(
        np.searchsorted(np.append(0, kept), restored.labels).astype(np.int32),
        {name: values[kept - 1] for name, values in found.confidences.items()},
        found.maps,
    )


def _by_method(
    image: ImageArray, description: ModelDescription, pixel_size_um: float | None
) -> Prediction:
    method = find_architecture(description.architecture).segment
    if method is None:
        msg = f"{description.architecture} is a network and needs its trained weights."
        raise InputError(msg)
    prepared = prepare_image(image, description.preparation, pixel_size_um=pixel_size_um)
    settings = read_settings(description.architecture, description.settings)
    return Prediction(method(prepared, settings))


def _by_networks(
    image: ImageArray,
    networks: Sequence[TrainedNetwork],
    description: ModelDescription,
    config: PredictionConfig,
    pixel_size_um: float | None,
    *,
    keep_maps: bool,
) -> Prediction:
    for _, member in networks:
        _refuse_another_kind(member, description)
    decoder = fitting_decoder(description.encoding, config.decoder or description.decoder)
    encoding = find_encoding(description.encoding)
    prepared = {
        preparation: to_three_channels(
            prepare_image(image, preparation, pixel_size_um=pixel_size_um)
        )
        for preparation in {member.preparation for _, member in networks}
    }
    height, width = next(iter(prepared.values())).shape[:2]
    kept = np.empty((height, width, encoding.channels), np.float32) if keep_maps else None

    def maps_of(member: TrainedNetwork, place: Place) -> FloatImage:
        seen = prepared[member.description.preparation]
        return predict_maps(member.network, seen, encoding, config, place=place)

    def paint(place: Place) -> FloatImage:
        first, *others = networks
        maps = maps_of(first, place)
        for other in others:
            maps += maps_of(other, place)
        maps /= len(networks)
        if kept is not None:
            kept[place] = maps
        return maps

    found = decode_in_tiles(
        paint,
        (height, width),
        encoding=encoding,
        decoder=decoder,
        tile_px=config.tile_px,
        overlap_px=config.tile_overlap_px,
        stability=config.stability,
    )
    return Prediction(found.labels, found.confidences, kept)


def _refuse_another_kind(member: ModelDescription, description: ModelDescription) -> None:
    if member.encoding != description.encoding:
        msg = (
            "the maps of an ensemble are averaged, so its networks must paint the same, got "
            f"{description.encoding} and {member.encoding}; fuse their labels (fuse_labels)."
        )
        raise InputError(msg)
    sizes_um = [one.preparation.pixel_size_um for one in (description, member)]
    if sizes_um[0] != sizes_um[1]:
        msg = (
            "the maps of an ensemble are averaged, so its networks must see pixels of one size, "
            f"got pixel_size_um {sizes_um[0]} and {sizes_um[1]}; fuse their labels (fuse_labels)."
        )
        raise InputError(msg)
