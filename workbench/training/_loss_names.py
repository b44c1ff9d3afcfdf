"""Names of the losses, without torch."""

from typing import Literal

ClassLoss = Literal["dice_ce"]
"""Losses of classes of pixels."""
