"""Files of JSON lines, only ever appended to: a kill can at worst cut the last one short."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def append_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Add a line for each row; a cut line before them is ended first.

    Parameters
    ----------
    path
        Made if there is none, with its folder.
    rows
        Of values that JSON knows.
    """
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        if file.tell():
            file.seek(-1, 2)
            if file.read(1) != b"\n":
                lines = "\n" + lines
        file.write(lines.encode())


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return the rows in order, without those that are cut short; none if there is no file."""
    if not path.is_file():
        return []
    rows = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue  # a line that a kill cut short
        if isinstance(row, dict):
            rows.append(row)
    return rows
