"""Loss and F1 of a training that is going on, redrawn as its epochs end."""

import json
import os
from collections.abc import Callable
from typing import Any, Final

import pandas as pd

from workbench.figures import training_curves
from workbench.training import HISTORY_COLUMNS

PLOTLY: Final = "application/vnd.plotly.v1+json"


def live_training_curve(name: str = "training") -> Callable[[pd.DataFrame], None]:
    """Show an empty figure and return what fills it: pass it to a training as ``on_row``.

    In a batch run or a script, where nobody looks on, nothing is shown, and the lines that a
    training prints tell how it goes.

    Parameters
    ----------
    name
        Of the curves, in the legend.

    Returns
    -------
    callable
        Takes the history so far, columns :data:`workbench.training.HISTORY_COLUMNS`, and redraws.

    Examples
    --------
    >>> redraw = live_training_curve("unet-0")
    >>> redraw(pd.DataFrame({"epoch": [1], "train_loss": [0.9]}))  # nothing here: no notebook
    """
    if not _someone_looks_on():
        return lambda _: None
    from IPython.display import display

    def drawn(history: pd.DataFrame) -> dict[str, Any]:
        # The figure itself would be shown anew each time instead of in place of the last.
        return {PLOTLY: json.loads(training_curves({name: history}).to_json())}

    nothing_yet = pd.DataFrame(columns=list(HISTORY_COLUMNS), dtype=float)
    place = display(drawn(nothing_yet), raw=True, display_id=True)  # type: ignore[no-untyped-call]
    return lambda history: place.update(drawn(history), raw=True)


def _someone_looks_on() -> bool:
    """Whether this is the kernel of a notebook that is open in JupyterLab.

    A kernel cannot see its front end, but a Jupyter server tells it which notebook it serves;
    papermill and nbclient, which run notebooks in batch, do not.
    """
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel") and "JPY_SESSION_NAME" in os.environ
