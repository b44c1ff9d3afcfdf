"""Architectures whose settings are planned from the training images."""

from collections.abc import Callable, Mapping
from typing import Any, Final

PLANNERS: Final[Mapping[str, Callable[[Any], Any]]] = {}
"""By architecture: fingerprint to plan."""
