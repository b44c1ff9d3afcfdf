"""Loss and F1 of a training that is going on, redrawn as its epochs end."""

import os
from collections.abc import Callable

import ipywidgets as widgets
import pandas as pd
import plotly.graph_objects as go

from workbench.figures import training_curves
from workbench.training import HISTORY_COLUMNS


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

    picture = widgets.VBox()

    def redraw(history: pd.DataFrame) -> None:
        before = picture.children
        # A figure widget is built whole and put in place: one changed later stays empty in Voila.
        picture.children = (go.FigureWidget(training_curves({name: history})),)
        for figure in before:
            figure.close()

    redraw(pd.DataFrame(columns=list(HISTORY_COLUMNS), dtype=float))
    display(picture)  # type: ignore[no-untyped-call]
    return redraw


def _someone_looks_on() -> bool:
    """Whether this is the kernel of a notebook that is open in JupyterLab.

    A kernel cannot see its front end, but a Jupyter server tells it which notebook it serves;
    papermill and nbclient, which run notebooks in batch, do not.
    """
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel") and "JPY_SESSION_NAME" in os.environ
