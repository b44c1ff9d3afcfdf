"""Findings about pairs of models in words: short, exact, no number that was not computed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import pandas as pd

from workbench.analysis._pair_evidence import PairEvidence
from workbench.schema import InputError

SMALLEST_P: Final = 1e-4
N_NAMED: Final = 6
FEW_SEEDS: Final = {1: "One seed", 2: "Two seeds"}


class MeasureFacts(Protocol):
    """What a sentence needs to know of a measure; :class:`workbench.metrics.Measure` is one."""

    @property
    def title(self) -> str:
        """For people."""

    @property
    def unit(self) -> str:
        """Of its values, "" for ratios."""

    @property
    def higher_is_better(self) -> bool | None:
        """Direction; None where more is neither better nor worse."""


@dataclass(frozen=True)
class Scope:
    """Of what a sentence speaks.

    Attributes
    ----------
    mean
        The quantity, "mean F1 at IoU 0.5".
    higher_is_better
        Its direction.
    alpha
        Level of the tests; intervals hold 1 - alpha.
    unit
        Of differences, with a blank in front; "" for ratios.
    where
        The images, with a blank in front; "" for all.
    """

    mean: str
    higher_is_better: bool
    alpha: float
    unit: str = ""
    where: str = ""


def measure_scope(
    metric: str, threshold: float, alpha: float, measures: Mapping[str, MeasureFacts]
) -> Scope:
    """Return the scope of all images.

    Raises
    ------
    InputError
        If the measure has no direction, so that nothing is better by it.
    """
    facts = measures.get(metric)
    higher = True if facts is None else facts.higher_is_better
    title = measure_title(metric, threshold, measures)
    if higher is None:
        msg = f"more {title} is neither better nor worse; compare models by another measure."
        raise InputError(msg)
    unit = f" {facts.unit}" if facts and facts.unit else ""
    return Scope(f"mean {title}", higher, alpha, unit)


def measure_title(metric: str, threshold: float, measures: Mapping[str, MeasureFacts]) -> str:
    """Return the name of a measure with its threshold.

    Examples
    --------
    >>> measure_title("f1", 0.5, {})
    'f1 at IoU 0.5'
    """
    title = measures[metric].title if metric in measures else metric
    return title if math.isnan(threshold) else f"{title} at IoU {threshold:g}"


def better_sentence(seen: PairEvidence, scope: Scope, *, amount: float = 0.0) -> str:
    """Say that the first of the two is better, or better by more than an amount."""
    by = f" by more than {amount:g}" if amount else ""
    return (
        f"{seen.first} is better than {seen.second}{by}{scope.where}: {scope.mean} is "
        f"{amount_text(seen, scope)} ({evidence_text(seen, scope)})."
    )


def mean_sentence(seen: PairEvidence, scope: Scope) -> str:
    """Say whose mean is better, and by how much."""
    ahead = seen if seen.gain >= 0 else seen.seen_from(seen.second)
    return (
        f"{scope.mean} is {amount_text(ahead, scope)} for {ahead.first} "
        f"({evidence_text(ahead, scope)})."
    )


def undecided_sentence(seen: PairEvidence, scope: Scope) -> str:
    """Say that neither is shown to be better, and what it would have taken."""
    a, b = seen.first, seen.second
    if seen.identical:
        return f"{a} and {b} score the same on every image{scope.where} ({images_text(seen.n)})."
    sentence = (
        f"{a} and {b} are not told apart{scope.where}: {mean_sentence(seen, scope)} "
        f"{what_it_takes(seen)}"
    )
    # Where a margin was declared and they lie within it, another sentence says so.
    if seen.p_equivalence <= scope.alpha:
        return sentence
    return f"{sentence} This does not show that they are equal."


def what_it_takes(seen: PairEvidence) -> str:
    """Say which difference the images could have shown, and how many images this one needs."""
    if not math.isfinite(seen.detectable) or not math.isfinite(seen.images_needed):
        return "More images are needed."
    if seen.images_needed <= seen.n:
        return "As a single comparison, declared before looking, it might have been told."
    gain = number(abs(seen.gain), half_width(seen))
    return (
        f"These images show a true difference of {number(seen.detectable, seen.detectable)} with "
        f"80 % power; one of {gain} needs about {count_text(seen.images_needed)} images like these."
    )


def equivalent_sentence(seen: PairEvidence, margin: float, scope: Scope) -> str:
    """Say that the two differ by less than the margin."""
    ahead = seen if seen.gain >= 0 else seen.seen_from(seen.second)
    text = (
        f"{seen.first} and {seen.second} are equivalent within {margin:g}{scope.where}: "
        f"{scope.mean} is {amount_text(ahead, scope)} for {ahead.first} "
        f"({interval_text(ahead, scope)}; two one-sided tests, "
        f"{p_text(seen.p_equivalence)}{adjustment_text(seen)}; {images_text(seen.n)})."
    )
    winner = seen.winner(scope.alpha)
    if winner:
        text += f" Within this margin {winner} is better ({p_text(seen.p)}{adjustment_text(seen)})."
    return text


def evidence_text(ahead: PairEvidence, scope: Scope) -> str:
    """Return interval, p, effect and number of images."""
    effect = "" if math.isnan(ahead.d_z) else f"; d_z = {number(ahead.d_z, 0.1)}"
    return (
        f"{interval_text(ahead, scope)}; permutation {p_text(ahead.p)}{adjustment_text(ahead)}"
        f"{effect}; {images_text(ahead.n)}"
    )


def amount_text(ahead: PairEvidence, scope: Scope) -> str:
    """Return by how much the first of the two is ahead, "0.05 higher"."""
    direction = "higher" if scope.higher_is_better else "lower"
    return f"{number(ahead.gain, half_width(ahead))}{scope.unit} {direction}"


def interval_text(ahead: PairEvidence, scope: Scope) -> str:
    """Return the interval of the amount."""
    spread = half_width(ahead)
    return (
        f"{100 * (1 - scope.alpha):g} % interval {number(ahead.low, spread)} to "
        f"{number(ahead.high, spread)}"
    )


def adjustment_text(seen: PairEvidence) -> str:
    """Return how a p was adjusted, with a comma in front; "" where it was the only one."""
    text = "" if seen.n_comparisons == 1 else f", Holm over {seen.n_comparisons} comparisons"
    if seen.n_slices > 1:
        text += f", Benjamini-Hochberg over {seen.n_slices} slices"
    return text


def p_text(p_value: float) -> str:
    """Return a p value with its sign, never 0.

    Examples
    --------
    >>> p_text(0.0312), p_text(1e-5), p_text(1.0)
    ('p = 0.031', 'p < 0.0001', 'p = 1')
    """
    return f"p < {SMALLEST_P:.4f}" if p_value < SMALLEST_P else f"p = {p_value:.2g}"


def count_text(count: float) -> str:
    """Return an estimated number, two digits of it.

    Examples
    --------
    >>> count_text(87.0), count_text(1234.0)
    ('87', '1,200')
    """
    return f"{float(f'{count:.2g}'):,.0f}"


def images_text(n: int) -> str:
    """Return a number of images."""
    return f"{n} image" if n == 1 else f"{n} images"


def half_width(seen: PairEvidence) -> float:
    """Return half of the interval: how well the difference is known."""
    return (seen.high - seen.low) / 2


def number(value: float, spread: float) -> str:
    """Return a value with as many digits as its spread leaves sense in: two of the spread.

    Examples
    --------
    >>> number(0.05234, 0.0211), number(12.34, 3.2), number(-0.0001, 0.02), number(0.5, 0.0)
    ('0.052', '12.3', '0.000', '0.500')
    """
    if not math.isfinite(spread) or spread <= 0:
        decimals = 3
    else:
        decimals = min(max(1 - math.floor(math.log10(spread)), 0), 6)
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0 else text


def listing(names: Sequence[str]) -> str:
    """Return names as one reads them aloud; of many, the first six.

    Examples
    --------
    >>> listing(["a"]), listing(["a", "b"]), listing(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    if len(names) < 2:
        return "".join(names)
    if len(names) > N_NAMED:
        return f"{', '.join(names[:N_NAMED])} and others"
    return f"{', '.join(names[:-1])} and {names[-1]}"


def seeds_sentence(scores: pd.DataFrame, models: Sequence[str]) -> str:
    """Say that the models are single checkpoints; "" where each has three seeds or more."""
    n_seeds = scores.groupby("model")["seed"].nunique().reindex(list(models))
    few = n_seeds[n_seeds < 3]
    if few.empty:
        return ""
    subject = FEW_SEEDS[int(few.min())] if few.min() == few.max() else "One or two seeds"
    of = "each" if len(few) == len(n_seeds) > 1 else f"of {listing(list(few.index))}"
    return f"{subject} {of}: this speaks of these checkpoints, not of architectures."
