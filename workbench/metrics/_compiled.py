"""Loops over pixels and pairs as machine code, by numba.

Transforms have a decorator of their own, since the two rooms do not know each other.
"""

from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function of numbers and arrays when it is first called; keep the result on disk.

    Holds no lock while it runs, so threads can score images side by side.
    """
    result: Callable[P, R] = numba.njit(cache=True, nogil=True)(function)
    return result


def is_compiled() -> bool:
    """Whether machine code of an earlier run lies beside the package; making it takes a while."""
    return any((Path(__file__).parent / "__pycache__").glob("*.nbi"))
