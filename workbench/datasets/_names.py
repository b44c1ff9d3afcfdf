"""Names of files and folders in messages."""

from difflib import get_close_matches
from pathlib import Path


def some(names: list[str], limit: int = 3) -> str:
    """Return the first few names and how many there are besides."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def suggest_folder(folder: Path) -> str:
    """Return "; did you mean ...?" for the nearest name beside a missing folder."""
    parent = folder.parent
    while not parent.is_dir():
        folder, parent = parent, parent.parent
    beside = [path.name for path in parent.iterdir() if path.is_dir()]
    close = get_close_matches(folder.name, beside, n=1)
    if close:
        return f"; did you mean {parent / close[0]}?"
    return f"; {parent} holds {some(sorted(beside)) if beside else 'no folders'}."
