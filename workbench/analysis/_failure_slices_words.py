"""Groups of cells and images in words: "small cells (area up to 180 px) that touch a neighbour"."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from workbench.schema import column_label


@dataclass(frozen=True)
class Condition:
    """What the cells of a group have in common.

    Attributes
    ----------
    fact
        Name of a column.
    side
        "up_to" or "over" for numbers, "is" for names.
    limit
        The number, or the name.
    """

    fact: str
    side: str
    limit: float | str


class Words(NamedTuple):
    """How a condition reads: in front of the noun, in brackets behind it, or as a clause."""

    adjective: str = ""
    measure: str = ""
    clause: str = ""


CELL_WORDS: Final = {
    ("area_px", "up_to"): Words("small", "area up to {} px"),
    ("area_px", "over"): Words("large", "area over {} px"),
    ("elongation", "up_to"): Words("elongated", "elongation up to {}"),
    ("elongation", "over"): Words("round", "elongation over {}"),
    ("solidity", "up_to"): Words("indented", "solidity up to {}"),
    ("solidity", "over"): Words("compact", "solidity over {}"),
    ("neighbour_gap_px", "up_to"): Words(clause="within {} px of a neighbour"),
    ("neighbour_gap_px", "over"): Words(clause="over {} px from any neighbour"),
    ("neighbour_distance_px", "up_to"): Words(clause="with another centre within {} px"),
    ("neighbour_distance_px", "over"): Words(clause="with no other centre within {} px"),
    ("touching_fraction", "up_to"): Words(clause="that touch others along up to {} of the outline"),
    ("touching_fraction", "over"): Words(clause="that touch others along over {} of the outline"),
    ("local_density_mpx", "up_to"): Words(
        clause="in sparse surroundings (up to {} cells per million px)"
    ),
    ("local_density_mpx", "over"): Words(
        clause="in dense surroundings (over {} cells per million px)"
    ),
    ("intensity_mean", "up_to"): Words("dark", "mean intensity up to {}"),
    ("intensity_mean", "over"): Words("bright", "mean intensity over {}"),
    ("intensity_sd", "up_to"): Words("even", "intensity SD up to {}"),
    ("intensity_sd", "over"): Words("textured", "intensity SD over {}"),
    ("contrast", "up_to"): Words("faint", "contrast up to {}"),
    ("contrast", "over"): Words("prominent", "contrast over {}"),
    ("touches_border", "is"): Words(clause="cut by the image's border"),
}
AT_ZERO: Final = {
    ("neighbour_gap_px", "up_to"): Words(clause="that share an edge with a neighbour"),
    ("neighbour_gap_px", "over"): Words(clause="that share no edge with a neighbour"),
    ("touching_fraction", "up_to"): Words(clause="that touch no other"),
    ("touching_fraction", "over"): Words(clause="that touch another"),
}
SHARES: Final = ("touching_fraction",)


def describe_group(noun: str, conditions: tuple[Condition, ...]) -> str:
    """Return a group of cells or images in words.

    Parameters
    ----------
    noun
        "cells", "predicted cells" or "images".
    conditions
        What they have in common, at least one.

    Examples
    --------
    >>> small = Condition("area_px", "up_to", 180.0)
    >>> describe_group("cells", (small, Condition("neighbour_gap_px", "up_to", 3.0)))
    'small cells (area up to 180 px) within 3 px of a neighbour'
    >>> describe_group("cells", (Condition("modality", "is", "DAPI"),))
    'cells where modality is DAPI'
    >>> describe_group("images", (Condition("n_cells", "over", 50.0),))
    'images with number of cells over 50'
    """
    words = [_words(noun, condition) for condition in conditions]
    measures = "; ".join(word.measure for word in words if word.measure)
    clauses = " and ".join(word.clause for word in words if word.clause)
    parts = [
        *(word.adjective for word in words),
        noun,
        f"({measures})" if measures else "",
        clauses,
    ]
    return " ".join(filter(None, parts))


def _words(noun: str, condition: Condition) -> Words:
    kind = (condition.fact, condition.side)
    if isinstance(condition.limit, str):
        if kind in CELL_WORDS and condition.limit == str(True):
            return CELL_WORDS[kind]
        name = column_label(condition.fact)
        return Words(clause=f"where {name[:1].lower()}{name[1:]} is {condition.limit}")
    if noun != "images" and kind in CELL_WORDS:
        if condition.limit == 0 and kind in AT_ZERO:
            return AT_ZERO[kind]
        percent = condition.fact in SHARES
        limit = f"{100 * condition.limit:.3g} %" if percent else _limit(condition.limit)
        return Words(*(word.format(limit) for word in CELL_WORDS[kind]))
    label, _, unit = column_label(condition.fact).partition(", ")
    amount = f"{_limit(condition.limit)} {unit}".strip()
    beyond = "up to" if condition.side == "up_to" else "over"
    return Words(clause=f"with {label[:1].lower()}{label[1:]} {beyond} {amount}")


def _limit(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
