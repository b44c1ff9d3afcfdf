"""Whether a claim holds: what the tests say, in the words that they allow."""

from dataclasses import asdict, dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from workbench.analysis._claim_text import Claim
from workbench.analysis._pair_evidence import (
    PairEvidence,
    adjusted_p,
    n_units,
    pair_evidence,
    place_of,
)
from workbench.analysis._wording import (
    Scope,
    adjustment_text,
    better_sentence,
    equivalent_sentence,
    listing,
    mean_sentence,
    p_text,
    undecided_sentence,
)

TOO_FEW: Final = "too few images: no scores of theirs could have shown a difference"
ONE_MODEL: Final = "there is no other model"
OPPOSITE: Final = "the data support the opposite"
UNDECIDED: Final = "the models are not told apart"
LESS: Final = "a difference as large as claimed is not shown"
NO_MARGIN: Final = "no margin was declared, without which equality can't be tested"
NOT_EQUIVALENT: Final = "equality within the margin is not shown"


@dataclass(frozen=True, eq=False)
class ClaimCase:
    """A claim with the data that it speaks of.

    Attributes
    ----------
    claim
        What is claimed.
    slice_name
        The images meant, "" for all.
    gains
        These images x models, turned so that more is better.
    groups
        What images share.
    margin
        For equality; None where none was declared.
    evidence
        Of every comparison that could have been claimed.
    scope
        For the words.
    n_resamples, seed
        Of the permutation test.
    """

    claim: Claim
    slice_name: str
    gains: pd.DataFrame
    groups: pd.Series | None
    margin: float | None
    evidence: list[PairEvidence]
    scope: Scope
    n_resamples: int
    seed: int


@dataclass(frozen=True)
class Verdict:
    """What the data support, whether it is what was claimed, why not, and the pair that decides."""

    sentence: str
    supported: bool
    reason: str
    seen: PairEvidence


def judge(case: ClaimCase) -> Verdict:
    """Return what the data say of a claim."""
    verdict = _by_relation(case)
    if verdict.reason == UNDECIDED and _cannot_decide(case, verdict.seen):
        return replace(verdict, reason=TOO_FEW)
    return verdict


def _by_relation(case: ClaimCase) -> Verdict:
    claim = case.claim
    if claim.relation in ("best", "worst"):
        others = [model for model in case.gains.columns if model != claim.first]
        return _of_extreme(case, [_pair(case, claim.first, other) for other in others])
    seen = _pair(case, claim.first, claim.second)
    if claim.relation == "equal":
        return _of_equality(case, seen)
    turned = claim.relation == "worse"
    verdict = _of_better(case, seen.seen_from(claim.second) if turned else seen)
    return replace(verdict, seen=verdict.seen.seen_from(claim.first))


def _of_better(case: ClaimCase, seen: PairEvidence) -> Verdict:
    """Judge the claim that the first of the two is better."""
    winner = seen.winner(case.scope.alpha)
    if winner == seen.second:
        turned = seen.seen_from(winner)
        return Verdict(better_sentence(turned, case.scope), False, OPPOSITE, seen)
    if not winner:
        return Verdict(_not_told_apart(case, seen), False, UNDECIDED, seen)
    amount = case.claim.amount
    if not amount:
        return Verdict(better_sentence(seen, case.scope), True, "", seen)
    p = _p_of_amount(case, seen)
    if p <= case.scope.alpha and seen.low > amount:
        of_amount = replace(seen, p=p)
        return Verdict(better_sentence(of_amount, case.scope, amount=amount), True, "", of_amount)
    sentence = f"{better_sentence(seen, case.scope)} More than {amount:g} is not shown."
    return Verdict(sentence, False, LESS, seen)


def _of_equality(case: ClaimCase, seen: PairEvidence) -> Verdict:
    scope, margin = case.scope, case.margin
    if margin is not None and seen.p_equivalence <= scope.alpha:
        return Verdict(equivalent_sentence(seen, margin, scope), True, "", seen)
    winner = seen.winner(scope.alpha)
    sentence = (
        better_sentence(seen.seen_from(winner), scope)
        if winner
        else undecided_sentence(seen, scope)
    )
    if margin is None:
        cure = ' To test equality, add "within" and the difference that would not matter.'
        return Verdict(sentence + cure, False, NO_MARGIN, seen)
    return Verdict(f"{sentence} {_not_equivalent(seen, margin)}", False, NOT_EQUIVALENT, seen)


