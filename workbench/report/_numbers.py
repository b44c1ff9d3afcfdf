"""How numbers read: sensible digits, "–" where there is none, p never 0."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import pandas as pd

NOTHING: Final = "–"
SMALLEST_P: Final = 1e-4


def plain(value: Any) -> str:
    """Return a value as text: three decimals for floats, "–" for NaN.

    Examples
    --------
    >>> plain(0.12345), plain(float("nan")), plain(3)
    ('0.123', '–', '3')
    """
    if isinstance(value, float | np.floating):
        return NOTHING if math.isnan(value) else _infinity(float(value)) or f"{value:.3f}"
    return NOTHING if value is None else str(value)


def four_decimals(value: float) -> str:
    """Return a score as the published report prints it.

    Examples
    --------
    >>> four_decimals(0.60152), four_decimals(float("nan"))
    ('0.6015', '–')
    """
    return NOTHING if math.isnan(value) else f"{value:.4f}"


def short(value: float) -> str:
    """Return three significant digits, or all of those before the point.

    Examples
    --------
    >>> short(0.012345), short(123456.7), short(float("nan"))
    ('0.0123', '123,457', '–')
    """
    if math.isnan(value):
        return NOTHING
    return _infinity(value) or (f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:.3g}")


def percent(share: float) -> str:
    """Return a share in whole percent, never rounded to none or all.

    Examples
    --------
    >>> percent(0.512), percent(0.001), percent(0.0), percent(0.9999)
    ('51 %', '< 1 %', '0 %', '> 99 %')
    """
    if math.isnan(share):
        return NOTHING
    if 0 < share < 0.005:
        return "< 1 %"
    return "> 99 %" if 0.995 <= share < 1 else f"{100 * share:.0f} %"


def whole(value: float) -> str:
    """Return a number without decimals.

    Examples
    --------
    >>> whole(1234.5), whole(float("nan"))
    ('1,234', '–')
    """
    return NOTHING if math.isnan(value) else _infinity(value) or f"{value:,.0f}"


def signed(value: float) -> str:
    """Return a difference with its sign.

    Examples
    --------
    >>> signed(0.0454), signed(-0.2), signed(float("nan"))
    ('+0.045', '-0.200', '–')
    """
    return NOTHING if math.isnan(value) else f"{value:+.3f}"


def p_text(p_value: float) -> str:
    """Return a p value as text, never 0, and with a digit more where it decides.

    Examples
    --------
    >>> p_text(0.0312), p_text(1e-9), p_text(0.04996)
    ('0.031', '< 0.0001', '0.04996')
    """
    if math.isnan(p_value):
        return NOTHING
    if p_value < SMALLEST_P:
        return "< 0.0001"
    return f"{p_value:.4g}" if 0.0495 <= p_value < 0.0505 else f"{p_value:.2g}"


def p_clause(p_value: float) -> str:
    """Return a p value as part of a sentence.

    Examples
    --------
    >>> p_clause(0.0312), p_clause(1e-9)
    ('p = 0.031', 'p < 0.0001')
    """
    text = p_text(p_value)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def interval(low: float, high: float) -> str:
    """Return an interval as text; "–" if either end is undefined.

    Examples
    --------
    >>> interval(0.1, 0.25)
    '[0.100, 0.250]'
    """
    return NOTHING if math.isnan(low) or math.isnan(high) else f"[{low:.3f}, {high:.3f}]"


def with_interval(mean: float, low: float, high: float) -> str:
    """Return a mean with its interval, or that there are too few images for one.

    Examples
    --------
    >>> with_interval(0.2, 0.1, 0.25), with_interval(0.2, float("nan"), float("nan"))
    ('0.200 [0.100, 0.250]', '0.200, too few for an interval')
    """
    if math.isnan(mean):
        return NOTHING
    limits = interval(low, high)
    return (
        f"{plain(mean)}, too few for an interval"
        if limits == NOTHING
        else f"{plain(mean)} {limits}"
    )


def intervals(table: pd.DataFrame, low: str, high: str) -> list[str]:
    """Return the intervals between two columns as texts."""
    return [interval(*row) for row in table[[low, high]].itertuples(index=False)]


def sentence(text: str) -> str:
    """Return a note as a sentence.

    Examples
    --------
    >>> sentence("no test: too few images")
    'No test: too few images.'
    """
    return f"{text[:1].upper()}{text[1:]}".rstrip(".") + "."


def listed(names: list[str], *, at_most: int = 5) -> str:
    """Return names as a list in a sentence, the last after "and".

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b", "c"]), listed(["a", "b", "c"], at_most=2)
    ('a', 'a, b and c', 'a, b and 1 more')
    """
    if len(names) > at_most:
        names = [*names[:at_most], f"{len(names) - at_most} more"]
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _infinity(value: float) -> str:
    return "" if math.isfinite(value) else ("∞" if value > 0 else "-∞")
