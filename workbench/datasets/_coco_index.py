"""Where the annotations of each image stand in a COCO file, so that none is kept in memory.

Files of millions of polygons are several gigabytes as Python objects. They are read through once;
what is kept are two numbers for each annotation: its first byte and the one past its last.
"""

import json
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from mmap import ACCESS_READ, mmap
from pathlib import Path, PureWindowsPath
from re import compile as pattern
from typing import Any, Final, TypeGuard

import numpy as np

from workbench.datasets._json_parts import CLOSING, after_blanks, walk_parts
from workbench.datasets._label_files import file_stamp
from workbench.datasets._label_ids import refuse_repeated
from workbench.datasets._label_values import IntArray, Shape
from workbench.schema import InputError

# Most annotations are flat and plain: their numbers need not be decoded to know where they end.
_FLAT_OBJECT: Final = pattern(r'\{[^{}"]*(?:"[^"\\]*"[^{}"]*)*\}')
_PLAIN_ID: Final = {
    key: pattern(rf'"{key}"\s*:\s*(-?\d+|"[\x20-\x21\x23-\x5b\x5d-\x7e]*")(?=\s*[,}}])')
    for key in ("image_id", "category_id")
}


@dataclass(frozen=True, eq=False)
class CocoImage:
    """An image of a COCO file.

    Attributes
    ----------
    number
        COCO's id of the image.
    file_name
        As it stands in the file; "" in results of detectors, which name no files.
    shape
        (height, width), None where the file doesn't say it.
    spans
        Shape (n, 2): first byte and one past the last of each annotation, in file order.
    categories
        Shape (n,): the place of each annotation's category in :attr:`CocoIndex.categories`.
    facts
        The image's entry as it stands in the file.
    """

    number: str
    file_name: str
    shape: Shape | None
    spans: IntArray
    categories: IntArray
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class CocoIndex:
    """What a COCO file holds, without its annotations.

    Attributes
    ----------
    images
        By image id: the stem of the file, with its folders where stems repeat.
    is_results
        Whether the file is a bare list of annotations.
    left_out
        What belongs to no image, in sentences.
    categories
        Names of the categories that annotations have; their COCO id where they have no name.
    """

    images: Mapping[str, CocoImage]
    is_results: bool
    left_out: tuple[str, ...]
    categories: tuple[str, ...]


def coco_index(path: Path) -> CocoIndex:
    """Return what a COCO file holds; it is read through once for each of its versions.

    Raises
    ------
    InputError
        If it is no COCO file, lists no images, or an image twice.
    """
    return _index(path, file_stamp(path))


def read_annotations(path: Path, spans: IntArray) -> Iterator[dict[str, Any]]:
    """Read annotations from where they stand.

    Raises
    ------
    InputError
        If one is no JSON.
    """
    with path.open("rb") as file:
        for begin, end in spans.tolist():
            file.seek(begin)
            try:
                yield json.loads(file.read(end - begin))
            except (ValueError, RecursionError) as error:
                msg = f"{path}: the annotation at byte {begin} is no JSON ({error}); export again."
                raise InputError(msg) from error


@dataclass
class _Found:
    """What was met while reading a file through."""

    is_list: bool = False
    keys: list[str] = field(default_factory=list)
    parts: dict[str, Any] = field(default_factory=dict)
    # Codes grow with what is met: an image or category gets the next number.
    images: dict[str, int] = field(default_factory=dict)
    categories: dict[str, int] = field(default_factory=dict)
    image_codes: "array[int]" = field(default_factory=lambda: array("q"))
    category_codes: "array[int]" = field(default_factory=lambda: array("q"))
    bounds: "array[int]" = field(default_factory=lambda: array("q"))


@lru_cache(maxsize=4)
def _index(path: Path, stamp: tuple[int, int]) -> CocoIndex:
    del stamp  # It tells versions of the file apart.
    found = _Found()
    try:
        # Read as Latin-1, places in the text are places in the file.
        with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
            text = str(content, "latin-1")
        readable = _read_through(text, found)
    except OSError as error:
        msg = f"{path}: can't be read ({error.strerror}); restore the file."
        raise InputError(msg) from error
    except (ValueError, RecursionError) as error:
        msg = f"{path}: not a JSON file ({error}); export it again."
        raise InputError(msg) from error
    images = found.parts.get("images", [] if found.is_list else None)
    if not readable or not _are_records(images):
        there = ", ".join(found.keys) or type(found.parts.get("", {})).__name__
        msg = (
            f"{path}: expected COCO, that is lists 'images' and 'annotations' or one list of "
            f"annotations, got {'nothing' if there == 'dict' else there}; export the annotations "
            "as COCO."
        )
        raise InputError(msg)
    spans, categories = _by_image(found)
    if found.is_list:
        listed = {
            number: CocoImage(number, "", None, spans[code], categories[code])
            for number, code in found.images.items()
        }
    else:
        listed = _listed_images(path, images, found.images, spans, categories)
    if not listed:
        msg = f"{path}: lists no images; export the annotations again."
        raise InputError(msg)
    numbers = {image.number for image in listed.values()}
    lost = sum(len(spans[code]) for number, code in found.images.items() if number not in numbers)
    left_out = (f"{lost} annotations belong to images that are not listed",) if lost else ()
    return CocoIndex(listed, found.is_list, left_out, _category_names(found))


