"""The parts of a JSON text one after another, without keeping them."""

import json
from collections.abc import Callable
from re import compile as pattern
from typing import Final

CLOSING: Final = {"[": "]", "{": "}"}
"""How lists and objects begin and end."""
_BLANKS: Final = pattern(r"[ \t\n\r]*")


def walk_parts(text: str, begin: int, take: Callable[[str, int], int]) -> int:
    """Call ``take(key, begin)`` for each part of a list or object; it returns where the part ends.

    Returns
    -------
    int
        Where the list or object ends.
    """
    decode = json.JSONDecoder().raw_decode
    closing = CLOSING[text[begin]]
    at = after_blanks(text, begin + 1)
    if text[at : at + 1] == closing:
        return at + 1
    while True:
        key = ""
        if closing == "}":
            key, at = decode(text, at)
            at = _expect(text, at, ":")
        at = after_blanks(text, take(key, at))
        if text[at : at + 1] == closing:
            return at + 1
        at = _expect(text, at, ",")


def after_blanks(text: str, at: int) -> int:
    """Return where the next character stands that is no blank."""
    found = _BLANKS.match(text, at)
    return found.end() if found else at


def _expect(text: str, at: int, mark: str) -> int:
    at = after_blanks(text, at)
    if text[at : at + 1] != mark:
        msg = f"expected {mark!r} at byte {at}, got {text[at : at + 1]!r}"
        raise ValueError(msg)
    return after_blanks(text, at + 1)
