"""What people said of the cells of a run, and what it does to the scores."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, cast

import pandas as pd

from workbench.analysis import (
    disputed_change,
    image_groups,
    reviewer_agreement,
    scores_without_disputed,
)
from workbench.report import interval, listed, percent, signed
from workbench.schema import Member
from workbench.store import JUDGEMENTS, Judgement, Verdict, latest_verdicts, read_verdicts
from workbench.studies._corrections import judge_cell
from workbench.studies._review_cells import QUEUE, ReviewCells, review_cells
from workbench.studies._run_pictures import RunPictures, run_pictures
from workbench.studies._view import RunView

OWN_ANNOTATION: Final = 0
"""Scores of a run are against the data set's own annotation, and so are these verdicts."""
KEYS: Final = ["model", "seed", "image_id"]


@dataclass(frozen=True, eq=False)
class ReviewScores:
    """What verdicts come to.

    Attributes
    ----------
    verdicts
        The one that counts of each cell.
    changes
        As :func:`workbench.analysis.disputed_change`, with ``member``.
    agreement
        As :func:`workbench.analysis.reviewer_agreement`.
    touched
        Images with a disputed cell, by member.
    """

    verdicts: pd.DataFrame
    changes: pd.DataFrame
    agreement: pd.DataFrame
    touched: dict[str, tuple[str, ...]]

    @property
    def counts(self) -> dict[str, int]:
        """Judged cells by judgement."""
        found = self.verdicts["judgement"].value_counts()
        return {judgement: int(found.get(judgement, 0)) for judgement in JUDGEMENTS}

    @property
    def agreement_sentences(self) -> list[str]:
        """How far reviewers agree, a sentence for each pair."""
        return [
            f"{row.first} and {row.second} both judged {row.n_cells} cells and said the same of "
            f"{percent(row.agreed)} (Cohen's kappa "
            + (f"{row.kappa:.2f})." if row.kappa == row.kappa else "undefined: one judgement all).")
            for row in self.agreement.itertuples()
        ]


class RunReview:
    """Cells to judge, their pictures, and the verdicts; made by :func:`run_review`.

    Attributes
    ----------
    view
        The run.
    cells
        What to look at.
    pictures
        Images and labels.
    reviewer
        Who judges.
    """

    def __init__(self, view: RunView, cells: ReviewCells, reviewer: str) -> None:
        self.view = view
        self.cells = cells
        self.pictures: RunPictures = run_pictures(view)
        self.reviewer = reviewer

    def verdicts(self) -> pd.DataFrame:
        """Return the last verdict of each cell by each reviewer, as they stand on disk."""
        return latest_verdicts(self._own_annotation(), of_each_reviewer=True)

    def judge(self, row: int, judgement: str, note: str = "") -> None:
        """Note a verdict, or "withdrawn", on all cells of a row of the list.

        Raises
        ------
        InputError
            If there is no such judgement, or it can't be written.
        """
        place = self.cells.table.iloc[row]
        verdicts = [
            Verdict(
                str(place["image_id"]),
                side,
                cell_id,
                member,
                cast("Judgement", judgement),  # Verdict refuses what is none
                note=note,
                reviewer=self.reviewer,
                annotation=OWN_ANNOTATION,
            )
            for side, cell_id, member in place["cells"]
        ]
        judge_cell(self.view, *verdicts)

    def scores(self) -> ReviewScores:
        """Return scores with and without the cells that are disputed now."""
        return _scores_of(self.view, self.verdicts(), self._undisputed)

    def _own_annotation(self) -> pd.DataFrame:
        verdicts = read_verdicts(self.view.run.verdicts_file, latest=False)
        return verdicts[verdicts["annotation"] == OWN_ANNOTATION]

    @cached_property
    def _undisputed(self) -> pd.DataFrame:
        return scores_without_disputed(self.view.cells, no_verdicts())


def run_review(
    view: RunView,
    *,
    member: str | None = None,
    source: str = QUEUE,
    against: str | None = None,
    n_cells: int | None = 30,
    reviewer: str = "",
) -> RunReview:
    """Return cells of a run to be judged, for :func:`workbench.widgets.review_panel`.

    Parameters
    ----------
    view
        A run.
    member, source, against, n_cells
        What to look at, as for :func:`review_cells`.
    reviewer
        Who judges; "" for the login name.

    Raises
    ------
    InputError
        As :func:`review_cells`.
    """
    cells = review_cells(view, member=member, source=source, against=against, n_cells=n_cells)
    return RunReview(view, cells, reviewer.strip() or _login_name())


def review_scores(view: RunView) -> ReviewScores | None:
    """Return scores with and without disputed cells of a run; None where nobody has judged."""
    verdicts = read_verdicts(view.run.verdicts_file, latest=False)
    if latest_verdicts(verdicts).empty:
        return None
    nobody = scores_without_disputed(view.cells, no_verdicts())
    return _scores_of(view, verdicts, nobody)


def disputed_sentences(view: RunView) -> Iterator[str]:
    """Yield what a comparison must know of disputed cells: a sentence, or nothing."""
    found = review_scores(view)
    if found is None:
        return
    counts = found.counts
    n_disputed = counts["annotation error"] + counts["ambiguous"]
    judged = f"{len(found.verdicts):,} cells of this run were judged by eye, {n_disputed:,} of them"
    if not n_disputed:
        yield f"{judged} disputed"
        return
    row = found.changes.loc[found.changes["change"].abs().idxmax()]
    yield (
        f"{judged} disputed (annotation error or ambiguous); they are counted here. Without them, "
        f"mean F1 at IoU 0.5 changes most for {row['member']}: from {row['f1']:.3f} to "
        f"{row['f1_without']:.3f} ({signed(row['change'])} {interval(row['low'], row['high'])}, "
        f"{row['n_images']} images)"
    )


def no_verdicts() -> pd.DataFrame:
    """Return a table of verdicts without rows."""
    return pd.DataFrame(columns=["image_id", "side", "cell_id", "member", "judgement"])


def reviewer_names(verdicts: pd.DataFrame) -> str:
    """Return who judged, for a sentence."""
    names = [name or "somebody unnamed" for name in dict.fromkeys(verdicts["reviewer"])]
    return listed(names)


def _scores_of(view: RunView, verdicts: pd.DataFrame, nobody: pd.DataFrame) -> ReviewScores:
    own = verdicts[verdicts["annotation"] == OWN_ANNOTATION]
    counting = latest_verdicts(own)
    judged = view.cells["image_id"].isin(set(counting["image_id"]))
    per_image = nobody.set_index(KEYS)
    if judged.any():
        # Images that nobody has judged stay as they are; a key must be answered at once.
        again = scores_without_disputed(view.cells[judged], counting).set_index(KEYS)
        per_image.loc[again.index, list(again)] = again
    per_image = per_image.reset_index()
    groups = image_groups(view.scores)
    changes = disputed_change(per_image, groups=groups)
    changes.insert(0, "member", [Member(r.model, int(r.seed)).name for r in changes.itertuples()])
    touched = per_image[per_image["n_disputed"] > 0]
    return ReviewScores(
        counting,
        changes,
        reviewer_agreement(latest_verdicts(own, of_each_reviewer=True)),
        {
            Member(str(model), int(seed)).name: tuple(rows["image_id"])
            for (model, seed), rows in touched.groupby(["model", "seed"])
        },
    )


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""  # a container may run for a user that has no name
