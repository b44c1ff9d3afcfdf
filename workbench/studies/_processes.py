"""One function over many values, in processes of their own where there are several cores."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, TypeVar

Value = TypeVar("Value")
Result = TypeVar("Result")

CHUNK: Final = 16
"""Values that a process takes at a time; with no more than this, starting processes costs more
than they save."""


def free_cores() -> int:
    """Return how many cores this process may use: a runner gives each of its jobs a share."""
    share = os.environ.get("OMP_NUM_THREADS", "")
    return min(os.cpu_count() or 1, int(share) if share.isdecimal() and int(share) else 1024)


@contextmanager
def mapped(
    function: Callable[[Value], Result], values: Sequence[Value], *, workers: int | None = None
) -> Iterator[Iterable[Result]]:
    """Apply a function to values, the results in their order as they come.

    Parameters
    ----------
    function
        Can be pickled, as can values and results.
    values
        Small: they travel to the processes.
    workers
        Processes; None takes the cores that are free, 1 works in this process.

    Examples
    --------
    >>> with mapped(abs, [-1, 2], workers=1) as results:
    ...     list(results)
    [1, 2]
    """
    workers = workers or free_cores()
    if workers == 1 or len(values) <= CHUNK:
        yield map(function, values)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # A fork would copy the locks of threads that notebooks and Dask run.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        try:
            yield pool.map(function, values, chunksize=CHUNK)
        finally:
            # After an error nobody waits for the rest.
            pool.shutdown(wait=True, cancel_futures=True)