def _of_extreme(case: ClaimCase, pairs: list[PairEvidence]) -> Verdict:
    """Judge the claim that the first of all pairs is better (or worse) than each of the others."""
    scope, best = case.scope, case.claim.relation == "best"
    word, first = case.claim.relation, case.claim.first
    # The pair that decides: the one in which the claim does worst.
    margins = [seen.gain if best else -seen.gain for seen in pairs]
    closest = pairs[int(np.argmin(margins))]
    winners = [seen.winner(scope.alpha) for seen in pairs]
    opposite = [
        seen for seen, winner in zip(pairs, winners, strict=True)
        if winner and (winner == first) != best
    ]  # fmt: skip
    if opposite:
        seen = min(opposite, key=lambda pair: pair.gain if best else -pair.gain)
        turned = seen.seen_from(seen.winner(scope.alpha))
        sentence = f"{first} is not the {word}. {better_sentence(turned, scope)}"
        return Verdict(sentence, False, OPPOSITE, seen)
    undecided = [seen.second for seen, winner in zip(pairs, winners, strict=True) if not winner]
    if undecided:
        if closest.winner(scope.alpha):
            closest = next(seen for seen in pairs if seen.second == undecided[0])
        sentence = (
            f"{first} is not shown to be the {word}: it is not told apart from "
            f"{listing(undecided)}. {_not_told_apart(case, closest)}"
        )
        return Verdict(sentence, False, UNDECIDED, closest)
    than = "better" if best else "worse"
    sentence = (
        f"{first} is {than} than every other model{scope.where}. Closest is {closest.second}: "
        f"{mean_sentence(closest, scope)}"
    )
    return Verdict(sentence, True, "", closest)


def _not_told_apart(case: ClaimCase, seen: PairEvidence) -> str:
    """Say that two are not told apart, and whether they are shown to be equal."""
    if case.margin is None or seen.identical:
        return undecided_sentence(seen, case.scope)
    if seen.p_equivalence <= case.scope.alpha:
        return equivalent_sentence(seen, case.margin, case.scope)
    return f"{undecided_sentence(seen, case.scope)} {_not_equivalent(seen, case.margin)}"


def _not_equivalent(seen: PairEvidence, margin: float) -> str:
    return (
        f"Equality within {margin:g} is not shown (two one-sided tests, "
        f"{p_text(seen.p_equivalence)}{adjustment_text(seen)})."
    )


def _p_of_amount(case: ClaimCase, seen: PairEvidence) -> float:
    """Return the adjusted p that the first is better by no more than the amount claimed."""
    pair = case.gains[[seen.first, seen.second]].copy()
    pair[seen.second] += case.claim.amount
    shifted = pair_evidence(
        pair, alpha=case.scope.alpha, groups=case.groups, n_resamples=case.n_resamples,
        seed=case.seed,
    )[0]  # fmt: skip
    family = pd.DataFrame([asdict(other) for other in case.evidence])
    place = place_of(case.evidence, seen.first, seen.second, case.slice_name)
    p_values = family["p_raw"].where(family.index != place, shifted.p_raw)
    return float(adjusted_p(family, p_values)[place]) if shifted.gain > 0 else 1.0


def _cannot_decide(case: ClaimCase, seen: PairEvidence) -> bool:
    """Return whether no scores of so few images could have shown a difference."""
    # All units on one side: the smallest p that sign flips can give, adjusted by Holm. Small p of
    # other slices can spare it the rest.
    return (
        2.0 ** (1 - n_units(case.gains.index, case.groups)) * seen.n_comparisons > case.scope.alpha
    )


def _pair(case: ClaimCase, first: str, second: str) -> PairEvidence:
    place = place_of(case.evidence, first, second, case.slice_name)
    return case.evidence[place].seen_from(first)
