"""Images that stand more than once in a data set, under other names or in another guise."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import fft

from workbench.schema import ImageArray

DUPLICATE_COLUMNS: Final = ("image_id_a", "image_id_b", "kind", "similarity", "orientation")
SIDE_PX: Final = 32
HASH_SIDE: Final = 16
# Uneven light, vignetting and the mean are what images of one microscope share.
LOWEST_FREQUENCY: Final = 4
# Of 246 bits. On the 412 images of the Data Science Bowl, copies differ in at most 52 bits (gamma
# 2, light cut off, JPEG of quality 20), other images in at least 71.
MAX_DIFFERENT_BITS: Final = 66
MAX_ASPECT_RATIO: Final = 1.05
BLOCK: Final = 256

# (transposed, rows reversed, columns reversed), in this order, and what that is in words.
ORIENTATIONS: Final[Mapping[tuple[bool, bool, bool], str]] = {
    (False, False, False): "same",
    (False, False, True): "mirrored left to right",
    (False, True, False): "mirrored top to bottom",
    (False, True, True): "turned by 180°",
    (True, False, False): "mirrored at the diagonal",
    (True, False, True): "turned by 90° clockwise",
    (True, True, False): "turned by 90° anticlockwise",
    (True, True, True): "mirrored at the other diagonal",
}


@dataclass(frozen=True, eq=False)
class ImageSignature:
    """What an image is recognised by.

    Attributes
    ----------
    pixels_sha256
        Of the decoded pixels, see :func:`pixels_sha256`.
    height_px, width_px
        Size of the image.
    perceptual_hash
        256 bits as 64 hexadecimal digits: signs of the 16 x 16 lowest frequencies of the
        thumbnail, those below :data:`LOWEST_FREQUENCY` left at 0.
    thumbnail
        Shape (32, 32), float32: the grey image made small, its lowest frequencies taken away,
        divided by its norm, so that the sum of products of two is their correlation. All 0 for an
        image without detail.
    """

    pixels_sha256: str
    height_px: int
    width_px: int
    perceptual_hash: str
    thumbnail: npt.NDArray[np.float32]


def pixels_sha256(pixels: npt.NDArray[Any]) -> str:
    """Return the SHA-256 of an array: its type, its shape and its values.

    Two files that decode to the same array have the same hash, whatever their format.

    Examples
    --------
    >>> pixels_sha256(np.zeros((2, 3), np.uint8))[:8]
    '43d95ab7'
    """
    little_endian = np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder("<"), copy=False))
    head = f"{pixels.dtype.name} {'x'.join(map(str, pixels.shape))}\n"
    digest = hashlib.sha256(head.encode())
    digest.update(little_endian.data)
    return digest.hexdigest()


def image_signature(image: ImageArray) -> ImageSignature:
    """Return what an image is recognised by.

    The perceptual hash is of the kind called DCT hash [1]_: it keeps only whether a frequency is
    positive, so that brightness and contrast change nothing and gamma, compression and size little.

    Parameters
    ----------
    image
        Shape (height, width, channels), any numeric type.

    Returns
    -------
    ImageSignature

    References
    ----------
    .. [1] C. Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions,
       diploma thesis, Hagenberg 2010.

    Examples
    --------
    >>> image = np.random.default_rng(0).integers(0, 255, (64, 64, 1), np.uint8)
    >>> in_16_bit = image.astype(np.uint16) * 257
    >>> image_signature(image).perceptual_hash == image_signature(in_16_bit).perceptual_hash
    True
    """
    height, width, _ = image.shape
    grey = image.mean(axis=2, dtype=np.float32)
    small = _mean_weights(height) @ grey @ _mean_weights(width).T
    spectrum = fft.dctn(small.astype(np.float64), norm="ortho")
    frequency = np.add.outer(np.arange(SIDE_PX), np.arange(SIDE_PX))
    spectrum[frequency < LOWEST_FREQUENCY] = 0
    strength = float(np.linalg.norm(spectrum))
    # What rounding leaves of a constant image is no detail.
    if strength < 1e-5 * max(float(np.abs(small).max()), 1e-30):
        spectrum, strength = np.zeros_like(spectrum), 1.0
    bits = spectrum[:HASH_SIDE, :HASH_SIDE] > 0
    return ImageSignature(
        pixels_sha256=pixels_sha256(image),
        height_px=height,
        width_px=width,
        perceptual_hash=np.packbits(bits).tobytes().hex(),
        thumbnail=(fft.idctn(spectrum, norm="ortho") / strength).astype(np.float32),
    )


def find_duplicates(
    signatures: Mapping[str, ImageSignature], *, min_similarity: float = 0.8
) -> pd.DataFrame:
    """Find images that are the same, or the same but for their processing.

    Pairs whose hashes differ in few bits are candidates; they are duplicates if their thumbnails
    correlate, in one of the eight orientations of a square.

    Found are copies in another bit depth or file format, with other brightness, contrast or gamma
    (1/2 to 2), a little saturation, JPEG compression, noise, another size (the aspect ratio kept
    within 5 %), mirrored or turned by right angles, and frames of a film in which little moves.
    Not found are crops, overlapping or adjoining tiles of one field, shifts by more than about a
    hundredth of the image's width, other angles, another focus or channel, and inverted images:
    what comes from one field needs a column that says so, for :class:`SplitConfig`. Two images
    that hold nothing but one cell each, in the same place, are taken for duplicates.

    Parameters
    ----------
    signatures
        By image id.
    min_similarity
        Smallest correlation of thumbnails. On the images of the Data Science Bowl, different ones
        reach 0.46; copies stay above 0.87, at JPEG quality 20 above 0.97, and fall to 0.77 where
        a third of the range is cut off.

    Returns
    -------
    DataFrame
        One row per pair: ``image_id_a`` < ``image_id_b``; ``kind``, "identical" if the decoded
        pixels are equal, else "near"; ``similarity``, the correlation, 1 for identical;
        ``orientation``, how b is placed with regard to a (a value of :data:`ORIENTATIONS`).
        Identical pairs first, then by similarity. Images without any detail (one grey value
        throughout) can only be identical.

    Examples
    --------
    >>> image = np.random.default_rng(0).integers(0, 255, (64, 80, 1), np.uint8)
    >>> images = {"a": image, "b": image.copy(), "c": image[:, ::-1]}
    >>> find_duplicates({name: image_signature(image) for name, image in images.items()})[
    ...     ["image_id_a", "image_id_b", "kind", "orientation"]]
      image_id_a image_id_b       kind             orientation
    0          a          b  identical                    same
    1          a          c       near  mirrored left to right
    2          b          c       near  mirrored left to right
    """
    ids = sorted(signatures)
    ordered = [signatures[image_id] for image_id in ids]
    found = [pair for block in _similar_pairs(ordered, min_similarity) for pair in block]
    best = {(a, b): (similarity, turn) for similarity, turn, a, b in sorted(found)}
    same = _identical_pairs(ordered)
    rows = [(ids[a], ids[b], "identical", 1.0, "same") for a, b in sorted(same)]
    near = [(value, pair) for pair, value in best.items() if pair not in same]
    near.sort(key=lambda item: (-item[0][0], item[1]))
    words = list(ORIENTATIONS.values())
    rows += [(ids[a], ids[b], "near", score, words[turn]) for (score, turn), (a, b) in near]
    return pd.DataFrame(rows, columns=list(DUPLICATE_COLUMNS))


def _mean_weights(length: int) -> npt.NDArray[np.float32]:
    """Return the matrix, shape (SIDE_PX, length), that averages pixels into equal intervals."""
    edges = np.linspace(0, length, SIDE_PX + 1)[:, np.newaxis]
    reached = np.clip(edges - np.arange(length), 0, 1)
    weights: npt.NDArray[np.float32] = (np.diff(reached, axis=0) * SIDE_PX / length).astype(
        np.float32
    )
    return weights


def _identical_pairs(signatures: list[ImageSignature]) -> set[tuple[int, int]]:
    places: dict[str, list[int]] = {}
    for place, signature in enumerate(signatures):
        places.setdefault(signature.pixels_sha256, []).append(place)
    return {(a, b) for group in places.values() for a in group for b in group if a < b}


def _similar_pairs(
    signatures: list[ImageSignature], min_similarity: float
) -> Iterator[list[tuple[float, int, int, int]]]:
    """Yield (similarity, orientation of b, a, b) for a < b, a block of images at a time."""
    if not signatures:
        return
    hexadecimal = "".join(signature.perceptual_hash for signature in signatures)
    packed = np.frombuffer(bytes.fromhex(hexadecimal), np.uint8).reshape(len(signatures), -1)
    bits = np.unpackbits(packed, axis=1).reshape(-1, HASH_SIDE, HASH_SIDE).astype(bool)
    thumbnails = np.stack([signature.thumbnail for signature in signatures])
    aspects = np.log([s.width_px / s.height_px for s in signatures])
    words = _packed(bits)
    for turn, orientation in enumerate(product((False, True), repeat=3)):
        turned_words = _packed(_turn_bits(bits, orientation))
        turned = _turn(thumbnails, orientation)
        turned_aspects = -aspects if orientation[0] else aspects
        for start in range(0, len(signatures), BLOCK):
            block = slice(start, start + BLOCK)
            different = np.bitwise_count(words[block, np.newaxis] ^ turned_words[start:])
            first, second = np.nonzero(different.sum(axis=2, dtype=np.int16) <= MAX_DIFFERENT_BITS)
            first, second = first[second > first] + start, second[second > first] + start
            alike = np.abs(aspects[first] - turned_aspects[second]) <= np.log(MAX_ASPECT_RATIO)
            first, second = first[alike], second[alike]
            scores = np.einsum("irc,irc->i", thumbnails[first], turned[second])
            good = scores >= min_similarity
            yield [
                (min(1.0, float(score)), turn, int(a), int(b))
                for score, a, b in zip(scores[good], first[good], second[good], strict=True)
            ]


def _turn(
    thumbnails: npt.NDArray[np.float32], orientation: tuple[bool, ...]
) -> npt.NDArray[np.float32]:
    """Turn b back, so that it lies as a does if b is in this orientation."""
    transposed, rows, columns = orientation
    turned = thumbnails[:, :: -1 if rows else 1, :: -1 if columns else 1]
    return turned.transpose(0, 2, 1) if transposed else turned


def _turn_bits(bits: npt.NDArray[np.bool_], orientation: tuple[bool, ...]) -> npt.NDArray[np.bool_]:
    """Return the hashes of turned images: a reversed axis changes the sign of odd frequencies."""
    transposed, rows, columns = orientation
    odd = np.arange(HASH_SIDE) % 2 == 1
    changed = np.logical_xor.outer(odd & rows, odd & columns)
    # The lowest frequencies stay 0.
    changed &= np.add.outer(np.arange(HASH_SIDE), np.arange(HASH_SIDE)) >= LOWEST_FREQUENCY
    turned: npt.NDArray[np.bool_] = bits ^ changed
    return turned.transpose(0, 2, 1) if transposed else turned


def _packed(bits: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint64]:
    return np.packbits(bits.reshape(len(bits), -1), axis=1).view(np.uint64)
