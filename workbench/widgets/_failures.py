"""Images of a run from worst to best, one model at a time."""

from collections.abc import Callable

import ipywidgets as widgets
import pandas as pd
import plotly.graph_objects as go

from workbench.figures import overlay_figure
from workbench.schema import Overlay
from workbench.studies import RunView, find_member, images_worst_first, load_overlay


def failure_browser(
    view: RunView, *, on_show: Callable[[Overlay], None] = lambda _: None
) -> widgets.VBox:
    """Choose a model and slide through its images, the worst first.

    Parameters
    ----------
    view
        A run with scores.
    on_show
        Called with what is on screen, each time it changes.

    Returns
    -------
    VBox
        A dropdown, a slider, a line of scores and the overlay. It starts with the best model's
        worst image.
    """
    names = [member.name for member in view.members]
    model = widgets.Dropdown(
        options=names, value=find_member(view).name, description="Model", layout={"width": "280px"}
    )
    place = widgets.IntSlider(
        min=1, max=1, description="Image", continuous_update=False, layout={"width": "480px"}
    )
    about = widgets.HTML()
    picture = widgets.VBox()

    def ranked() -> pd.DataFrame:
        return images_worst_first(view, find_member(view, model.value))

    def show(_: object = None) -> None:
        images = ranked()
        row = images.iloc[place.value - 1]
        overlay = load_overlay(view, find_member(view, model.value), str(row["image_id"]))
        about.value = describe_image(row, place.value, len(images))
        # A figure widget is built whole and put in place: one changed later stays empty in Voila.
        picture.children = (go.FigureWidget(overlay_figure(overlay)),)
        on_show(overlay)

    def choose_model(_: object = None) -> None:
        place.max = len(ranked())
        if place.value == 1:
            show()
        else:
            place.value = 1  # which shows it

    model.observe(choose_model, names="value")
    place.observe(show, names="value")
    choose_model()
    return widgets.VBox([widgets.HBox([model, place]), about, picture])


def describe_image(row: pd.Series, place: int, n_images: int) -> str:
    """Return the line above the overlay."""
    score = "undefined (no cells at all)" if pd.isna(row["value"]) else f"{row['value']:.3f}"
    return (
        f"<b>{row['image_id']}</b>, {place} of {n_images} from worst to best: F1 {score}, "
        f"{row['tp']} matched, {row['fn']} missed, {row['fp']} spurious; "
        f"{row['n_predicted']} cells predicted, {row['n_reference']} in the reference"
    )
