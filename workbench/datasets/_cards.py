"""The public data sets that are known by name."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

from workbench.datasets import _cards_annotated, _cards_folders
from workbench.datasets._card_values import Card
from workbench.schema import InputError

_PARTS: Final = (_cards_annotated.CARDS, _cards_folders.CARDS)
CARDS: Final[Mapping[str, Card]] = {
    card.name: card
    for card in sorted((card for part in _PARTS for card in part), key=lambda c: c.name)
}
"""By name, in the order of the alphabet."""


def find_card(name: str) -> Card:
    """Return the card of a public data set.

    Raises
    ------
    InputError
        If there is none of this name; the message has the nearest, or all.

    Examples
    --------
    >>> find_card("stardist").n_images
    497
    """
    if name not in CARDS:
        close = get_close_matches(name.lower(), CARDS, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(CARDS)}."
        msg = f"data set {name!r}: no public set of this name is known; {hint}"
        raise InputError(msg)
    return CARDS[name]
