"""Names of losses, without the libraries that compute them."""

from typing import Literal

ClassLoss = Literal[
    "dice_ce", "ce", "dice_focal", "generalized_dice_focal", "tversky", "anti_ambiguity"
]
"""What is made small where classes are learned.

"dice_ce" is Dice + cross-entropy, "ce" cross-entropy alone, "dice_focal" and
"generalized_dice_focal" replace cross-entropy by the focal loss (gamma 2), "tversky" punishes
missed pixels (beta 0.7) more than false ones (alpha 0.3). "anti_ambiguity" is MAUNet's, of three
classes and of the distance where there is one.
"""
