"""The little language in which a user claims something about models."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Final, Literal

from workbench.schema import InputError

Relation = Literal["better", "worse", "equal", "best", "worst"]

CLAIM_GRAMMAR: Final = """\
MODEL better than MODEL        also: beats, worse than
MODEL equals MODEL             also: as good as, equivalent to; with "within 0.02", the margin
MODEL is the best              also: better than every other model, is the worst
and after it, in any order, each at most once:
  by 0.05                      better by more than this
  within 0.02                  the difference that would not matter, declared before looking
  on dense images              also: sparse, medium, or a value of a metadata column; in, for
  where cell_type is HeLa      a value of the metadata column that is named
  by dice                      the measure
  at 0.7                       the IoU threshold
Names that hold such words go in quotes. Examples:
  unet better than otsu
  unet better than otsu by 0.05 on dense images
  unet equals cellpose within 0.02 where stain is DAPI
  unet is the best by dice"""

_IS: Final = r"(?:is|are|performs|scores|works|does|segments)"
_VERB: Final = rf"(?:{_IS} )?(?:significantly )?"
_ALL: Final = r"(?: (?:of all|overall))?(?: (?:model|method)s?)?"
_PHRASES: Final[dict[Relation, str]] = {
    "better": rf"{_VERB}better than|beats|outperforms",
    "worse": rf"{_VERB}worse than",
    "equal": rf"equals|{_VERB}(?:equal to|equivalent to|as good as|the same as)",
    "best": rf"{_IS} (?:the )?best{_ALL}",
    "worst": rf"{_IS} (?:the )?worst{_ALL}",
}
_EVERY_OTHER: Final = re.compile(
    r"(?:every|all|any)(?: the)? others?(?: models?)?(?=\s|$)|everything else(?=\s|$)",
    re.IGNORECASE,
)
_SUPERLATIVE: Final[dict[Relation, Relation]] = {"better": "best", "worse": "worst"}
_CONDITION: Final = re.compile(
    r"\s*\b(?P<word>by|within|on|in|for|where|at)\s+(?P<value>.+?)"
    r"(?=\s+(?:by|within|on|in|for|where|at)\s|$)",
    re.IGNORECASE,
)
_NEGATION: Final = re.compile(r"\s(?:not|never|no|isn't|aren't)$", re.IGNORECASE)


@dataclass(frozen=True)
class Claim:
    """What somebody claims, before any look at the data.

    Attributes
    ----------
    relation
        "better", "worse" or "equal", of two models; "best" or "worst", of one among all.
    first, second
        Models; ``second`` is "" for "best" and "worst".
    amount
        By more than this; 0 for any difference.
    margin
        Differences up to this do not matter; None where the text declares none.
    slice_column, slice_name
        The images meant: "" for all. The column is "" too where the text names the images alone.
    metric, threshold
        The measure and its IoU threshold; "" and None where the text leaves them open.
    """

    relation: Relation
    first: str
    second: str = ""
    amount: float = 0.0
    margin: float | None = None
    slice_column: str = ""
    slice_name: str = ""
    metric: str = ""
    threshold: float | None = None


def parse_claim(text: str, *, models: Sequence[str], metrics: Collection[str] = ()) -> Claim:
    """Read a claim.

    Parameters
    ----------
    text
        In the language of :data:`CLAIM_GRAMMAR`; upper and lower case alike.
    models, metrics
        Names that there are. A name is meant if it is written exactly, or if no other begins with
        what is written; "U-Net" may stand for "unet".

    Returns
    -------
    Claim
        With names as they are in ``models`` and ``metrics``.

    Raises
    ------
    InputError
        If the text is not of the language, negates, compares a model with itself, or names what
        there is not; the message holds the names or the grammar.

    Examples
    --------
    >>> claim = parse_claim("unet beats OTSU on dense images by 0.05", models=["unet", "otsu"])
    >>> claim.first, claim.relation, claim.second, claim.amount, claim.slice_name
    ('unet', 'better', 'otsu', 0.05, 'dense')
    """
    quoted: list[str] = []
    plain = " ".join(_hide_quoted(text, quoted).split()).rstrip(".!")
    relation, left, right = _split(plain, text)
    first = _first_model(left, quoted, models, text)
    every_other = _EVERY_OTHER.match(right)
    if relation in _SUPERLATIVE and every_other:
        relation, right = _SUPERLATIVE[relation], right[every_other.end() :]
    if relation in ("best", "worst"):
        claim = Claim(relation, first)
    else:
        second, right = _second_model(right, quoted, models)
        claim = Claim(relation, first, second)
    claim = _with_conditions(claim, right, quoted, metrics)
    _check(claim, text)
    return claim


def named(text: str, names: Collection[str], kind: str) -> str:
    """Return the name that is meant: written exactly, or the only one that begins so.

    Upper and lower case, blanks, hyphens and underscores make no difference where only one name is
    left.

    Raises
    ------
    InputError
        If none or several may be meant.

    Examples
    --------
    >>> named("mau", ["unet", "MAUNET"], "model"), named("U-Net", ["unet", "otsu"], "model")
    ('MAUNET', 'unet')
    """
    if text in names:
        return text
    folded, squeezed = text.casefold(), _squeezed(text)
    for candidates in (
        [name for name in names if name.casefold() == folded],
        [name for name in names if folded and name.casefold().startswith(folded)],
        [name for name in names if _squeezed(name) == squeezed],
        [name for name in names if squeezed and _squeezed(name).startswith(squeezed)],
    ):
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            msg = f"{kind} {text!r} may be {' or '.join(candidates)}: write the whole name."
            raise InputError(msg)
    close = get_close_matches(text, names, n=1)
    hint = f"; did you mean {close[0]}?" if close else "."
    there = f"there are {', '.join(names)}" if names else "there is none"
    msg = f"no {kind} is called {text!r}: {there}{hint}"
    raise InputError(msg)


def _squeezed(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).casefold()


def _first_model(left: str, quoted: list[str], models: Sequence[str], text: str) -> str:
    """Return the model that is claimed of; words between it and the comparison change the claim."""
    name = _shown(left, quoted)
    for model in sorted(models, key=len, reverse=True):
        between = name[len(model) :].strip()
        if f"{name} ".casefold().startswith(f"{model} ".casefold()) and between:
            hint = ', but for "by 0.05" at the end' if re.search(r"\d", between) else ""
            raise _not_understood(text, f"{between!r} is no part of a comparison{hint}")
    return named(name, models, "model")


def _split(plain: str, text: str) -> tuple[Relation, str, str]:
    """Return the relation and what stands before and after it."""
    found = [
        (match.start(), match.end(), relation)
        for relation, phrases in _PHRASES.items()
        for match in re.finditer(rf"(?<=\s)(?:{phrases})(?=\s|$)", plain, re.IGNORECASE)
    ]
    if len(found) != 1:
        how_many = "no comparison" if not found else f"{len(found)} comparisons"
        raise _not_understood(text, f"it holds {how_many}, expected one")
    start, end, relation = found[0]
    left, right = plain[:start].strip(), plain[end:].strip()
    if _NEGATION.search(left):
        raise _not_understood(text, "claim what is, not what is not")
    return relation, left, right


def _second_model(right: str, quoted: list[str], models: Sequence[str]) -> tuple[str, str]:
    """Return the model that a text begins with, and the rest of the text."""
    # Whole names first, the longest of them: a name may hold "on" or a blank.
    for name in sorted(models, key=len, reverse=True):
        if f"{right} ".casefold().startswith(f"{name} ".casefold()):
            return named(right[: len(name)], models, "model"), right[len(name) :]
    condition = _CONDITION.search(f" {right}")
    end = max(condition.start() - 1, 0) if condition else len(right)
    return named(_shown(right[:end].strip(), quoted), models, "model"), right[end:]


def _with_conditions(claim: Claim, text: str, quoted: list[str], metrics: Collection[str]) -> Claim:
    seen: set[str] = set()
    while text.strip():
        condition = _CONDITION.match(text)
        if condition is None:
            raise _not_understood(text.strip(), "it follows the claim, but is no condition")
        word, value = condition["word"].casefold(), _shown(condition["value"], quoted)
        part = _condition(word, value, metrics)
        if seen & part.keys():
            raise _not_understood(condition[0].strip(), "that was said before")
        seen |= part.keys()
        claim = replace(claim, **part)  # type: ignore[arg-type]
        text = text[condition.end() :]
    return claim


def _condition(word: str, value: str, metrics: Collection[str]) -> dict[str, object]:
    """Return the attributes of the claim that a condition sets."""
    if word == "by" and not _looks_like_number(value):
        return {"metric": named(value, metrics, "measure")}
    if word in ("by", "within"):
        return {"amount" if word == "by" else "margin": _difference(value)}
    if word == "at":
        iou = re.sub(r"^iou\s+", "", value, flags=re.IGNORECASE)
        return {"threshold": _threshold(iou)}
    if word == "where":
        column, _, name = re.sub(r"\s+is\s+|\s*==?\s*", "\0", value, count=1).partition("\0")
        if not name:
            condition = f"where {value}"
            raise _not_understood(condition, '"where" needs a column and a value')
        return {"slice_name": name, "slice_column": column}
    name = re.sub(r"\s*\bimages?$", "", value, flags=re.IGNORECASE)
    return {"slice_name": "" if name.casefold() in ("all", "") else name}


def _looks_like_number(text: str) -> bool:
    return bool(re.match(r"[-+]?\.?\d", text))


def _difference(text: str) -> float:
    value = _float_or_nan(text)
    if not 0 < value < float("inf"):
        msg = (
            f"expected a difference above 0, got {text!r}; write it in the units of the measure, "
            "0.05 rather than 5 %."
        )
        raise InputError(msg)
    return value


def _threshold(text: str) -> float:
    value = _float_or_nan(text)
    if not 0 < value <= 1:
        msg = f"expected an IoU threshold above 0 and at most 1, got {text!r}; write 0.7, say."
        raise InputError(msg)
    return value


def _float_or_nan(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _check(claim: Claim, text: str) -> None:
    if claim.first == claim.second:
        raise _not_understood(text, f"it compares {claim.first} with itself")
    if claim.amount and claim.relation not in ("better", "worse"):
        raise _not_understood(text, '"by" a number goes with "better than" or "worse than" a model')
    if claim.margin is not None and claim.relation != "equal":
        raise _not_understood(text, '"within" goes with "equals"')


def _hide_quoted(text: str, quoted: list[str]) -> str:
    """Return the text with what stands in quotes put aside, so that it is not read as words."""

    def hide(match: re.Match[str]) -> str:
        quoted.append(match["inside"])
        return f"\x01{len(quoted) - 1}\x02"

    return re.sub(r"(?<!\S)(?P<mark>['\"])(?P<inside>.+?)(?P=mark)(?!\S)", hide, text)


def _shown(text: str, quoted: list[str]) -> str:
    """Return the text with what was put aside in its place."""
    return re.sub("\x01(\\d+)\x02", lambda match: quoted[int(match[1])], text)


def _not_understood(text: str, why: str) -> InputError:
    return InputError(f"{text!r} is not understood: {why}.\nA claim reads\n{CLAIM_GRAMMAR}")