def _read_through(text: str, found: _Found) -> bool:
    """Walk through a file; return whether its annotations, at least, are what they should be."""
    decode = json.JSONDecoder().raw_decode
    well_formed = True

    def take_annotation(key: str, begin: int) -> int:
        nonlocal well_formed
        del key  # LIVECell's single-cell files list annotations under their ids.
        if ends := _take_plainly(text, begin, found):
            return ends
        item, end = decode(text, begin)
        if isinstance(item, dict):
            _note_annotation(item, text[begin:end], found)
            found.bounds.extend((begin, end))
        else:
            well_formed = False
        return end

    def take_part(key: str, begin: int) -> int:
        found.keys.append(key)
        if key == "annotations" and text[begin : begin + 1] in CLOSING:
            found.parts[key] = True
            return walk_parts(text, begin, take_annotation)
        _, end = decode(text, begin)
        if key in ("images", "categories"):
            found.parts[key] = _decoded(text[begin:end])
        return end

    begin = after_blanks(text, 3 if text.startswith("\xef\xbb\xbf") else 0)
    found.is_list = text[begin : begin + 1] == "["
    if found.is_list:
        end = walk_parts(text, begin, take_annotation)
    elif text[begin : begin + 1] == "{":
        end = walk_parts(text, begin, take_part)
        well_formed &= "annotations" in found.parts
    else:
        found.parts[""], end = decode(text, begin)
        well_formed = False
    if after_blanks(text, end) < len(text):
        msg = f"more follows after byte {end}"
        raise ValueError(msg)
    return well_formed


def _decoded(text: str) -> Any:
    return json.loads(text.encode("latin-1"))


def _take_plainly(text: str, begin: int, found: _Found) -> int:
    """Note an annotation by its ids alone; return where it ends, 0 if it must be decoded."""
    flat = _FLAT_OBJECT.match(text, begin)
    if not flat:
        return 0
    number, category = (ids.search(text, begin, flat.end()) for ids in _PLAIN_ID.values())
    if not number or not category:
        return 0
    _note_ids(number[1].strip('"'), category[1].strip('"'), found)
    found.bounds.extend((begin, flat.end()))
    return flat.end()


def _note_annotation(item: dict[str, Any], text: str, found: _Found) -> None:
    number, category = _number(item.get("image_id")), _number(item.get("category_id"))
    if not number.isascii() or not category.isascii():
        item = _decoded(text)
        number, category = _number(item.get("image_id")), _number(item.get("category_id"))
    _note_ids(number, category, found)


def _note_ids(number: str, category: str, found: _Found) -> None:
    found.image_codes.append(found.images.setdefault(number, len(found.images)))
    found.category_codes.append(found.categories.setdefault(category, len(found.categories)))


def _number(identifier: Any) -> str:
    """Return an id as text, the same for 7 and 7.0."""
    if isinstance(identifier, float) and identifier.is_integer():
        return str(int(identifier))
    return str(identifier)


def _are_records(items: Any) -> TypeGuard[list[dict[str, Any]]]:
    return isinstance(items, list) and all(isinstance(item, dict) for item in items)


def _by_image(found: _Found) -> tuple[list[IntArray], list[IntArray]]:
    """Return the places and categories of the annotations of each image, by its code."""
    codes = np.frombuffer(found.image_codes, np.int64)
    order = np.argsort(codes, kind="stable")
    borders = np.cumsum(np.bincount(codes, minlength=len(found.images)))[:-1]
    spans = np.frombuffer(found.bounds, np.int64).reshape(-1, 2)[order]
    categories = np.frombuffer(found.category_codes, np.int64)[order]
    return np.split(spans, borders), np.split(categories, borders)


def _listed_images(
    path: Path,
    images: Sequence[dict[str, Any]],
    codes: Mapping[str, int],
    spans: Sequence[IntArray],
    categories: Sequence[IntArray],
) -> dict[str, CocoImage]:
    numbers = [_number(image.get("id")) for image in images]
    refuse_repeated(path, numbers)
    names = [
        str(image.get("file_name") or number) for image, number in zip(images, numbers, strict=True)
    ]
    # COCO files made on Windows part folders by backslashes.
    files = [PureWindowsPath(name) for name in names]
    image_ids = [file.stem for file in files]
    if len(set(image_ids)) < len(image_ids):
        image_ids = ["__".join(file.with_suffix("").parts) for file in files]
    refuse_repeated(path, image_ids)
    none = np.zeros((0, 2), np.int64), np.zeros(0, np.int64)
    listed = {}
    for image_id, number, name, image in zip(image_ids, numbers, names, images, strict=True):
        own = (spans[codes[number]], categories[codes[number]]) if number in codes else none
        listed[image_id] = CocoImage(number, name, _shape(path, image), *own, image)
    return listed


def _shape(path: Path, image: Mapping[str, Any]) -> Shape | None:
    height, width = image.get("height"), image.get("width")
    if height is None and width is None:
        return None
    # True is an int to Python, but no size.
    if type(height) is type(width) is int and min(height, width) > 0:
        return height, width
    msg = (
        f"{path}: image {image.get('file_name', image.get('id'))} has height {height!r} and width "
        f"{width!r}; give them in pixels."
    )
    raise InputError(msg)


def _category_names(found: _Found) -> tuple[str, ...]:
    listed = found.parts.get("categories")
    named = {
        _number(item.get("id")): str(item["name"])
        for item in (listed if _are_records(listed) else [])
        if item.get("name")
    }
    return tuple(named.get(number, number) for number in found.categories)
