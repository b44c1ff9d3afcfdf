"""Every target encoding by name."""

from collections.abc import Mapping
from typing import Any, Final

from workbench.inference._encoding import Encoding
from workbench.inference._flows import FlowEncoding
from workbench.inference._star_convex import StarConvexEncoding
from workbench.inference._three_class import ThreeClassEncoding
from workbench.inference._three_class_distance import ThreeClassDistanceEncoding
from workbench.schema import InputError

ENCODINGS: Final[Mapping[str, Encoding]] = {
    "three_class": ThreeClassEncoding(),
    "three_class_distance": ThreeClassDistanceEncoding(),
    "star_convex": StarConvexEncoding(),
    "flows": FlowEncoding(),
}
"""Encodings by the name that a model's description stores."""


def find_encoding(name: str) -> Encoding:
    """Return the encoding of this name.

    Raises
    ------
    InputError
        If there is none; the message lists those there are.

    Examples
    --------
    >>> find_encoding("three_class").channels
    3
    """
    if name not in ENCODINGS:
        msg = f"no encoding is called {name!r}, only {', '.join(ENCODINGS)}."
        raise InputError(msg)
    return ENCODINGS[name]


def fitting_decoder(encoding: str, decoder: Any | None) -> Any:
    """Return a decoder for the maps of an encoding: the one given, or the default.

    Raises
    ------
    InputError
        If the decoder reads other maps.

    Examples
    --------
    >>> fitting_decoder("three_class", None).kind
    'watershed'
    """
    fitting = find_encoding(encoding).decoders
    if decoder is None:
        return fitting[0]()
    if not isinstance(decoder, fitting):
        kinds = [kind().kind for kind in fitting]  # type: ignore[attr-defined]
        msg = (
            f"decoder {decoder.kind!r} does not read {encoding} maps; choose among "
            f"{', '.join(kinds)}, e.g. decoder: {{kind: {kinds[0]}}}."
        )
        raise InputError(msg)
    return decoder
