"""Progress of a loop as a few lines of text."""

from collections.abc import Callable


class Milestones:
    """Tells about ten times how far a loop has come.

    Examples
    --------
    >>> milestones = Milestones(2, "images", print)
    >>> milestones.step()
    1 of 2 images
    >>> milestones.step()
    2 of 2 images
    """

    def __init__(self, total: int, what: str, tell: Callable[[str], None]) -> None:
        self.total = total
        self.what = what
        self.tell = tell
        self.done = 0

    def step(self) -> None:
        """Count one more; tell if that passes another tenth."""
        before, self.done = self.done, self.done + 1
        if self.done * 10 // self.total > before * 10 // self.total:
            self.tell(f"{self.done} of {self.total} {self.what}")
