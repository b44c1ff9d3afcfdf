"""Loops over pixels as machine code, by numba.

Metrics have a decorator of their own, since the two rooms do not know each other.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function of numbers and arrays when it is first called; keep the result on disk.

    Holds no lock while it runs, so threads can encode and decode images side by side.
    """
    result: Callable[P, R] = numba.njit(cache=True, nogil=True)(function)
    return result
