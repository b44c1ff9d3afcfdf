"""What headings and cells of somebody's report mean: measures, statistics, numbers, bins."""

import re
from dataclasses import dataclass
from functools import lru_cache
from math import inf, nan
from typing import Final

METRICS: Final = frozenset(
    {
        "f1", "dice", "precision", "recall", "iou", "jaccard", "miou", "mdice", "pq", "aji", "aji+",
        "panoptic quality", "accuracy", "sensitivity", "specificity", "ap", "map", "seg",
    }
)  # fmt: skip
"""Measures between 0 and 1 that are better the higher they are."""

_SAME: Final = {
    "f1score": "f1", "f": "f1", "rec": "recall", "prec": "precision", "dsc": "dice",
    "mean iou": "miou", "mean dice": "mdice",
}  # fmt: skip
_SPELLED: Final = {
    "f1": "F1", "dice": "Dice", "iou": "IoU", "jaccard": "Jaccard", "miou": "mIoU",
    "mdice": "mDice", "pq": "PQ", "aji": "AJI", "aji+": "AJI+", "ap": "AP", "map": "mAP",
    "seg": "SEG",
}  # fmt: skip
_NOISE: Final = frozenset(
    {"score", "scores", "mean", "avg", "average", "me", "macro", "of", "the", "at", "over",
     "threshold", "coefficient", "value", "values", "model", "models"}
)  # fmt: skip
_STATISTICS: Final = (
    # The order decides: "95% CI of the mean" is an interval, "mean ± SD" two numbers.
    (
        "p",
        (r"^p$|\bp[-_ .]?val|\bp (?:value|\(|adj|holm|wilcoxon|permutation|corrected)"
        r"|adj\w*[. ]p\b"),
    ),
    ("interval", r"\bcis?\b|confidence|\b9[059] ?% ?(?:interval|limits)|interval"),
    ("range", r"\brange\b"),
    ("mean and sd", r"(?:mean|avg|average).*?(?:±|\+/-|\().*?\b(?:std|sd|s\.d|standard dev)"),
    ("mean and sem", r"(?:mean|avg|average).*?(?:±|\+/-|\().*?\b(?:sem|se|s\.e|standard err)"),
    ("sd", r"\bstd\b|\bsd\b|st\.? ?dev|standard deviation"),
    ("sem", r"\bsem\b|\bse\b|standard error"),
    ("median", r"\bmedian\b"),
    ("minimum", r"\bmin(?:imum)?\b"),
    ("maximum", r"\bmax(?:imum)?\b"),
)  # fmt: skip
_STATISTIC_PATTERNS: Final = tuple((name, re.compile(text)) for name, text in _STATISTICS)
_COUNT: Final = re.compile(
    r"(?:n|#|count|counts|images|used|samples|(?:n|no\.?|number|num|total|#)[ _]?(?:of )?"
    r"(?:images|samples|used))"
)
_THRESHOLD_HEADING: Final = re.compile(r"(?:iou |matching )?thresholds?(?: \(?iou\)?)?")
# Central 95 % of images is no interval of confidence, and says so itself.
_NOT_CONFIDENCE: Final = re.compile(
    r"central|percentile|quantile|of images|of the images|iqr|quart"
)
_DIVISOR: Final = re.compile(r"\(?\bddof ?= ?\d\)?|\(n(?: ?- ?1)?\)")
_NUMBER: Final = r"[-+]?(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})(?:e[-+]?\d{1,3})?"
_NUMBER_CELL: Final = re.compile(rf"\s*[~≈]?\s*({_NUMBER})\s*(%?)", re.IGNORECASE)
_RANGE_CELL: Final = re.compile(
    rf"[\[(]?\s*({_NUMBER})\s*(?:,|;|-|to|\.\.+)\s*({_NUMBER})\s*[\])]?", re.IGNORECASE
)
_BRACKET: Final = re.compile(rf"[\[(]\s*({_NUMBER})\s*(?:,|;|-|to)\s*({_NUMBER})\s*[\])]")
_PLUS_MINUS: Final = re.compile(rf"(?:±|\+/-|\(|\+-)\s*({_NUMBER})")
_THRESHOLD: Final = re.compile(r"(?:threshold|iou|@)\s*(?:of|=|:|at|>=|≥|>)?\s*(0?\.\d{1,3})\b")
_BINS: Final = (
    (re.compile(r"(\d{1,9}) ?(?:-|to) ?(\d{1,9})"), lambda a, b: (a, b)),
    (re.compile(r"(\d{1,9}) ?\+"), lambda a: (a, inf)),
    (re.compile(r"(?:>|over|above|more than) ?(\d{1,9})"), lambda a: (a + 1, inf)),
    (re.compile(r"(?:>=|≥|at least) ?(\d{1,9})"), lambda a: (a, inf)),
    (re.compile(r"(?:<|under|below|fewer than|less than) ?(\d{1,9})"), lambda a: (0, a - 1)),
    (re.compile(r"(?:<=|≤|up to) ?(\d{1,9})"), lambda a: (0, a)),
    (re.compile(r"(\d{1,9})"), lambda a: (a, a)),
)


