"""Verdicts: what people who looked at a cell say of it. All are kept, the last one counts."""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

import pandas as pd

from workbench.schema import InputError
from workbench.store._json_lines import append_lines, read_lines

Judgement: TypeAlias = Literal["model error", "annotation error", "ambiguous"]
JUDGEMENTS: Final = get_args(Judgement)
WITHDRAWN: Final = "withdrawn"
"""Takes back what the same reviewer said of the cell before."""
SIDES: Final = ("reference", "predicted")
COLUMNS: Final = (
    "image_id", "side", "cell_id", "member", "judgement", "note", "reviewer", "annotation", "time",
)  # fmt: skip


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Verdict:
    """What somebody says of one cell.

    Attributes
    ----------
    image_id, side, cell_id
        Which cell: of the "reference", or "predicted" by a member.
    member
        Whose prediction was looked at ("unet-0").
    judgement
        "model error": the annotation is right. "annotation error": the model is. "ambiguous":
        nobody can tell. "withdrawn": this reviewer takes back what they said of the cell.
    note, reviewer
        In free words.
    annotation
        Version of the annotation that was looked at, 0 for the data set's own.
    time
        In UTC.

    Raises
    ------
    InputError
        If a judgement or side does not exist.
    """

    image_id: str
    side: str
    cell_id: int
    member: str
    judgement: Judgement | Literal["withdrawn"]
    note: str = ""
    reviewer: str = ""
    annotation: int = 0
    time: str = field(default_factory=_now)

    def __post_init__(self) -> None:
        """Refuse what no table could hold."""
        if self.judgement not in (*JUDGEMENTS, WITHDRAWN):
            msg = f"no verdict is called {self.judgement!r}; there are {', '.join(JUDGEMENTS)}."
            raise InputError(msg)
        if self.side not in SIDES:
            msg = f"a cell is of the reference or predicted, got side {self.side!r}."
            raise InputError(msg)


def append_verdict(path: Path, *verdicts: Verdict) -> None:
    """Add verdicts to the file of a run; earlier ones of the same cells stay, and count no more.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "verdicts.jsonl"
    >>> for judgement in ("ambiguous", "model error"):
    ...     append_verdict(path, Verdict("im1", "reference", 7, "unet-0", judgement))
    >>> read_verdicts(path)["judgement"].tolist(), len(read_verdicts(path, latest=False))
    (['model error'], 2)
    >>> append_verdict(path, Verdict("im1", "reference", 7, "unet-0", "withdrawn"))
    >>> read_verdicts(path)["judgement"].tolist()
    []
    """
    append_lines(path, map(asdict, verdicts))


def read_verdicts(path: Path, *, latest: bool = True) -> pd.DataFrame:
    """Return the verdicts of a run.

    Parameters
    ----------
    path
        Need not exist.
    latest
        Whether to return the last verdict of each cell alone, those withdrawn left out. False
        returns every line, as it was written.

    Returns
    -------
    DataFrame
        Columns image_id, side, cell_id, member, judgement, note, reviewer, annotation, time;
        oldest first, no rows if nobody has judged.
    """
    rows = [row for row in read_lines(path) if set(COLUMNS) <= set(row)]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"cell_id": int, "annotation": int})
    return latest_verdicts(table) if latest else table


def latest_verdicts(verdicts: pd.DataFrame, *, of_each_reviewer: bool = False) -> pd.DataFrame:
    """Return what counts of all the verdicts that were ever given.

    Parameters
    ----------
    verdicts
        From :func:`read_verdicts` with ``latest=False``.
    of_each_reviewer
        Whether to return the last verdict of each cell by each reviewer, not by all together.

    Returns
    -------
    DataFrame
        Some of the rows, in their order. A reference cell is one cell, whichever model's result
        made somebody look at it. A withdrawal takes back its own reviewer's verdict: if another
        reviewer has judged the cell, that verdict counts.
    """
    if verdicts.empty:
        return verdicts
    whose = verdicts["member"].where(verdicts["side"] == "predicted", "")
    keys = ["image_id", "side", "cell_id", "whose", "annotation"]
    kept = verdicts.assign(whose=whose).drop_duplicates([*keys, "reviewer"], keep="last")
    kept = kept[kept["judgement"] != WITHDRAWN]
    if not of_each_reviewer:
        kept = kept.drop_duplicates(keys, keep="last")
    return kept.drop(columns="whose").reset_index(drop=True)
