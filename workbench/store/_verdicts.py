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
        nobody can tell.
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
    judgement: Judgement
    note: str = ""
    reviewer: str = ""
    annotation: int = 0
    time: str = field(default_factory=_now)

    def __post_init__(self) -> None:
        """Refuse what no table could hold."""
        if self.judgement not in JUDGEMENTS:
            msg = f"no verdict is called {self.judgement!r}; there are {', '.join(JUDGEMENTS)}."
            raise InputError(msg)
        if self.side not in SIDES:
            msg = f"a cell is of the reference or predicted, got side {self.side!r}."
            raise InputError(msg)


def append_verdict(path: Path, verdict: Verdict) -> None:
    """Add a verdict to the file of a run; earlier ones of the same cell stay, and count no more.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "verdicts.jsonl"
    >>> for judgement in ("ambiguous", "model error"):
    ...     append_verdict(path, Verdict("im1", "reference", 7, "unet-0", judgement))
    >>> read_verdicts(path)["judgement"].tolist(), len(read_verdicts(path, latest=False))
    (['model error'], 2)
    """
    append_lines(path, [asdict(verdict)])


def read_verdicts(path: Path, *, latest: bool = True) -> pd.DataFrame:
    """Return the verdicts of a run.

    Parameters
    ----------
    path
        Need not exist.
    latest
        Whether to return the last verdict of each cell alone. A reference cell is one cell,
        whichever model's result made somebody look at it.

    Returns
    -------
    DataFrame
        Columns image_id, side, cell_id, member, judgement, note, reviewer, annotation, time;
        oldest first, no rows if nobody has judged.
    """
    rows = [row for row in read_lines(path) if set(COLUMNS) <= set(row)]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"cell_id": int, "annotation": int})
    if not latest or table.empty:
        return table
    whose = table["member"].where(table["side"] == "predicted", "")
    keys = ["image_id", "side", "cell_id", "whose", "annotation"]
    kept = table.assign(whose=whose).drop_duplicates(keys, keep="last")
    return kept.drop(columns="whose").reset_index(drop=True)