@dataclass(frozen=True)
class Printed:
    """A number as printed: its value, and one unit of its last digit."""

    value: float
    step: float

    def may_be(self, value: float, slack: float = 0.0) -> bool:
        """Whether the number may be that value rounded, give or take the slack."""
        return abs(self.value - value) <= 0.5001 * self.step + slack

    def agrees(self, other: "Printed") -> bool:
        """Whether both may be one number, rounded to as many digits as each has."""
        half = (self.step + other.step) / 2 if self.step != other.step else self.step / 100
        return abs(self.value - other.value) <= 1.0001 * half


@dataclass(frozen=True)
class Heading:
    """What a column or row holds.

    ``metric`` is "" where the heading names none; ``statistic`` is "mean" where it names none,
    "other" where words are left that nobody here knows.
    """

    metric: str
    statistic: str
    threshold: float = nan

    @property
    def is_score(self) -> bool:
        """Whether it names a measure between 0 and 1."""
        return self.metric in METRICS


@lru_cache(maxsize=4096)
def heading(text: str) -> Heading:
    """Return what a heading says.

    Examples
    --------
    >>> heading("Std F1"), heading("F1 @ 0.7").threshold
    (Heading(metric='f1', statistic='sd', threshold=nan), 0.7)
    >>> heading("95% CI").statistic, heading("Central 95 % of images").statistic
    ('interval', 'other')
    """
    lowered = text.lower().replace("_", " ").strip()
    if _COUNT.fullmatch(lowered):
        return Heading("", "n")
    if _THRESHOLD_HEADING.fullmatch(lowered):
        return Heading("", "threshold")
    threshold = threshold_in(lowered)
    bare = _DIVISOR.sub(" ", _THRESHOLD.sub(" ", lowered))
    statistic = "mean"
    for name, pattern in _STATISTIC_PATTERNS:
        if pattern.search(bare if name != "p" else text.replace("_", " ").strip()):
            statistic = name
            bare = pattern.sub(" ", bare)
            break
    if statistic == "interval" and _NOT_CONFIDENCE.search(lowered):
        statistic = "other"
    if statistic in ("interval", "p", "range"):
        return Heading(metric_in(lowered), statistic, threshold)
    # Of these two words neither is noise.
    bare = bare.replace("average precision", "ap")
    words = [w for w in re.findall(r"[a-z0-9+%#]+", bare) if w not in _NOISE]
    metric = " ".join(words)
    metric = _SAME.get(metric, metric)
    if words and metric not in METRICS:
        return Heading(metric, "other", threshold)
    return Heading(metric, statistic, threshold)


def spelled(metric: str) -> str:
    """Return a measure as it is written.

    Examples
    --------
    >>> spelled("f1"), spelled("recall")
    ('F1', 'recall')
    """
    return _SPELLED.get(metric, metric)


@lru_cache(maxsize=4096)
def metric_in(text: str) -> str:
    """Return the first measure that a text names, "" if it names none."""
    words: list[str] = re.findall(
        r"[a-z0-9+]+", text[:500].lower().replace("-", " ").replace("_", " ")
    )
    for word in words:
        known = _SAME.get(word, word)
        # "F" and "AP" alone are as often something else.
        if known in METRICS and word not in ("f", "ap", "seg", "map", "iou"):
            return known
    return ""


@lru_cache(maxsize=4096)
def threshold_in(text: str) -> float:
    """Return the one IoU threshold that a text names, NaN for none or several."""
    found = {float(number) for number in _THRESHOLD.findall(text[:500].lower())}
    return found.pop() if len(found) == 1 else nan


def number(cell: str) -> Printed | None:
    """Return the number that a cell is, or begins with before "±" or a bracket."""
    head = re.split(r"±|\+/-|\+-|[\[(]", cell, maxsplit=1)[0]
    found = _NUMBER_CELL.fullmatch(head)
    return _printed(found[1], found[2]) if found else None


def spread(cell: str) -> Printed | None:
    """Return the number behind "±" or in a bracket."""
    found = _PLUS_MINUS.search(cell)
    return _printed(found[1]) if found else None


def limits(cell: str) -> tuple[Printed, Printed] | None:
    """Return the two ends of an interval, alone in its cell or in brackets behind a number."""
    found = _BRACKET.search(cell) or _RANGE_CELL.fullmatch(cell)
    return (_printed(found[1]), _printed(found[2])) if found else None


def bin_of(cell: str) -> tuple[float, float] | None:
    """Return the whole numbers that a bin holds, both ends included.

    Examples
    --------
    >>> bin_of("51-100"), bin_of("100+"), bin_of("over 100"), bin_of("unet")
    ((51, 100), (100, inf), (101, inf), None)
    """
    bare = re.sub(r"\b(?:cells|nuclei|objects|instances)\b", "", cell.lower()).strip()
    for pattern, ends in _BINS:
        found = pattern.fullmatch(bare)
        if found:
            low, high = ends(*(int(number) for number in found.groups()))
            return (low, high) if low <= high else None
    return None


def _printed(digits: str, percent: str = "") -> Printed:
    mantissa, _, exponent = digits.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    # Beyond 1e300 nobody reports a score, and floats end.
    power = min(max(int(exponent[:5] or 0), -300), 300)
    scale = 10.0 ** (power - (2 if percent else 0))
    return Printed(float(mantissa) * scale, 10.0**-decimals * scale)
